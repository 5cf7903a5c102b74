"""The engine's hands: load the programs, adopt the target, drain what the kernel saw, close the account.

Everything here blocks for some milliseconds; backend.py calls it from a worker thread.
"""

import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct

from perfdoctor.collectors.backends.bpf import decode
from perfdoctor.collectors.backends.bpf.call_classes import NUMBERS, class_of
from perfdoctor.collectors.backends.bpf.code_maps import CodeMaps
from perfdoctor.collectors.backends.bpf.libbpf import Object, online_cpus, possible_cpus
from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.collectors.backends.bpf.programs import Programs, open_programs
from perfdoctor.collectors.backends.bpf.sleepers import Sleeper, look
from perfdoctor.collectors.backends.bpf.unwinding import MAPPING, MAPPINGS, ROW_BYTES, UnwindTables
from perfdoctor.collectors.backends.proc import stat
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes import own_lines
from perfdoctor.collectors.runtimes.kernel_names import KernelNames
from perfdoctor.collectors.runtimes.python import UNNAMED
from perfdoctor.collectors.runtimes.python_layout import LAYOUT_BYTES, Layout
from perfdoctor.collectors.runtimes.which import runtime_of
from perfdoctor.collectors.syscall_names import name_of
from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.syscalls import SyscallRow
from perfdoctor.schemas.target import Target

OBJECT = Path(__file__).with_name("watch.bpf.o")
_ALWAYS = {"switches", "wakes_up", "forks", "executes", "exits"}
_ADOPT_AFTER_NS = (20_000_000, 60_000_000, 200_000_000, 1_000_000_000)
"""A program that was just executed is looked at when it has lived this long: before, its interpreter is not set up, and
short-lived children (a compiler, ``true``) are not worth stacks of their own. Again later, while no interpreter is
found."""

_ADOPT_LAUNCHED_AFTER_NS = (0, 5_000_000, 15_000_000, *_ADOPT_AFTER_NS[1:])
"""A program that was launched to be measured is followed from its first instruction on."""

_MAPS_UNTOLD = (
    "the kernel did not tell of all code that was mapped: what was there for less than 0.2 s may be named after what"
    " took its place"
)
Row = tuple[tuple[int, ...], tuple[int, ...]]
"""A table's row: its key and its value, unpacked."""
_FEW_NATIVE_FRAMES = 24
"""that are kept of a stack, where nothing hangs on its outer end"""
_MOST_OPEN_FILES = 4096
"""descriptors of files that are named when the window begins; one costs some ten microseconds"""
_NAMING_SECONDS = 0.01
"""How long one ``name_compiled`` goes on, ten times a second: the target may want this core. What is left is named when
the window has closed."""
_LIVING_SECONDS = 0.5
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class FirstLook:
    """After ``at`` seconds ``judge`` sees the waits for locks so far, and says whether the window is to end there, so
    that what is left of the time goes to a closer look: then ``ended`` is set."""

    at: float
    judge: Callable[[tuple[SyscallRow, ...], float], bool]
    ended: bool = False


_INTERPRETER_LOOP = ("_PyEval_EvalFrameDefault", "_TAIL_CALL_")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events to follow. ``hz`` 0: no CPU samples. ``stacks`` False: counts only. ``part``: a question's own.
    ``mixed``: CPU samples of Python processes carry their native frames too, to the beginning of the thread.
    ``launch``: the target is a process that is about to execute its program, and does when this is called; it is
    measured from there on. ``until`` says why the window is to end early, None while it goes on."""

    calls: bool = True
    hz: int = 0
    faults: bool = False
    stacks: bool = True
    part: Part | None = None
    mixed: bool = False
    look: FirstLook | None = None
    launch: Callable[[], Awaitable[None]] | None = None
    until: Callable[[], str | None] | None = None


@dataclass(slots=True)
class ChildLife:
    began: int
    program: str = ""
    ended: int | None = None


@dataclass(slots=True)
class Seen:
    """What the kernel's tables hold when the window has closed, still in the kernel's terms."""

    calls: list[Row] = field(default_factory=list)
    points: list[Row] = field(default_factory=list)
    errors: list[tuple[tuple[int, ...], int]] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)


class Engine:
    """One window over one target. ``start``, ``drain`` every 50 to 100 ms, ``finish``, and always ``close``."""

    def __init__(self, host: Host, target: Target, wanted: Wanted) -> None:
        self.host, self._target, self._wanted = host, target, wanted
        self._object: Programs | None = None
        self._generation = 1
        self._unwinding: UnwindTables | None = None
        self._code_maps: CodeMaps | None = None
        self._layouts: dict[Layout, int] = {}
        self._kernel = KernelNames(host)
        self._kernel_stacks: dict[int, tuple[Frame, ...]] = {}
        self._strangers: dict[int, tuple[int, int]] = {}
        self._executed: dict[int, int] = {}
        """by process: when it became the program that it is now, of those that did so in the window"""
        self.names: dict[int, ProcessNames] = {}
        self.stacks: dict[int, decode.StackRecord] = {}
        self.frames: dict[int, Stack] = {}
        self.native: dict[int, Stack] = {}
        self._mixed: dict[int, tuple[Stack, bool]] = {}
        self.paths: dict[int, str] = {}
        self.was_open: dict[tuple[int, int], str] = {}
        self.sleepers: dict[int, Sleeper] = {}
        self.threads: list[decode.ThreadRecord] = []
        self.children: dict[int, ChildLife] = {}
        self.began_ns = self.ended_ns = 0
        self.target_ended = False
        self._living = set(target.pids)
        self._looked_for_living = 0.0
        self.warnings: list[str] = []
        self.by_call: dict[int, int] = {}
        """how often each system call had ended when the pace was last read"""
        self.unresolved = 0
        self._compiled: list[int] = []
        """stacks of processes that write down what they compile, still without names"""
        self._replaced: list[ProcessNames] = []
        self._namers: dict[int, ProcessNames] = {}
        """by stack: the names of the program that ran it; another may have taken its place in the process since"""

    # -- the window ------------------------------------------------------------------------------------------------

    def start(self, pids: list[int]) -> None:
        """Load, attach, adopt every thread of ``pids``. OSError with libbpf's or the verifier's words."""
        part = self._wanted.part
        made = self._object = open_programs(self.host, part.file if part else OBJECT)
        programs = set(_ALWAYS)
        programs |= {"call_begins", "call_ends"} if self._wanted.calls else set()
        programs |= {"sample"} if self._wanted.hz else set()
        programs |= {"faults"} if self._wanted.faults else set()
        own = {*part.programs, *part.unattached} if part else set()
        made.keep_only({*programs, *own, "begin", "finish"})
        own_namespace = Path("/proc/self/ns/pid").stat().st_ino
        mixed = self._wanted.mixed
        kept = decode.NATIVE_FRAMES if mixed else _FEW_NATIVE_FRAMES
        settings = (
            own_namespace,
            int(self._target.children),
            int(self._wanted.stacks),
            kept,
            int(mixed),
            int(bool(self._wanted.launch)),
            0,
            0,
        )
        decode.SETTINGS.pack_into(made.initial_section(".rodata"), 0, *settings)
        if part:
            part.configure(made)
        made.load(self._with_starts(pids))
        left_out = getattr(made, "left_out", ())
        if left_out:
            self.warnings.append(_left_out(left_out))
        self._maps = {
            name: made.map(name, key, value)
            for name, key, value in (
                ("processes", 4, decode.PROCESS.size),
                ("layouts", 4, LAYOUT_BYTES),
                ("classes", 4, 1),
                ("calls", decode.CALL_KEY.size, decode.CALL_VALUE.size),
                ("points", decode.POINT_KEY.size, decode.POINT_VALUE.size),
                ("errors", decode.ERROR_KEY.size, 8),
                ("counters", 4, 8),
                ("descriptors", decode.FD_KEY.size, 8),
                ("spaces", 4, MAPPING.size * MAPPINGS),
                ("unwind_rows", 4, ROW_BYTES),
            )
        }
        if self._wanted.stacks:
            try:
                self._code_maps = CodeMaps(online_cpus())
            except OSError as error:
                self.warnings.append(f"{_MAPS_UNTOLD} ({error.strerror})")
            self._unwinding = UnwindTables(self._maps["spaces"], self._maps["unwind_rows"], always=mixed)
        made.listen(self._hear)
        for number in range(NUMBERS):
            if value := class_of(number):
                self._maps["classes"].put(number.to_bytes(4, "little"), bytes([value]))
        for pid in pids:
            if not self._wanted.launch:
                self._introduce(pid, None)
        # All programs are loaded by now. Ends are attached before beginnings: a call that was seen to begin is
        # then always seen to end.
        order = ("forks", "executes", "exits", "wakes_up", "switches", "faults", "call_ends", "call_begins")
        if part:
            part.start(self, made)
        attached = [*(n for n in order if n in programs), *(part.programs if part else ())]
        made.attach_all(attached, hz=self._wanted.hz)
        self.began_ns = time.monotonic_ns()
        self._share(window_start=self.began_ns)
        if self._wanted.launch:
            return  # who it is, is looked at once it is the program
        made.run_iterator("begin")
        if self._wanted.calls and self._wanted.stacks:
            self._name_open_files(pids)
            self.sleepers = look(self.host, self.names)

    @property
    def news(self) -> int:
        """A descriptor that is readable while new stacks wait to be named."""
        assert self._object is not None
        return self._object.ring_fd

    @property
    def cpus(self) -> int:
        """How many values a per-CPU map has for one key."""
        return possible_cpus()

    @property
    def over(self) -> str | None:
        """Why the window ends before its time; None while it goes on."""
        if self.target_ended:
            return "the target ended"
        if self._wanted.until and (why := self._wanted.until()):
            return why
        return (self._wanted.part and self._wanted.part.enough) or None

    def drain(self) -> None:
        """Take what waits in the ring buffer; name new stacks while the memory that explains them is still there."""
        if self._object is None:
            return
        self._object.consume()
        self._look_for_living()
        self._follow_code()
        self._adopt_strangers()
        changed = [
            names for pid, names in list(self.names.items()) if pid not in self._strangers and names.look_again()
        ]
        for names in changed:
            self._tell(names)
        if changed:
            self._share(changed=True)

    def tick(self) -> None:
        """The question's own regular work. May run in another thread beside ``drain``, which must not wait for it."""
        if self._wanted.part:
            self._wanted.part.tick(self)

    def name_compiled(self) -> None:
        """Name code that was compiled while it ran, as long as its process is there to ask. May run in a second thread
        beside ``drain``, which must not wait for it. (What lies in files keeps until the window has closed: symbol
        tables take time, and the target may want this core.)"""
        until = time.monotonic() + _NAMING_SECONDS
        while self._compiled and time.monotonic() < until:
            self.native_of(self._compiled.pop())

    def finish(self) -> Seen:
        """Close the window, detach, and read the tables."""
        made = self._object
        assert made is not None
        self._share(stopped=1)
        self.ended_ns = time.monotonic_ns()
        made.run_iterator("finish")
        made.detach()
        made.consume()
        self._follow_code()
        if self._code_maps and self._code_maps.lost:
            self.warnings.append(_MAPS_UNTOLD)
        if self._unwinding and self._unwinding.left_out:
            self.warnings.append(
                f"the unwind tables of {self._unwinding.left_out} files found no room: callers of their functions are"
                " found by frame pointers, or not at all"
            )
        seen = Seen()
        seen.calls = self._rows("calls", decode.CALL_KEY, decode.CALL_VALUE)
        seen.points = self._rows("points", decode.POINT_KEY, decode.POINT_VALUE)
        for key, value in self._maps["errors"].items():
            seen.errors.append((decode.ERROR_KEY.unpack(key), int.from_bytes(value, "little")))
        seen.counters = self.counters()
        # A wake-up that interrupts another is no loss: it only moves time from waiting for a core to being blocked.
        counted = ("call_begins", "call_ends", "switches", "faults", "sample")
        seen.counters["lost_events"] += sum(made.missed(name) for name in counted)
        for pid, namer in self.names.items():
            if pid not in self._strangers:
                namer.look_at_all()
        for which, frames in self.frames.items():
            record = self.stacks[which]
            self.frames[which] = self._namers[which].doubted(record, frames)
        for which, namer in self._namers.items():
            if namer.lies_in_replaced(self.stacks[which]):
                self.native[which] = namer.native(self.stacks[which])
        if self._wanted.part:
            self._wanted.part.finish(self, seen)
        return seen

    def close(self) -> None:
        """Detach and free. Idempotent; the target keeps nothing."""
        if self._unwinding is not None:
            self._unwinding.close()
        if self._code_maps is not None:
            self._code_maps.close()
        if self._object is not None:
            self._object.close()
            self._object = None
        for names in [*self.names.values(), *self._replaced]:
            names.close()

    def program(self, name: str) -> int:
        """libbpf's handle of a loaded program, for those who measure us."""
        assert isinstance(self._object, Object)
        return self._object.program(name)

    # -- what is being seen --------------------------------------------------------------------------------------------

    def counters(self) -> dict[str, int]:
        cpus = possible_cpus()
        totals = {}
        for i, name in enumerate(decode.COUNTERS):
            raw = self._maps["counters"].get(i.to_bytes(4, "little"), 8 * cpus) or b""
            totals[name] = sum(int.from_bytes(raw[j : j + 8], "little") for j in range(0, len(raw), 8))
        return totals

    def so_far(self) -> str:
        """One line: what the tables hold now."""
        if self._object is None:
            return ""
        if self._wanted.part and (told := self._wanted.part.so_far()):
            return told
        if self._wanted.calls:
            by_call = self.by_call
            total = sum(by_call.values())
            top = max(by_call, key=lambda call: by_call[call], default=0)
            return f"{total:,} system calls, most {name_of(top)} ({by_call[top]:,})" if total else "no system calls yet"
        samples = dict[int, int]()
        for (stack, _, kind, _, _), value in self._rows("points", decode.POINT_KEY, decode.POINT_VALUE):
            if kind == decode.POINT_CPU:
                samples[stack] = samples.get(stack, 0) + value[0]
        top_stack = max(samples, key=lambda s: samples[s], default=0)
        # (naming takes time that ``drain`` does not have)
        frames = self.frames.get(top_stack) or self.native.get(top_stack)
        where = f", most in {quoted(frames[0].function, 80)}" if frames else ""
        return f"{sum(samples.values()):,} CPU samples{where}"

    def calls_so_far(self) -> list[Row]:
        """The rows of system calls as they are now."""
        return self._rows("calls", decode.CALL_KEY, decode.CALL_VALUE) if self._object else []

    def calls_in_short(self, beginning: Struct) -> Iterator[Row]:
        """The same, of each value only what ``beginning`` reads: a fifth of the time."""
        if self._object and self._wanted.calls:
            for key, value in self._maps["calls"].items():
                yield decode.CALL_KEY.unpack(key), beginning.unpack_from(value)

    def requests_so_far(self) -> int:
        """How many requests the target's peers have begun to ask of it; 0 where the question's part does not know."""
        return self._wanted.part.requests_so_far() if self._wanted.part else 0

    # -- naming --------------------------------------------------------------------------------------------------------

    def stack_of(self, key: int) -> Stack:
        """The language's frames of a stack (native ones where there is no other language), innermost first."""
        return self.frames.get(key) or self.native_of(key)

    def native_of(self, key: int) -> Stack:
        """The native frames of a stack, innermost first; of a Python one those that its innermost line called."""
        known = self.native.get(key)
        if known is None:
            record = self.stacks.get(key)
            names = self._namers.get(key)
            known = names.native(record) if record and names else ()
            if record and record.python and not self._wanted.mixed:
                known = _below_python(known)
            self.native[key] = known
        return known

    def mixed_of(self, key: int) -> tuple[Stack, bool]:
        """The Python frames of a stack with the native ones between them, and whether their places are known."""
        known = self._mixed.get(key)
        if known is None:
            known = self._mixed[key] = self._namers[key].mixed(self.stacks[key], self.frames[key])
        return known

    def kernel_stack(self, key: int) -> tuple[Frame, ...]:
        """The kernel frames of a stack id, innermost first; empty for -1."""
        known = self._kernel_stacks.get(key)
        if known is None:
            told = self._object.kernel_stack(key) if key >= 0 and self._object else []
            known = self._kernel_stacks[key] = tuple(
                Frame(kind=FrameKind.KERNEL, function=clean(at, 128)) if isinstance(at, str) else self._kernel.frame(at)
                for at in told
            )
        return known

    # -- inside --------------------------------------------------------------------------------------------------------

    def _with_starts(self, pids: list[int]) -> list[tuple[int, int]]:
        """Each process with its start in clock ticks: of the target itself, as it was when it was found."""
        known = {self._target.pid: self._target.start_time}
        for pid in pids:
            with contextlib.suppress(OSError):
                known.setdefault(pid, stat.read(self.host, pid).started)
        return [(pid, round(known[pid] * _TICKS)) for pid in pids if pid in known]

    def _rows(self, name: str, key: Struct, value: Struct) -> list[Row]:
        return [(key.unpack(k), value.unpack(v)) for k, v in self._maps[name].items()]

    def _share(
        self,
        *,
        window_start: int | None = None,
        stopped: int | None = None,
        files_opened: int | None = None,
        changed: bool = False,
    ) -> None:
        made = self._object
        assert made is not None
        if changed:
            self._generation += 1
            made.poke(".data", 0, self._generation.to_bytes(4, "little"))
        if stopped is not None:
            made.poke(".data", 4, stopped.to_bytes(4, "little"))
        if files_opened is not None:
            made.poke(".data", 8, files_opened.to_bytes(4, "little"))
        if window_start is not None:
            made.poke(".data", 16, window_start.to_bytes(8, "little"))

    def _introduce(self, pid: int, parent: ProcessNames | None) -> ProcessNames:
        """Tell the kernel how this process keeps its frames. What cannot be told is a warning, not an error."""
        if pid in self.names:
            self._replaced.append(self.names[pid])
        names = self.names[pid] = ProcessNames(self.host, pid, parent, executed=self._executed.get(pid, 0))
        names.find_interpreter()
        why = names.why_no_frames
        if not why and names.interpreter is None and pid not in self._target.pids:  # (of those the ladder says it)
            runtime = runtime_of(self.host, pid)
            why = own_lines.statement(runtime, mapped=own_lines.has_map(self.host, pid, runtime))
        if why and why not in self.warnings:
            self.warnings.append(why)
        self._tell(names)
        return names

    def _tell(self, names: ProcessNames) -> None:
        interpreter, index = names.interpreter, 0
        if interpreter:
            index = self._layouts.setdefault(interpreter.layout, len(self._layouts) + 1)
            self._maps["layouts"].put(index.to_bytes(4, "little"), interpreter.layout.packed())
        low, high = names.program_text()
        runtime = interpreter.runtime if interpreter else 0
        # (Calls of Python code are placed by its own frames alone; samples also say what was called below its line.)
        native = bool(self._wanted.hz) or not interpreter
        space = self._unwinding.add(names.code()) if self._unwinding and native else 0
        known = decode.PROCESS.pack(runtime, low, high, index, space, names.executed)
        self._maps["processes"].put(names.pid.to_bytes(4, "little"), known)

    def _name_open_files(self, pids: list[int]) -> None:
        """Tell the kernel which files are open already: a descriptor may be closed before we could ask what it was."""
        known, room = dict[str, int](), _MOST_OPEN_FILES
        for pid in pids:
            folder = f"/proc/{pid}/fd"
            with contextlib.suppress(OSError):
                for fd in self.host.list_folder(folder):
                    with contextlib.suppress(OSError):
                        path = self.host.read_link(f"{folder}/{fd}")
                        if (room := room - 1) < 0:
                            return
                        self.was_open[pid, int(fd)] = path
                        if not path.startswith("/"):
                            continue
                        thing = known.setdefault(path, decode.IS_PATH | len(known) << 1 | 1)
                        self.paths[thing] = path
                        key = decode.FD_KEY.pack(pid, int(fd))
                        self._maps["descriptors"].put(key, thing.to_bytes(8, "little"))
        if known:
            self._share(files_opened=1)

    def _follow_code(self) -> None:
        """Which code was mapped: other code may have lain there."""
        for code, executed in self._code_maps.read() if self._code_maps else ():
            names = self.names.get(code.pid)
            # (A program's own code is mapped before we hear that it is executed: it does not replace the one before.)
            if names is not None and not names.executed < executed <= code.at:
                names.code_was_mapped(code.at, code.low, code.high, code.offset, code.inode)

    def _adopt_strangers(self) -> None:
        now = time.monotonic_ns()
        changed = False
        for pid, (since, looks) in list(self._strangers.items()):
            after = _ADOPT_LAUNCHED_AFTER_NS if self._is_launched(pid) else _ADOPT_AFTER_NS
            if now - since < after[looks]:
                continue
            names = self._introduce(pid, None)
            changed = True
            if self._wanted.part and self._object:
                self._wanted.part.introduce(self, self._object, pid)
            if names.interpreter is None and looks + 1 < len(after):
                self._strangers[pid] = (since, looks + 1)
            else:
                del self._strangers[pid]
        if changed:
            self._share(changed=True)

    def _is_launched(self, pid: int) -> bool:
        return self._wanted.launch is not None and pid in self._target.pids

    def _hear(self, data: bytes) -> None:
        kind = data[0]
        if kind == decode.RECORD_STACK:
            self._hear_stack(decode.stack(data))
        elif kind == decode.RECORD_PATH:
            known = decode.path(data)
            self.paths[known.hash] = known.path
        elif kind == decode.RECORD_THREAD:
            self.threads.append(decode.thread(data))
        elif kind >= decode.RECORD_PART:
            if self._wanted.part:
                self._wanted.part.hear(data)
        else:
            self._hear_life(decode.life(data))

    def _hear_stack(self, record: decode.StackRecord) -> None:
        if record.hash in self.stacks:
            return
        self.stacks[record.hash] = record
        names = self.names.get(record.pid)
        if names is not None:
            self._namers[record.hash] = names
            if record.native and names.has_perf_map():
                self._compiled.append(record.hash)
        if names is None or not record.python:
            return
        frames = names.python(record)
        if UNNAMED in frames:
            self.unresolved += 1
        if any(frame is not UNNAMED for frame in frames):
            self.frames[record.hash] = frames

    def _hear_life(self, record: decode.LifeRecord) -> None:
        if record.kind == decode.RECORD_FORK:
            self.children[record.pid] = ChildLife(record.at)
            parent = self.names.get(record.parent)
            if executed := self._executed.get(record.parent):
                self._executed[record.pid] = executed
            self.names[record.pid] = ProcessNames(
                self.host, record.pid, parent, executed=parent.executed if parent else 0
            )
        elif record.kind == decode.RECORD_EXEC:
            if record.pid in self.children:
                self.children[record.pid].program = record.program
            if self._is_launched(record.pid) and record.pid not in self._executed:
                self.began_ns = record.at
            self._strangers[record.pid] = (record.at, 0)
            self._executed[record.pid] = record.at
            if (names := self.names.get(record.pid)) is not None:
                names.is_gone()
        elif record.kind == decode.RECORD_EXIT:
            self._strangers.pop(record.pid, None)
            if record.pid in self.children:
                self.children[record.pid].ended = record.at
            self._has_ended(record.pid)

    def _look_for_living(self) -> None:
        """A full buffer may have lost the record of an end; then the window would go on without a target."""
        now = time.monotonic()
        if now - self._looked_for_living >= _LIVING_SECONDS:
            self._looked_for_living = now
            for pid in [pid for pid in self._living if _has_ended(self.host, pid)]:
                self._has_ended(pid)

    def _has_ended(self, pid: int) -> None:
        self._living.discard(pid)
        self.target_ended = not self._living


def _left_out(pids: Sequence[int]) -> str:
    which = ", ".join(map(str, pids[:8])) + (", …" if len(pids) > 8 else "")
    return f"not measured, for they are not the target's user's alone: process{'es' * (len(pids) > 1)} {which}"


def _has_ended(host: Host, pid: int) -> bool:
    try:
        return stat.read(host, pid).ended
    except OSError:
        return True


def _below_python(native: Stack) -> Stack:
    """Up to the interpreter's loop, which ran the innermost Python line: beyond it are that line's callers."""
    loops = (i for i, frame in enumerate(native, 1) if frame.function.startswith(_INTERPRETER_LOOP))
    return native[: next(loops, len(native))]
