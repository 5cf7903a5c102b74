"""Discrete event model of an ambulance dispatch centre."""
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
        self.idle = list(range(units))
        self.waiting = 0
        self.lost = 0

    def schedule(self, event):
        self.agenda.append(event)
        self.agenda.sort(key=lambda e: e.time)  # <- cost hot 86

    def on_call(self, now):
        if self.idle:
            unit = self.idle.pop()
            self.schedule(Event(now + self.rng.gammavariate(4, 9), "free", unit))
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
            self.schedule(Event(at, "call"))
        while self.agenda:
            event = self.agenda.pop(0)  # <- cost hot 6
            if event.kind == "call":
                self.on_call(event.time)
            else:
                self.on_free(event.time, event.unit)
        return self.waiting
