"""Do two windows differ by more than chance, by how each scattered over its own time?

What a moment costs resembles the moment before: requests queue, caches fill, load comes and goes. So whole stretches of
time are drawn anew (a bootstrap on time blocks, after Künsch 1989), each draw in units of its own error (studentised,
after Efron 1979: with a dozen blocks of skewed costs a plain one promises too much), and the error is widened by how
much neighbours resemble each other. Always the same draws: the same recordings give the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from math import ceil, inf, isfinite, log, sqrt
from random import Random

Block = tuple[float, float]
"""what was spent in a stretch of time, and the work that was done in it (or its seconds)"""
Series = Sequence[Block]
"""the blocks of one window, in their order"""

LEAST_BLOCKS = 8
LEAST_INDEPENDENT = 6.0
"""With fewer stretches that are independent of each other, nothing tells how far two windows may lie apart."""
DRAWS = 2000
_MOST_BLOCKS = 60
"""of one window; neighbours are put together until there are no more"""
_SEED = 6
_SURE, _TOLD = 0.01, 0.05
_MOST_ALIKE = 0.95


@dataclass(frozen=True, slots=True)
class Spread:
    """How far ``after`` lies from ``before``: the logarithm of the ratio of two costs per work, or their difference.
    ``low`` and ``high`` bound it at 95 %, ``least`` and ``most`` at 99 %. ``blocks`` of time, about ``independent`` of
    them that say something of their own."""

    middle: float
    low: float
    high: float
    least: float
    most: float
    blocks: int
    independent: float

    @property
    def is_bounded(self) -> bool:
        return isfinite(self.least) and isfinite(self.most)

    @property
    def detectable(self) -> float:
        """The smallest distance that such windows show in 8 of 10 tries, at 99 %."""
        return (self.most - self.least) / 2 * (1 + 0.842 / 2.576)


@dataclass(frozen=True, slots=True)
class _Side:
    """``pool``: every stretch of the chosen length, of which ``drawn`` make a window as long as this one."""

    cost: float
    work: float
    pool: list[Block]
    drawn: int
    error: float
    """of the estimate, widened"""


def spread(
    before: Sequence[Series], after: Sequence[Series], *, ratio: bool = True, draws: int = DRAWS
) -> Spread | None:
    """How far the cost per work of ``after`` lies from that of ``before``, each over all its windows. With ``ratio``
    the logarithm of the ratio, else the difference. None where there are too few blocks, or no work or cost in them;
    bounded by nothing (infinite) where blocks resemble each other too much to say how far chance goes."""
    sides = [[_coarse(series) for series in windows if len(series) >= LEAST_BLOCKS] for windows in (before, after)]
    sums = [[sum(block[i] for series in side for block in series) for i in (0, 1)] for side in sides]
    if any(work <= 0 or (ratio and cost <= 0) for cost, work in sums):
        return None
    residuals = [
        [[cost - spent / work * done for cost, done in series] for series in side]
        for side, (spent, work) in zip(sides, sums, strict=True)
    ]
    alike = _likeness([errors for side in residuals for errors in side])
    widened = (1 + alike) / (1 - alike)
    blocks = min(sum(len(series) for series in side) for side in sides)
    if blocks / widened < LEAST_INDEPENDENT:
        middle = _distance((sums[0][0], sums[0][1]), (sums[1][0], sums[1][1]), ratio=ratio)
        return Spread(middle, -inf, inf, -inf, inf, blocks, blocks / widened)
    shortest = min(len(series) for side in sides for series in side)
    # (the length that is best for a process that forgets at this rate, as Carlstein found in 1986)
    best = (sqrt(6) * alike / (1 - alike**2)) ** (2 / 3) * blocks ** (1 / 3)
    length = max(1, min(ceil(best), shortest // 6))
    one, two = (
        _side(windows, total, errors, length, widened, ratio=ratio)
        for windows, total, errors in zip(sides, sums, residuals, strict=True)
    )
    middle = _distance((one.cost, one.work), (two.cost, two.work), ratio=ratio)
    off = _draw(one, two, middle, ratio=ratio, draws=draws)
    error = sqrt(one.error**2 + two.error**2)

    def bound(share: float) -> float:
        return middle - error * off[min(len(off) - 1, max(0, round(share * (len(off) - 1))))]

    return Spread(
        middle=middle,
        low=bound(1 - _TOLD / 2),
        high=bound(_TOLD / 2),
        least=bound(1 - _SURE / 2),
        most=bound(_SURE / 2),
        blocks=blocks,
        independent=blocks / widened,
    )


def _coarse(series: Series) -> Series:
    while len(series) > _MOST_BLOCKS:
        put = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(series[::2], series[1::2], strict=False)]
        series = [*put, series[-1]] if len(series) % 2 else put
    return series


def _likeness(residuals: list[list[float]]) -> float:
    """How much neighbours resemble each other, 0 to 0.95: their correlation, without what a short series hides of it
    (Kendall 1954)."""
    together = sum(a * b for errors in residuals for a, b in pairwise(errors))
    alone = sum(error * error for errors in residuals for error in errors)
    if alone <= 0:
        return 0.0
    size = sum(len(errors) for errors in residuals) / len(residuals)
    return min(_MOST_ALIKE, max(0.0, (size * together / alone + 1) / (size - 4)))


def _side(
    windows: Sequence[Series],
    sums: Sequence[float],
    residuals: list[list[float]],
    length: int,
    widened: float,
    *,
    ratio: bool,
) -> _Side:
    cost, work = sums
    pool = []
    for series in windows:
        around = [*series, *series[: length - 1]]
        for i in range(len(series)):
            stretch = around[i : i + length]
            pool.append((sum(block[0] for block in stretch), sum(block[1] for block in stretch)))
    blocks = sum(len(series) for series in windows)
    drawn = max(2, blocks // length)
    scale = cost if ratio else work
    per = cost / work
    # The variance of the estimate, by stretches and by blocks that are widened: the larger one.
    stretches = sum((c - per * w) ** 2 for c, w in pool) / len(pool) * drawn * (drawn / (drawn - 1))
    stretches *= (blocks / (drawn * length)) ** 2
    single = sum(error**2 for errors in residuals for error in errors) * blocks / (blocks - 1) * widened
    return _Side(cost, work, pool, drawn, sqrt(max(stretches, single)) / scale)


def _distance(one: Block, two: Block, *, ratio: bool) -> float:
    before, after = one[0] / one[1], two[0] / two[1]
    return log(after / before) if ratio else after - before


def _draw(one: _Side, two: _Side, middle: float, *, ratio: bool, draws: int) -> list[float]:
    """How far draws lie from the middle, in units of their own errors; in order."""
    off = []
    picks = [_picks(len(side.pool), side.drawn, which) for which, side in enumerate((one, two))]
    for picked in islice(zip(*picks, strict=True), draws):
        drawn, variance = [], 0.0
        for side, which in zip((one, two), picked, strict=True):
            stretches = [side.pool[i] for i in which]
            cost, work = sum([c for c, _ in stretches]), sum([w for _, w in stretches])
            if work <= 0 or (ratio and cost <= 0):
                break
            per = cost / work
            errors = sum([(c - per * w) ** 2 for c, w in stretches]) * side.drawn / (side.drawn - 1)
            variance += errors / (cost if ratio else work) ** 2
            drawn.append((cost, work))
        else:
            distance = _distance(*drawn, ratio=ratio) - middle
            # (a draw of stretches that are all the same has no error of its own)
            off.append(distance / sqrt(variance) if variance > 0 else 0.0 if abs(distance) < 1e-12 else inf * distance)
    off.sort()
    return off or [0.0]


@lru_cache(maxsize=16)
def _picks(size: int, drawn: int, side: int) -> list[list[int]]:
    """Which stretches each draw has. The figures of two windows share them: most of the time is spent here."""
    chance = Random(_SEED + side)  # noqa: S311 (no secret)
    return [chance.choices(range(size), k=drawn) for _ in range(DRAWS)]
