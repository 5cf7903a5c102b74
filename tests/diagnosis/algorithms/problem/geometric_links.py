"""Generators of spatial random graphs."""
from itertools import combinations
from random import Random


class Graph:
    def __init__(self):
        self.adj = {}
        self.attrs = {}

    def add_node(self, n, **attrs):
        self.adj.setdefault(n, {})
        self.attrs.setdefault(n, {}).update(attrs)

    def add_edges_from(self, edges):
        for u, v in edges:
            self.adj[u][v] = self.adj[v][u] = {}

    def nodes(self, data=None):
        if data is None:
            return list(self.adj)
        return [(n, self.attrs[n][data]) for n in self.adj]


def geometric_edges(graph, radius, p=2, pos_name="pos"):
    """Pairs of nodes no further apart than radius in the Minkowski metric p."""
    placed = graph.nodes(data=pos_name)
    for n, pos in placed:
        if pos is None:
            raise ValueError(f"node {n!r} has no {pos_name!r}")
    return _edges_within(placed, radius, p)


def _edges_within(placed, radius, p):
    limit = radius ** p
    edges = []
    for (u, pu), (v, pv) in combinations(placed, 2):  # <- cost hot 12
        if sum(abs(a - b) ** p for a, b in zip(pu, pv)) <= limit:  # <- hot 86
            edges.append((u, v))
    return edges


def random_geometric_graph(n, radius, dim=2, p=2, seed=None):
    rng = Random(seed)
    graph = Graph()
    for node in range(n):
        graph.add_node(node, pos=[rng.random() for _ in range(dim)])
    graph.add_edges_from(geometric_edges(graph, radius, p))
    return graph


def thresholded(n, radius, theta, seed=None):
    """As above, but keeps only edges whose summed node weights reach theta."""
    rng = Random(seed)
    graph = random_geometric_graph(n, radius, seed=seed)
    weight = {v: rng.expovariate(1.0) for v in graph.nodes()}
    for u in graph.nodes():
        graph.adj[u] = {v: d for v, d in graph.adj[u].items() if weight[u] + weight[v] >= theta}
    return graph
