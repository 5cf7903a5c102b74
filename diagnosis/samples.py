"""Do two handfuls of numbers differ by more than chance?

Repeats of a measurement are few and skewed (one of them met the garbage collector, or a neighbour), so their mean and
its normal interval promise more than they keep. Ranks ask nothing of the distribution: the test is exact for any.
"""

from collections.abc import Sequence
from math import isfinite
from statistics import NormalDist, median

from perfdoctor.diagnosis.ranks import EXACT_UP_TO, doubled_ranks, outermost, two_sided
from perfdoctor.schemas.samples import SampleChange

SURE = 0.01
"""A difference is called one when equal programs would show it in at most one of 100 comparisons."""
INTERVAL = 0.05
"""and its size is told by an interval that misses it in one of 20"""
POWER = 0.8
_MOST_VALUES = 400
"""of each sample: all pairs of values are looked at"""


def compare_samples(before: Sequence[float], after: Sequence[float]) -> SampleChange:
    """Whether the values ``after`` are shifted against those ``before``, by how much, and what could have been seen.

    By the rank test of Wilcoxon, Mann and Whitney (exact up to 40 values together, ties included), the shift of Hodges
    and Lehmann and the interval that belongs to the test. At least 4 values on each side bound anything at 95 %, and at
    least 5 can have a ``p`` of 0.01. Same values, same answer: nothing is drawn.

    The values must be independent: of runs or of windows far apart, not of neighbouring moments. ValueError for an
    empty sample, for more than 400 values, or for one that is no finite number.
    """
    for sample in (before, after):
        if not 0 < len(sample) <= _MOST_VALUES or not all(isfinite(value) for value in sample):
            raise ValueError(f"a sample has 1 to {_MOST_VALUES} finite numbers")
    n, m = len(before), len(after)
    differences = sorted(b - a for a in before for b in after)
    bounds = _bounds(differences, n, m, INTERVAL)
    return SampleChange(
        before=median(before),
        after=median(after),
        before_values=n,
        after_values=m,
        difference=median(differences),
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
        p=min(1.0, two_sided(doubled_ranks([*before, *after]), n)),
        detectable=_detectable(differences, n, m),
        method=f"rank test ({'exact' if n + m <= EXACT_UP_TO else 'normal approximation'}) of {n} and {m} values",
    )


def can_show(n: int, m: int) -> bool:
    """Whether samples of so many values can show anything, however different they are."""
    return outermost(n, m, SURE) > 0


def _bounds(differences: list[float], n: int, m: int, alpha: float) -> tuple[float, float] | None:
    outside = outermost(n, m, alpha)
    return (differences[outside - 1], differences[-outside]) if outside else None


def _detectable(differences: list[float], n: int, m: int) -> float | None:
    bounds = _bounds(differences, n, m, SURE)
    if bounds is None:
        return None
    normal = NormalDist()
    sure = normal.inv_cdf(1 - SURE / 2)
    # Beyond the half width of the interval the difference is shown as often as not; some more makes it 8 of 10.
    return (bounds[1] - bounds[0]) / 2 * (sure + normal.inv_cdf(POWER)) / sure
