def spearman(xs, ys):
    sx = sorted(xs)
    sy = sorted(ys)
    n = len(xs)
    total = 0
    for x, y in zip(xs, ys):  # <- outer
        d = sx.index(x) - sy.index(y)  # <- 0
        total += d * d
    return 1 - 6 * total / (n * (n * n - 1))


def load(path):
    with open(path) as f:
        rows = [line.split("\t") for line in f]
    return [float(r[0]) for r in rows], [float(r[1]) for r in rows]
