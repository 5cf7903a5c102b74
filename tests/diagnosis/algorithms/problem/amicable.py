"""Tables of divisor sums for the number theory course pages."""
from math import isqrt


def divisor_sum(n):
    total = 0
    for d in range(1, n // 2 + 1):  # <- cost hot 38
        if n % d == 0:  # <- cost hot 55
            total += d
    return total


def table(limit):
    return [0] + [divisor_sum(n) for n in range(1, limit + 1)]  # <- cost


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
