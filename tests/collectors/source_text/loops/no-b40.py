from collections import defaultdict


def blocks(people):
    by = defaultdict(list)
    for p in people:
        by[p["zip"], p["last"][:1].lower()].append(p)
    return by


def candidates(people):
    for group in blocks(people).values():
        for i, a in enumerate(group):
            for b in group[i + 1:]:
                if a["born"] == b["born"]:  # <- 0
                    yield a["id"], b["id"]


def report(people, out):
    n = 0
    for x, y in candidates(people):  # <- 1
        out.write(f"{x}\t{y}\n")
        n += 1
    return n
