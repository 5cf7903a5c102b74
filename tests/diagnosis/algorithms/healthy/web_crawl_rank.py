"""Link rank of the pages of an intranet crawl."""
import json


def read_links(path):
    ids, edges = {}, []
    with open(path, encoding="utf-8") as fh:
        for line in fh:
            page = json.loads(line)
            src = ids.setdefault(page["url"], len(ids))
            for target in page["links"]:
                edges.append((src, ids.setdefault(target, len(ids))))
    return ids, edges


def adjacency(n, edges):
    out = [[] for _ in range(n)]
    for a, b in edges:
        out[a].append(b)
    return out


def iterate(out, rank, damping):
    n = len(out)
    fresh = [(1.0 - damping) / n] * n
    dangling = 0.0
    for node, targets in enumerate(out):
        if not targets:
            dangling += rank[node]
            continue
        share = damping * rank[node] / len(targets)
        for t in targets:  # <- hot 28
            fresh[t] += share  # <- hot 47
    extra = damping * dangling / n
    return [r + extra for r in fresh]  # <- hot 9


def pagerank(out, damping=0.85, eps=1e-9, rounds=100):
    rank = [1.0 / len(out)] * len(out)
    for _ in range(rounds):
        nxt = iterate(out, rank, damping)
        if sum(abs(a - b) for a, b in zip(rank, nxt)) < eps:  # <- hot 11
            return nxt
        rank = nxt
    return rank
