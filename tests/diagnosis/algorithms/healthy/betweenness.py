"""Betweenness centrality of the nodes of an unweighted graph."""
from collections import deque


def betweenness(graph, sources=None, normalized=True, endpoints=False):
    """graph maps each node to an iterable of its neighbours."""
    score = dict.fromkeys(graph, 0.0)
    for s in sources if sources is not None else graph:
        order, preds, sigma = _shortest_paths(graph, s)
        if endpoints:
            _accumulate_endpoints(score, order, preds, sigma, s)
        else:
            _accumulate(score, order, preds, sigma, s)
    return _rescale(score, len(graph), normalized, endpoints)


def _shortest_paths(graph, s):
    order = []
    preds = {v: [] for v in graph}
    sigma = dict.fromkeys(graph, 0.0)
    dist = {s: 0}
    sigma[s] = 1.0
    queue = deque([s])
    while queue:
        v = queue.popleft()
        order.append(v)
        next_dist = dist[v] + 1
        paths = sigma[v]
        for w in graph[v]:  # <- hot 10
            if w not in dist:  # <- hot 14
                dist[w] = next_dist
                queue.append(w)
            if dist[w] == next_dist:  # <- hot 13
                sigma[w] += paths
                preds[w].append(v)
    return order, preds, sigma


def _accumulate(score, order, preds, sigma, s):
    delta = dict.fromkeys(order, 0.0)
    while order:
        w = order.pop()
        coeff = (1.0 + delta[w]) / sigma[w]
        for v in preds[w]:
            delta[v] += sigma[v] * coeff  # <- hot 36
        if w != s:
            score[w] += delta[w]


def _accumulate_endpoints(score, order, preds, sigma, s):
    score[s] += len(order) - 1
    delta = dict.fromkeys(order, 0.0)
    while order:
        w = order.pop()
        coeff = (1.0 + delta[w]) / sigma[w]
        for v in preds[w]:
            delta[v] += sigma[v] * coeff
        if w != s:
            score[w] += delta[w] + 1.0


def _rescale(score, n, normalized, endpoints):
    if normalized:
        pairs = n * (n - 1) if endpoints else (n - 1) * (n - 2)
        scale = 1.0 / pairs if pairs > 0 else None
    else:
        scale = 0.5
    if scale is not None:
        for v in score:
            score[v] *= scale
    return score
