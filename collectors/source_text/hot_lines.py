"""Which lines of source, and which stacks of them, hold most of the CPU time?"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TypeVar

from perfdoctor.schemas.cpu import CpuRow

_Line = TypeVar("_Line")
WORTH = 0.03
"""of all CPU time, from which on a line is read"""


def hot_lines(
    rows: Iterable[CpuRow], lines_of: Callable[[CpuRow], Iterable[tuple[str, int]]]
) -> list[tuple[int, str, int]]:
    """(pid, file, line) of those with enough of all CPU time, most first. ``lines_of``: which lines a sample is
    counted for; each once, however often it stands there."""
    spent: dict[tuple[int, str, int], float] = defaultdict(float)
    every = 0.0
    for row in rows:
        every += row.seconds
        for file, line in set(lines_of(row)):
            spent[row.pid, file, line] += row.seconds
    return sorted((key for key in spent if spent[key] >= WORTH * every), key=lambda key: -spent[key])


def hot_stacks(
    rows: Iterable[CpuRow], lines_of: Callable[[CpuRow], Iterable[_Line]], worth: float = WORTH
) -> list[tuple[int, tuple[_Line, ...]]]:
    """(pid, lines) of the stacks with enough of all CPU time, most first. ``lines_of``: what of a sample's stack is
    looked at; those of which nothing is are left out."""
    spent: dict[tuple[int, tuple[_Line, ...]], float] = defaultdict(float)
    every = 0.0
    for row in rows:
        every += row.seconds
        if lines := tuple(lines_of(row)):
            spent[row.pid, lines] += row.seconds
    return sorted((key for key in spent if spent[key] >= worth * every), key=lambda key: -spent[key])
