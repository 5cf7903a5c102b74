"""How many goroutines a Go program has, and where more and more of them stand."""

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model


class GoroutineGroup(Model):
    """Goroutines that stand alike: how many when the window began, and when it ended. ``waits``: the runtime's own
    word for what they wait for."""

    stack: Stack
    waits: str
    before: int
    after: int


class GoroutineCount(Model):
    """``readings`` are (seconds since the first look, goroutines that have not ended), a few tenths of a second
    apart. ``grown`` are the groups that grew, by how much."""

    readings: tuple[tuple[float, int], ...] = ()
    grown: tuple[GoroutineGroup, ...] = ()
