"""How far is another clock off, by what both of two observers saw?

Flight Recorder counts the processor's ticks and has found out by itself how many make a second. On a virtual machine it
is off by a millisecond after some seconds, which is longer than many calls lie apart.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

_SLICE = 500_000_000
"""nanoseconds in which it is taken for the same"""
_BIN = 200_000
_FEWEST = 5
_MOST, _ENOUGH = 64, 500
"""events that one is held against, and those of a slice that are held against any: more would say the same"""


def skew(seen: Iterable[tuple[int, int]], known: Mapping[int, Sequence[int]], *, reach: int) -> Callable[[int], int]:
    """What is to be added to a time of the other clock, by that time; nanoseconds all. ``seen``: threads and times by
    the other clock; ``known``: by thread the times of such events by ours, in order. In each half second it is the
    difference, below ``reach``, at which most of what was seen meets an event; 0 where hardly anything does."""
    apart: dict[int, list[int]] = defaultdict(list)
    number: dict[int, int] = defaultdict(int)
    for thread, at in seen:
        if number[at // _SLICE] >= _ENOUGH:
            continue
        times = known.get(thread, ())
        low, high = bisect_left(times, at - reach), bisect_right(times, at + reach)
        middle = bisect_left(times, at)
        number[at // _SLICE] += 1
        apart[at // _SLICE] += [t - at for t in times[max(low, middle - _MOST) : min(high, middle + _MOST)]]
    found = {
        which: common for which, offs in apart.items() if (common := _most_common(offs, number[which])) is not None
    }

    def off(at: int) -> int:
        nearest = min(found, key=lambda which: abs(which - at // _SLICE), default=None)
        return found[nearest] if nearest is not None else 0

    return off


def _most_common(offs: Sequence[int], number: int) -> int | None:
    bins: dict[int, list[int]] = defaultdict(list)
    for off in offs:
        bins[off // _BIN].append(off)
    together = {at: [*bins.get(at - 1, ()), *bins[at], *bins.get(at + 1, ())] for at in list(bins)}
    # (of two that are as good, that which changes least)
    best = max(together, key=lambda at: (len(together[at]), -abs(at)), default=None)
    if best is None or len(together[best]) < max(_FEWEST, number // 2):
        return None
    return int(median(together[best]))
