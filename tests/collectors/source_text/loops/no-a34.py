from itertools import combinations
from math import sqrt


def pearson(a, b):
    n = len(a)
    ma, mb = sum(a) / n, sum(b) / n
    num = da = db = 0.0
    for x, y in zip(a, b):
        num += (x - ma) * (y - mb)  # <- 0
        da += (x - ma) ** 2
        db += (y - mb) ** 2
    return num / sqrt(da * db) if da and db else 0.0


def correlations(frame):
    out = {}
    for p, q in combinations(sorted(frame), 2):
        out[p, q] = pearson(frame[p], frame[q])  # <- 1
    return out
