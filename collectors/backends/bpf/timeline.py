"""timeline.h's other half: system calls with their times, for a profiler that samples on the same clock."""

import struct
from collections.abc import Callable, Sequence

from perfdoctor.collectors.backends.bpf import decode, report
from perfdoctor.collectors.backends.bpf.call_classes import NUMBERS
from perfdoctor.collectors.backends.bpf.engine import Engine, Seen
from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.collectors.backends.bpf.programs import Programs, Table
from perfdoctor.collectors.syscall_names import name_of
from perfdoctor.collectors.timeline import Event

RECORD_EVENT = decode.RECORD_PART + 2
EVENT = struct.Struct("<II4QIi")
SETTINGS = struct.Struct("<Ii8I")
SLICE = struct.Struct("<3Q")
QUIET = 8
CPU_SAMPLE = -2
"""the call of an event that is a CPU sample"""
_SLICES_PER_SECOND = 100
MOST_PER_SECOND = 20_000
"""events that one core sends in a second; evenly, so that the sample is one of the whole window"""
_MOST = 1_000_000
"""events that are kept"""


class TimelinePart(Part):
    """The engine's usual window, and ``events``: every system call with its times, or as many as ``most`` allows;
    ``samples``: its CPU samples with theirs.

    ``quiet`` are threads that a profiler of ours started in the target: they are left out of everything.
    ``interrupted``: that profiler samples by signals; what those add to the calls is left out too."""

    source = "timeline"

    def __init__(
        self, *, quiet: Sequence[int] = (), interrupted: bool = False, most_per_second: int = MOST_PER_SECOND
    ) -> None:
        self._quiet, self._interrupted, self._most = tuple(quiet)[:QUIET], interrupted, most_per_second
        self._slices: Table | None = None
        self._raw: list[tuple[int, ...]] = []
        self.events: list[Event] = []
        self.samples: list[Event] = []
        """the engine's own CPU samples; their key is (native stack, kernel stack)"""
        self.unsent = 0
        """events that happened and are not among ``events``"""
        self.began_ns = self.ended_ns = 0

    def configure(self, made: Programs) -> None:
        most = max(1, self._most // _SLICES_PER_SECOND)
        signal_return = _number("rt_sigreturn") if self._interrupted else -1
        quiet = (*self._quiet, *([0] * (QUIET - len(self._quiet))))
        SETTINGS.pack_into(made.initial_section(".rodata.timeline"), 0, most, signal_return, *quiet)

    def start(self, engine: Engine, made: Programs) -> None:
        self._slices = made.map("slices", 4, SLICE.size)

    def hear(self, data: bytes) -> None:
        if len(self._raw) < _MOST:
            self._raw.append(EVENT.unpack_from(data))
        else:
            self.unsent += 1

    def finish(self, engine: Engine, seen: Seen) -> None:
        assert self._slices is not None
        raw = self._slices.get(bytes(4), SLICE.size * engine.cpus) or b""
        self.unsent += sum(unsent for _, _, unsent in SLICE.iter_unpack(raw))
        self.began_ns, self.ended_ns = engine.began_ns, engine.ended_ns
        if self._quiet:
            standing = {decode.IS_STANDING | tid for tid in self._quiet}
            engine.threads = [thread for thread in engine.threads if thread.tid not in self._quiet]
            seen.calls = [row for row in seen.calls if row[0][0] not in standing]

    def evidence(self, engine: Engine, seen: Seen) -> dict[str, object]:
        named = report.object_names(engine)
        keys: dict[tuple[int, int, int, int], tuple[object, ...]] = {}
        for _, tid, began, ended, stack, thing, pid, call in self._raw:
            if call == CPU_SAMPLE:
                kernel = -1 if thing >> 63 else thing
                self.samples.append(
                    Event(began, ended, tid, (engine.stacks.of(stack), engine.stacks.kernel_of(kernel)))
                )
                continue
            key = keys.get((stack, thing, pid, call))
            if key is None:
                key = keys[stack, thing, pid, call] = _row_key(engine, named, (stack, thing, pid, call))
            self.events.append(Event(began, ended, tid, key))
        self._raw.clear()
        return {}


def _row_key(
    engine: Engine, named: Callable[[int, int], str | None], raw: tuple[int, int, int, int]
) -> tuple[object, ...]:
    """What the row of an event is known by: (pid, syscall, object, stack) of its SyscallRow."""
    stack, thing, pid, call = raw
    frames, thing = report.resolved(engine, stack, thing, call)
    return pid, name_of(call), named(pid, thing), frames


def _number(name: str) -> int:
    return next((number for number in range(NUMBERS) if name_of(number) == name), -1)
