"""Earliest arrival search on the footpath network of a city."""
import math
from collections import defaultdict


class Network:
    def __init__(self):
        self.out = defaultdict(list)
        self.coords = {}

    def add_stop(self, stop, lat, lon):
        self.coords[stop] = (lat, lon)

    def link(self, a, b, seconds):
        self.out[a].append((b, seconds))
        self.out[b].append((a, seconds))


def closest(frontier):
    return min(frontier, key=frontier.get)  # <- cost hot 83


def arrivals(net, origin, horizon=math.inf):
    frontier = {origin: 0}
    settled = {}
    while frontier:
        stop = closest(frontier)  # <- cost
        at = frontier.pop(stop)
        if at > horizon:
            break
        settled[stop] = at
        for nxt, seconds in net.out[stop]:  # <- hot 8
            if nxt in settled:
                continue
            if at + seconds < frontier.get(nxt, math.inf):
                frontier[nxt] = at + seconds
    return settled


def isochrone(net, origin, minutes):
    reached = arrivals(net, origin, horizon=minutes * 60)
    return [net.coords[s] for s in reached if s in net.coords]
