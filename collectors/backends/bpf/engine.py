"""The engine's hands: load the programs, adopt the target, drain what the kernel saw, close the account.

Everything here blocks for some milliseconds; backend.py calls it from a worker thread.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct

from perfdoctor.collectors.backends.bpf import decode
from perfdoctor.collectors.backends.bpf.call_classes import NUMBERS, class_of
from perfdoctor.collectors.backends.bpf.code_maps import CodeMaps
from perfdoctor.collectors.backends.bpf.libbpf import Object, online_cpus, possible_cpus
from perfdoctor.collectors.backends.bpf.lives import Lives
from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.backends.bpf.programs import Programs, open_programs
from perfdoctor.collectors.backends.bpf.sleepers import Sleeper, look
from perfdoctor.collectors.backends.bpf.stacks import Stacks
from perfdoctor.collectors.backends.bpf.unwinding import MAPPING, MAPPINGS, ROW_BYTES, UnwindTables
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.python_layout import LAYOUT_BYTES, Layout
from perfdoctor.collectors.syscall_names import name_of
from perfdoctor.collectors.text import quoted
from perfdoctor.schemas.target import Target

OBJECT = Path(__file__).with_name("watch.bpf.o")
_ALWAYS = {"switches", "wakes_up", "forks", "executes", "exits"}
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
        self.lives = Lives(host, target, launched=wanted.launch is not None)
        self.stacks = Stacks(host, mixed=wanted.mixed)
        self.paths: dict[int, str] = {}
        self.was_open: dict[tuple[int, int], str] = {}
        self.sleepers: dict[int, Sleeper] = {}
        self.threads: list[decode.ThreadRecord] = []
        self.began_ns = self.ended_ns = 0
        self.warnings: list[str] = []
        self.by_call: dict[int, int] = {}
        """how often each system call had ended when the pace was last read"""

    # -- the window ------------------------------------------------------------------------------------------------

    def start(self, pids: list[int]) -> None:
        """Load, attach, adopt every thread of ``pids``. OSError with libbpf's or the verifier's words."""
        part = self._wanted.part
        made = self._object = self.stacks.loaded = open_programs(self.host, part.file if part else OBJECT)
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
        made.load(self.lives.with_starts(pids))
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
                self._introduce(pid)
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
            self.sleepers = look(self.host, self.lives.names)

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
        if self.lives.target_ended:
            return "the target ended"
        if self._wanted.until and (why := self._wanted.until()):
            return why
        return (self._wanted.part and self._wanted.part.enough) or None

    def drain(self) -> None:
        """Take what waits in the ring buffer; name new stacks while the memory that explains them is still there."""
        if self._object is None:
            return
        self._object.consume()
        self.lives.look_for_living()
        self._follow_code()
        self._adopt_strangers()
        changed = [names for names in self.lives.known() if names.look_again()]
        for names in changed:
            self._tell(names)
        if changed:
            self._share(changed=True)

    def tick(self) -> None:
        """The question's own regular work. May run in another thread beside ``drain``, which must not wait for it."""
        if self._wanted.part:
            self._wanted.part.tick(self)

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
        for names in self.lives.known():
            names.look_at_all()
        self.stacks.doubt()
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
            self._object = self.stacks.loaded = None
        self.lives.close()

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
        frames = self.stacks.named_already(top_stack)
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

    # -- inside --------------------------------------------------------------------------------------------------------

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

    def _introduce(self, pid: int) -> None:
        """Tell the kernel how this process keeps its frames. What cannot be told is a warning, not an error."""
        names = self.lives.introduce(pid)
        why = self.lives.why_no_lines(names)
        if why and why not in self.warnings:
            self.warnings.append(why)
        self._tell(names)

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
            names = self.lives.names.get(code.pid)
            # (A program's own code is mapped before we hear that it is executed: it does not replace the one before.)
            if names is not None and not names.executed < executed <= code.at:
                names.code_was_mapped(code.at, code.low, code.high, code.offset, code.inode)

    def _adopt_strangers(self) -> None:
        changed = False
        for pid in self.lives.strangers():
            self._introduce(pid)
            changed = True
            if self._wanted.part and self._object:
                self._wanted.part.introduce(self, self._object, pid)
        if changed:
            self._share(changed=True)

    def _hear(self, data: bytes) -> None:
        kind = data[0]
        if kind == decode.RECORD_STACK:
            stack = decode.stack(data)
            self.stacks.hear(stack, self.lives.names.get(stack.pid))
        elif kind == decode.RECORD_PATH:
            known = decode.path(data)
            self.paths[known.hash] = known.path
        elif kind == decode.RECORD_THREAD:
            self.threads.append(decode.thread(data))
        elif kind >= decode.RECORD_PART:
            if self._wanted.part:
                self._wanted.part.hear(data)
        else:
            life = decode.life(data)
            if self.lives.is_launch(life):
                self.began_ns = life.at
            self.lives.hear(life)


def _left_out(pids: Sequence[int]) -> str:
    which = ", ".join(map(str, pids[:8])) + (", …" if len(pids) > 8 else "")
    return f"not measured, for they are not the target's user's alone: process{'es' * (len(pids) > 1)} {which}"
