"""Two parts in one window: whom the target talks to, and when each of its system calls was."""

from dataclasses import replace

from perfdoctor.collectors.backends.bpf.engine import Engine, Seen
from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.collectors.backends.bpf.programs import Programs
from perfdoctor.collectors.backends.bpf.sockets import SocketPart
from perfdoctor.collectors.backends.bpf.timeline import RECORD_EVENT, TimelinePart
from perfdoctor.collectors.backends.bpf.wanted import Wanted


def timed(wanted: Wanted, timeline: TimelinePart) -> Wanted:
    """``wanted`` with the times of its calls; of the other parts only that for sockets can be had beside them."""
    if wanted.part is None:
        return replace(wanted, part=timeline)
    assert isinstance(wanted.part, SocketPart), wanted.part
    return replace(wanted, part=TimedSockets(wanted.part, timeline))


class TimedSockets(Part):
    """timed_sockets.bpf.c, read by the two whose programs it holds."""

    source = "timed_sockets"
    programs = SocketPart.programs

    def __init__(self, sockets: SocketPart, timeline: TimelinePart) -> None:
        self._sockets, self._timeline = sockets, timeline

    def configure(self, made: Programs) -> None:
        self._timeline.configure(made)

    def start(self, engine: Engine, made: Programs) -> None:
        self._timeline.start(engine, made)
        self._sockets.start(engine, made)

    def hear(self, data: bytes) -> None:
        part = self._timeline if data[0] == RECORD_EVENT else self._sockets
        part.hear(data)

    def so_far(self) -> str:
        return self._sockets.so_far()

    def finish(self, engine: Engine, seen: Seen) -> None:
        self._timeline.finish(engine, seen)
        self._sockets.finish(engine, seen)

    def evidence(self, engine: Engine, seen: Seen) -> dict[str, object]:
        return self._timeline.evidence(engine, seen) | self._sockets.evidence(engine, seen)
