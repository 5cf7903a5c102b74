"""Plans routes along a long road with side streets."""

import os

import networkx as nx

STOPS = 6000


def road():
    graph = nx.Graph()
    for stop in range(STOPS):
        graph.add_edge(stop, stop + 1, weight=1)
        graph.add_edge(stop, -stop - 1, weight=2)
    return graph


graph = road()


def plan(start, end):
    return nx.dijkstra_path(graph, start, end)


print("ready", os.getpid(), flush=True)
turn = 0
while True:
    turn += 1
    plan(turn % 50, STOPS - turn % 70)
