"""Goroutines that never end: more and more of them stand at one line, and keep what they hold."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.place import Place
from perfdoctor.schemas.frame import Stack

_PARTS = 5
_LEAST, _MORE, _A_SECOND = 20, 0.1, 2.0
"""goroutines more than at first, by how much at least; and each second: fewer are a burst of work"""
_MOST = 0.5
"""of the increase must stand at one line"""
_CALM = frozenset({"IO wait", "sleep", "GC worker (idle)", "force gc (idle)", ""})
"""more of these are more connections and timers, as load makes them"""


class PiledUp(NamedTuple):
    """``per_second`` more goroutines stand at ``place``, ``number`` when the window ended, for ``waits``."""

    place: Place | None
    stack: Stack
    waits: str
    number: int
    per_second: float


def piled_up(account: Account) -> PiledUp | None:
    """Where goroutines pile up, in all parts of the window; None where they do not."""
    count = account.evidence.goroutines
    if count is None or len(count.readings) < _PARTS or not count.grown:
        return None
    numbers = [number for _, number in count.readings]
    marks = _marks(numbers)
    more, seconds = marks[-1] - marks[0], count.readings[-1][0] - count.readings[0][0]
    if more < max(_LEAST, _MORE * marks[0]) or seconds <= 0 or more / seconds < _A_SECOND:
        return None
    if any(later - earlier < _MORE * more for earlier, later in pairwise(marks)):
        return None
    group = count.grown[0]
    grown = group.after - group.before
    if group.waits in _CALM or grown < _MOST * (numbers[-1] - numbers[0]):
        return None
    return PiledUp(account.place(group.stack), group.stack, group.waits, group.after, grown / seconds)


def _marks(numbers: Sequence[int]) -> list[float]:
    size = len(numbers) / _PARTS
    return [median(numbers[int(part * size) : int((part + 1) * size)]) for part in range(_PARTS)]
