"""Earliest arrival search on the footpath network of a city."""
import math
from collections import defaultdict
from heapq import heappop, heappush


class Network:
    def __init__(self):
        self.out = defaultdict(list)
        self.coords = {}

    def add_stop(self, stop, lat, lon):
        self.coords[stop] = (lat, lon)

    def link(self, a, b, seconds):
        self.out[a].append((b, seconds))
        self.out[b].append((a, seconds))


def arrivals(net, origin, horizon=math.inf):
    queue = [(0, origin)]
    best = {origin: 0}
    settled = {}
    while queue:
        at, stop = heappop(queue)  # <- hot 34
        if stop in settled:
            continue
        if at > horizon:
            break
        settled[stop] = at
        for nxt, seconds in net.out[stop]:  # <- hot 15
            cand = at + seconds
            if nxt not in settled and cand < best.get(nxt, math.inf):  # <- hot 24
                best[nxt] = cand
                heappush(queue, (cand, nxt))  # <- hot 18
    return settled


def isochrone(net, origin, minutes):
    reached = arrivals(net, origin, horizon=minutes * 60)
    return [net.coords[s] for s in reached if s in net.coords]
