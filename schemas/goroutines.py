"""How many goroutines a Go program has, where more and more of them stand, and where they sleep for a moment."""

from enum import StrEnum

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model


class GoroutineGroup(Model):
    """Goroutines that stand alike: how many when the window began, and when it ended. ``waits``: the runtime's own
    word for what they wait for."""

    stack: Stack
    waits: str
    before: int
    after: int


class NapLoop(StrEnum):
    """What the loop around a sleep is for, by the text of the source."""

    EMPTY = "sleeps when it finds nothing"
    ASKS = "looks, and sleeps until the next look"
    PACED = "does something each time"


class GoroutineNap(Model):
    """Goroutines that stood in time.Sleep at one place, by looks: ``seconds`` of all of them together.

    ``nap_seconds`` is for how long they asked, on average, and ``naps`` how many sleeps there were in the window; both
    are 0 where the looks do not tell. ``loop`` is None where the source cannot be read, or does not tell; ``stack`` is
    without the program's functions that do nothing but sleep."""

    stack: Stack
    goroutines: int
    seconds: float
    nap_seconds: float
    naps: float
    loop: NapLoop | None = None


class GoroutineWait(Model):
    """Goroutines that stood at one place, by looks: ``seconds`` of all of them together."""

    stack: Stack
    seconds: float


class GoroutineCount(Model):
    """``readings`` are (seconds since the first look, goroutines that have not ended), a few tenths of a second
    apart. ``grown`` are the groups that grew, by how much; ``naps`` those that sleep, the longest first; ``collects``
    those that wait for a collection of garbage which they asked for."""

    readings: tuple[tuple[float, int], ...] = ()
    grown: tuple[GoroutineGroup, ...] = ()
    naps: tuple[GoroutineNap, ...] = ()
    collects: tuple[GoroutineWait, ...] = ()
