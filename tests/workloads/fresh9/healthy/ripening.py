# expect: healthy bench
"""Foretells when the plots of a wine-growing village will be ripe: the warmth of each day since spring drives a model
of bud, flower and colour, which is run for several courses that the weather may take. Two processes share the plots;
each round begins when the forecast comes.

Measured: a round of 60 plots takes 0.4 s of CPU in two processes together, every second; 3 % at most hands them over.
"""

import math
import os
import random
import signal
import sqlite3
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import quantiles

PLOTS, DAYS, COURSES, EVERY = 60, 210, 60, 1.0
GRAPES = {"riesling": (8.0, 1180.0), "silvaner": (7.5, 1090.0), "pinot noir": (8.5, 1150.0), "domina": (7.8, 1060.0)}
SINES = [math.sin(math.pi * hour / 12) for hour in range(24)]

_season: list[tuple[float, float]] = []


@dataclass(frozen=True)
class Plot:
    number: int
    grape: str
    height: float
    slope: float


@dataclass(frozen=True)
class Outlook:
    number: int
    early: float
    likely: float
    late: float


def prepare(season):
    """Once in each process: the days that have been are the same for all plots."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _season[:] = season


def warmth(low, high, base):
    """The hours above ``base``, weighted, as days: the temperature follows a sine."""
    middle, swing = (low + high) / 2, (high - low) / 2
    if low >= base:
        return middle - base
    if high <= base:
        return 0.0
    above = 0.0
    for sine in SINES:
        celsius = middle + swing * sine
        if celsius > base:
            above += celsius - base
    return above / 24


def ripe(plot, shift, chance):
    """The day on which one course of the weather makes a plot ripe."""
    base, needed = GRAPES[plot.grape]
    gain = 1 + plot.slope / 90
    lift = shift - 0.0065 * plot.height
    total = 0.0
    for day, (low, high) in enumerate(_season):
        drift = chance.gauss(0, 1.2) if day > 90 else 0.0
        total += gain * warmth(low + lift + drift, high + lift + drift, base)
        if total >= needed:
            return day
    return DAYS


def foretell(task):
    plot, shift = task
    chance = random.Random(plot.number)
    days = [ripe(plot, shift + chance.gauss(0, 0.4), chance) for _ in range(COURSES)]
    cuts = quantiles(days, n=10)
    return Outlook(plot.number, cuts[0], cuts[4], cuts[8])


class Village:
    """What the growers look at."""

    def __init__(self, path):
        self._database = sqlite3.connect(path)
        self._database.execute("CREATE TABLE outlook (plot INTEGER PRIMARY KEY, early REAL, likely REAL, late REAL)")

    def keep(self, outlooks):
        rows = [(each.number, each.early, each.likely, each.late) for each in outlooks]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO outlook VALUES (?, ?, ?, ?)", rows)

    def first(self):
        return self._database.execute("SELECT plot, likely FROM outlook ORDER BY likely, plot LIMIT 3").fetchall()


def some_season(chance):
    days = []
    for day in range(DAYS):
        middle = 9 + 11 * math.sin(math.pi * (day + 10) / DAYS) + chance.gauss(0, 2)
        swing = chance.uniform(3, 8)
        days.append((middle - swing, middle + swing))
    return days


def main():
    chance = random.Random(21)
    plots = [
        Plot(number, chance.choice(list(GRAPES)), chance.uniform(90, 280), chance.uniform(0, 35))
        for number in range(PLOTS)
    ]
    village = Village("village.sqlite")
    ended = []
    with ProcessPoolExecutor(2, initializer=prepare, initargs=(some_season(chance),)) as pool:
        signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
        print("ready", os.getpid(), flush=True)
        while not ended:
            due = time.monotonic() + EVERY
            shift = chance.gauss(0, 0.5)
            village.keep(pool.map(foretell, [(plot, shift) for plot in plots], chunksize=10))
            village.first()
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
