"""Discrete event model of an ambulance dispatch centre."""
import heapq
import itertools
import random


class Event:
    __slots__ = ("time", "kind", "unit")

    def __init__(self, time, kind, unit=None):
        self.time = time
        self.kind = kind
        self.unit = unit


class Simulation:
    def __init__(self, units, rate, seed=1):
        self.rng = random.Random(seed)
        self.rate = rate
        self.agenda = []
        self.order = itertools.count()
        self.idle = list(range(units))
        self.waiting = 0
        self.lost = 0

    def schedule(self, event):
        heapq.heappush(self.agenda, (event.time, next(self.order), event))  # <- hot 21

    def on_call(self, now):
        if self.idle:
            unit = self.idle.pop()
            self.schedule(Event(now + self.rng.gammavariate(4, 9), "free", unit))  # <- hot 25
        else:
            self.waiting += 1

    def on_free(self, now, unit):
        if self.waiting:
            self.waiting -= 1
            self.schedule(Event(now + self.rng.gammavariate(4, 9), "free", unit))
        else:
            self.idle.append(unit)

    def run(self, calls):
        at = 0.0
        for _ in range(calls):
            at += self.rng.expovariate(self.rate)
            self.schedule(Event(at, "call"))  # <- hot 12
        while self.agenda:
            _, _, event = heapq.heappop(self.agenda)  # <- hot 29
            if event.kind == "call":
                self.on_call(event.time)
            else:
                self.on_free(event.time, event.unit)
        return self.waiting
