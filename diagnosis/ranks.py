"""How are the ranks of a small sample distributed, if chance alone gave them out? Exactly, by counting.

scipy.stats has this (mannwhitneyu, method="exact", without ties); it would bring a hundred megabytes to count subsets.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import comb, erf, sqrt

EXACT_UP_TO = 40
"""values, both samples together: above it the normal approximation is right to the third digit, and soon faster"""


def doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value, from 2 on; equal values share the mean of theirs, which is why it is doubled."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    ranks = [0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for i in order[begin:end]:
            ranks[i] = begin + 1 + end
        begin = end
    return ranks


def two_sided(ranks: Sequence[int], chosen: int) -> float:
    """The part of all ways to choose as many as the first ``chosen`` of ``ranks`` whose sum lies as far from the mean
    as theirs does."""
    size = len(ranks)
    # (doubled once more, so that the mean is whole)
    middle = chosen * sum(ranks)
    observed = abs(size * sum(ranks[:chosen]) - middle)
    if size > EXACT_UP_TO:
        return _two_sided_normal(ranks, chosen)
    sums = _subset_sums(tuple(sorted(ranks)), chosen)
    extreme = sum(ways for total, ways in sums.items() if abs(size * total - middle) >= observed)
    return extreme / comb(size, chosen)


def _two_sided_normal(ranks: Sequence[int], chosen: int) -> float:
    size, other = len(ranks), len(ranks) - chosen
    mean = sum(ranks) / size
    variance = sum((rank - mean) ** 2 for rank in ranks) / (size - 1) * chosen * other / size
    if variance <= 0:
        return 1.0
    # (continuity: a step of the sum is one rank, which is 2 here)
    off = max(0.0, abs(sum(ranks[:chosen]) - chosen * mean) - 1.0)
    return 1 - erf(off / sqrt(2 * variance))


@lru_cache(maxsize=64)
def _subset_sums(ranks: tuple[int, ...], chosen: int) -> dict[int, int]:
    """How many subsets of so many ranks have each sum."""
    ways: list[Counter[int]] = [Counter() for _ in range(chosen + 1)]
    ways[0][0] = 1
    for seen, rank in enumerate(ranks, 1):
        for taken in range(min(seen, chosen), 0, -1):
            for total, count in ways[taken - 1].items():
                ways[taken][total + rank] += count
    return dict(ways[chosen])


@lru_cache(maxsize=256)
def outermost(n: int, m: int, alpha: float) -> int:
    """How many of the ``n * m`` ordered differences between two samples lie outside of a two-sided interval of
    1 - ``alpha``, on each side, the bound included: 0 where even the widest interval promises less."""
    if n + m > EXACT_UP_TO:
        spread = sqrt(n * m * (n + m + 1) / 12)
        return max(0, int(n * m / 2 - _quantile(1 - alpha / 2) * spread))
    sums = _subset_sums(tuple(range(1, n + m + 1)), n)
    least, total, below, k = n * (n + 1) // 2, comb(n + m, n), 0, 0
    while k <= n * m:
        below += sums.get(least + k, 0)
        if below / total > alpha / 2:
            return k
        k += 1
    return k


def _quantile(share: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)
