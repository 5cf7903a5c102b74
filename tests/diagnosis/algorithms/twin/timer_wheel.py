"""Discrete event simulation of a bottling line."""
import heapq
import random
from dataclasses import dataclass, field
from itertools import count
from typing import Callable


@dataclass(order=True)
class Event:
    due: float
    seq: int
    action: Callable = field(repr=False, compare=False)


class Simulation:
    def __init__(self, seed=1):
        self.now = 0.0
        self.events = []
        self.rng = random.Random(seed)
        self._ids = count()

    def after(self, delay, action):
        heapq.heappush(self.events, Event(self.now + delay, next(self._ids), action))  # <- hot 32

    def _take_next(self):
        return heapq.heappop(self.events)  # <- hot 45

    def run(self, until):
        handled = 0
        while self.events:
            event = self._take_next()
            if event.due > until:
                break
            self.now = event.due
            event.action(self)
            handled += 1
        return handled


class Bottle:
    stations = ("rinse", "fill", "cap", "label")

    def __init__(self):
        self.stage = 0

    def step(self, sim):
        self.stage += 1
        if self.stage < len(self.stations):
            sim.after(sim.rng.expovariate(1 / 4.0), self.step)


def bottling(bottles=20000):
    sim = Simulation()
    for _ in range(bottles):
        sim.after(sim.rng.uniform(0, 3600), Bottle().step)
    return sim.run(until=7200)
