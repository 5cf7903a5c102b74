"""Tables of divisor sums for the number theory course pages."""
from math import isqrt


def table(limit):
    sums = [0] * (limit + 1)
    for d in range(1, limit // 2 + 1):
        for multiple in range(2 * d, limit + 1, d):  # <- hot 36
            sums[multiple] += d  # <- hot 57
    return sums


def amicable_pairs(sums):
    limit = len(sums) - 1
    for a in range(2, limit + 1):
        b = sums[a]
        if a < b <= limit and sums[b] == a:
            yield a, b


def classify(sums):
    kinds = {"perfect": [], "abundant": 0, "deficient": 0}
    for n, s in enumerate(sums[1:], 1):
        if s == n:
            kinds["perfect"].append(n)
        elif s > n:
            kinds["abundant"] += 1
        else:
            kinds["deficient"] += 1
    return kinds


def is_square(n):
    return isqrt(n) ** 2 == n


def page(limit):
    sums = table(limit)
    return {
        "pairs": list(amicable_pairs(sums)),
        "squares": [n for n in range(1, limit + 1) if is_square(sums[n])],
        **classify(sums),
    }
