"""Does a series of readings move, how fast, and how sure is that?"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

_FEWEST = 4
"""with fewer readings, any order of them is likely enough by chance"""


class Slope(NamedTuple):
    """``per_second`` is Theil and Sen's: the median over all pairs of readings, which a few wild readings do not move.

    ``rising`` and ``falling`` are the shares of pairs of readings that rise and that fall. ``lasting`` (0 to 1) says
    whether the last third still moves like the whole: 0 when it stands still or goes back, as after a warm-up.
    """

    per_second: float
    rising: float
    falling: float
    lasting: float

    @property
    def confidence(self) -> float:
        """0 for noise and for what has come to rest, 1 when every reading goes the same way as the one before."""
        return abs(self.rising - self.falling) * self.lasting

    @property
    def growth(self) -> float:
        """Confidence that it grows: the share of pairs that rise, as far as it lasts. A sawtooth has about a half."""
        return self.rising * self.lasting


def slope(times: Sequence[float], values: Sequence[float]) -> Slope:
    """The straight line through readings that were taken at ``times`` (seconds, rising). All 0 for fewer than four.

    Takes time with the square of their number: a few milliseconds for a hundred.
    """
    if len(values) < _FEWEST:
        return Slope(0.0, 0.0, 0.0, 0.0)
    steady, rising, falling = _line(times, values)
    third = max(2, -(-len(values) // 3))
    late, _, _ = _line(times[-third:], values[-third:])
    # Half the pace is still the same movement: thirds of a noisy series differ by as much.
    lasting = min(1.0, max(0.0, 2 * late / steady)) if steady else 0.0
    return Slope(steady, rising, falling, lasting)


def _line(times: Sequence[float], values: Sequence[float]) -> tuple[float, float, float]:
    """(median of the slopes of all pairs, share of pairs that rise, share that fall)."""
    slopes = [
        (later - value) / (then - time)
        for i, (time, value) in enumerate(zip(times, values, strict=True))
        for then, later in zip(times[i + 1 :], values[i + 1 :], strict=True)
        if then > time
    ]
    if not slopes:
        return 0.0, 0.0, 0.0
    rising, falling = sum(s > 0 for s in slopes), sum(s < 0 for s in slopes)
    return median(slopes), rising / len(slopes), falling / len(slopes)
