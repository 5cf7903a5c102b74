"""Does what lives in a garbage-collected heap grow? By what its collections left, and by what was made between them."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.schemas.memory import HeapReading

COLLECTIONS = Threshold(
    3,
    "garbage collections in the window",
    "between two of them garbage and what is kept look the same: with fewer, nothing is known",
)
MANY = Threshold(
    8,
    "garbage collections of Go in the window",
    "what is in use for the moment rises and falls; over fewer collections it can rise by chance",
)
KEPT = Threshold(
    2 / 3,
    "of what Go's heap was asked for, from one collection to a later one, is left after that",
    "Go collects when its heap has doubled, so what is kept makes few collections; of an even stream so much can only "
    "be left when some of each third of the time is",
)
EACH = Threshold(
    0.25,
    "of what Go's heap was asked for between two collections is left after the second, three times in a row",
    "what comes and goes in the time between two collections cannot rise so often by so much",
)
EVEN = Threshold(
    0.5, "of the pace of all the time, in each third of it", "a start that loads its data, and stops, does so unevenly"
)
ALL = Threshold(
    0.8,
    "of all that Go's heap was ever asked for, at an even pace, the last collection found alive",
    "a program that has worked for some time and gave up next to nothing of it keeps what it makes",
)
LIFE = Threshold(10, "seconds from the program's start to that collection", "until then it may only get ready")
LONG = Threshold(2.5, "seconds from one collection to a later one", "in less, what is worked on just now can grow")
SAME = Threshold(
    0.5,
    "of the growth of V8's heap between its collections, from the one asked for at the begin to the one at the end",
    "what is least in use in a third of the window has garbage in it",
)
STEADY = Threshold(
    0.8,
    "of pairs of readings that rise",
    "a sawtooth (garbage collection, a cache that turns over) falls as often as it rises",
)
_IN_A_ROW = 3
_FILLS = 0.65
"""of the growth in the first half is left in the second: what leaks goes on as it was"""


class HeapGrowth(NamedTuple):
    """``bytes`` in ``seconds``, after which so much was ``used``. ``share``: of what was made meanwhile, where that is
    known. ``slower``: it grows ever more slowly."""

    bytes: int
    seconds: float
    used: int
    share: float | None = None
    slower: bool = False

    @property
    def per_second(self) -> float:
        return self.bytes / max(self.seconds, 1e-9)


def heap_growth(heap: Sequence[HeapReading], seconds: float, age: float | None = None) -> HeapGrowth | None:
    """None when it does not grow, or nothing tells. ``age``: seconds of the program's life before the window."""
    if any(reading.made for reading in heap):
        many = sum(reading.collected and reading.at >= 0 for reading in heap) >= MANY.value
        return _of_many(heap, seconds) if many else _of_few(heap, seconds) or _of_life(heap, seconds, age or 0.0)
    grown = _of_floors(heap, seconds)
    if (both := ends(heap)) is None:
        return grown
    first, last = both
    # (what is least in use in a part of the time has garbage in it, and these have none)
    exact = HeapGrowth(last.used - first.used, last.at - first.at, last.used)
    if grown:
        return exact._replace(slower=grown.slower) if exact.bytes >= SAME.value * grown.bytes else None
    return exact if exact.bytes > 0 and floors(heap, seconds) is None else None


def ends(heap: Sequence[HeapReading]) -> tuple[HeapReading, HeapReading] | None:
    """What lived at the begin and at the end, where collections were asked for then and only looked at between
    (V8)."""
    asked = [reading for reading in heap if reading.collected]
    if len(asked) != 2 or asked[0] not in heap[:2] or asked[1] is not heap[-1] or any(reading.made for reading in heap):
        return None
    return (asked[0], asked[1]) if len(heap) > len(asked) else None


def floors(heap: Sequence[HeapReading], seconds: float) -> tuple[HeapReading, HeapReading, HeapReading] | None:
    """The least in use in each third of the window; None when there were too few collections to know."""
    asked = ends(heap) or ()
    heap = [reading for reading in heap if reading.at >= 0 and reading not in asked]
    after = [reading for reading in heap if reading.collected]
    collections = len(after) or sum(later.used < 0.95 * earlier.used for earlier, later in pairwise(heap))
    if collections < COLLECTIONS.value:
        return None
    thirds: list[list[HeapReading]] = [[], [], []]
    for reading in after or heap:
        thirds[min(2, int(3 * reading.at / max(seconds, 1e-9)))].append(reading)
    if not all(thirds):
        return None
    first, second, third = (min(third, key=lambda reading: reading.used) for third in thirds)
    return first, second, third


def _of_floors(heap: Sequence[HeapReading], seconds: float) -> HeapGrowth | None:
    found = floors(heap, seconds)
    if found is None:
        return None
    first, second, third = found
    grown = third.used - first.used
    if not all(later.used - earlier.used > 0.05 * grown for earlier, later in pairwise(found)):
        return None
    slower = third.used - second.used < _FILLS * (second.used - first.used)
    return HeapGrowth(grown, third.at - first.at, third.used, slower=slower)


def _of_many(heap: Sequence[HeapReading], seconds: float) -> HeapGrowth | None:
    after = [reading.used for reading in heap if reading.collected and reading.at >= 0]
    pairs = [later > earlier for earlier, later in combinations(after, 2)]
    return _of_floors(heap, seconds) if sum(pairs) >= STEADY.value * len(pairs) else None


def _of_few(heap: Sequence[HeapReading], seconds: float) -> HeapGrowth | None:
    """By what was made between collections, of which the first may be before the window."""
    after = [reading for reading in heap if reading.collected]
    if len(after) < 2 or after[-1].at < 0:
        return None
    first, last = after[0], after[-1]
    kept, made, took = last.used - first.used, last.made - first.made, last.at - first.at
    rises = [(later.used - earlier.used, later.made - earlier.made) for earlier, later in pairwise(after)]
    each = len(rises) >= _IN_A_ROW and all(rise >= EACH.value * of for rise, of in rises)
    if took < LONG.value or made <= 0 or not (each or kept >= KEPT.value * made):
        return None
    if any(rise < 0 for rise, _ in rises) or not _even(heap, first, seconds):
        return None
    return HeapGrowth(kept, took, last.used, share=min(1.0, kept / made))


def _of_life(heap: Sequence[HeapReading], seconds: float, age: float) -> HeapGrowth | None:
    """By what the only collection that is known left of all that was made since the program's start."""
    after = [reading for reading in heap if reading.collected]
    birth = HeapReading(at=-age, used=0, made=0, collected=True)
    if len(after) != 1 or after[0].at + age < LIFE.value or not _even((birth, *heap), birth, seconds):
        return None
    share = after[0].used / max(1, after[0].made)
    inside = [reading for reading in heap if reading.at >= 0]
    if share < ALL.value or len(inside) < 2:
        return None
    made, took = inside[-1].made - inside[0].made, inside[-1].at - inside[0].at
    return HeapGrowth(round(share * made), took, after[0].used, share=min(1.0, share))


def _even(heap: Sequence[HeapReading], first: HeapReading, seconds: float) -> bool:
    """Whether from ``first`` on, to the end of the window, as much is made in each part of the time: in what of it lies
    before the window, and in each third of that (what is too short to have a pace goes with the next part)."""
    readings = [reading for reading in heap if reading.at >= first.at]
    marks = [first]
    for at in (0.0, seconds / 3, 2 * seconds / 3):
        later = next((reading for reading in readings if reading.at >= at), None)
        if later is not None and later.at - marks[-1].at >= seconds / 6:
            marks.append(later)
    if readings[-1].at <= marks[-1].at:
        return False
    marks.append(readings[-1])
    whole = (marks[-1].made - first.made) / (marks[-1].at - first.at)
    paces = [(later.made - earlier.made) / (later.at - earlier.at) for earlier, later in pairwise(marks)]
    return all(EVEN.value * whole <= pace <= whole / EVEN.value for pace in paces)
