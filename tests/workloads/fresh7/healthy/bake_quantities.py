# expect: healthy bench
"""Works out overnight what each branch of a bakery should bake: for each good and day of the week it draws how demand
may turn out, takes the quantity that earns most, fits the batches into the ovens, and stores the plan.
Measured: 3.8 ms of a core for each branch, all of one core: half for draws, a quarter for sorting and ovens.
"""

import heapq
import itertools
import json
import os
import random
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKLY = (0.9, 0.85, 0.9, 1.0, 1.2, 1.5, 0.6)
DRAWS = 250
TOGETHER = 25  # branches of a transaction
KEPT = 3000  # branches


@dataclass(frozen=True, slots=True)
class Good:
    name: str
    price: float
    cost: float
    salvage: float  # what the left-over brings on the next day
    minutes: int
    tray: int  # pieces

    @property
    def ratio(self):
        """The share of days on which all should be sold."""
        return (self.price - self.cost) / (self.price - self.salvage)


GOODS = (
    Good("rye", 4.2, 1.5, 1.0, 55, 24),
    Good("wheat", 3.6, 1.2, 0.6, 45, 24),
    Good("spelt", 4.8, 2.0, 1.2, 50, 20),
    Good("baguette", 2.4, 0.8, 0.1, 25, 30),
    Good("croissant", 1.9, 0.7, 0.2, 18, 40),
    Good("pretzel", 1.1, 0.3, 0.0, 16, 60),
    Good("bun", 0.5, 0.15, 0.05, 15, 80),
)


class Demand:
    """How many pieces may be asked for: the usual number, by day, times the luck of a day."""

    def __init__(self, draw):
        self._draw = draw
        self._luck = [draw.lognormvariate(0, 0.25) for _ in range(5000)]

    def of(self, usual, weekday):
        scale = usual * WEEKLY[weekday]
        return [int(scale * luck) for luck in self._draw.choices(self._luck, k=DRAWS)]


def best_quantity(good, demands):
    """The quantity that earns most over all the draws, and what it earns on the mean of days."""
    ordered = sorted(demands)
    at = min(int(good.ratio * len(ordered)), len(ordered) - 1)
    quantity = ordered[at]
    sold = sum(ordered[:at]) + quantity * (len(ordered) - at)
    left = quantity * len(ordered) - sold
    earned = sold * good.price + left * good.salvage - quantity * len(ordered) * good.cost
    return quantity, earned / len(ordered)


class Ovens:
    """Ovens of a branch: each batch goes into the one that is free first, the longest batches before the others."""

    def __init__(self, number, trays):
        self._number, self._trays = number, trays

    def schedule(self, quantities):
        batches = []
        for good, quantity in quantities:
            trays = -(-quantity // good.tray)
            full, rest = divmod(trays, self._trays)
            batches += [(good.minutes, good.name, self._trays)] * full
            if rest:
                batches.append((good.minutes, good.name, rest))
        batches.sort(reverse=True)
        free = [(0, oven) for oven in range(self._number)]
        starts = {}
        end = 0
        for minutes, name, _ in batches:
            start, oven = free[0]
            heapq.heapreplace(free, (start + minutes, oven))
            starts.setdefault(name, start)
            end = max(end, start + minutes)
        return end, starts


class Plans:
    """The plans in a database; those of the oldest branches make room for new ones."""

    def __init__(self, path):
        self._database = sqlite3.connect(path)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = normal")
        self._database.execute(
            "create table if not exists plans (branch int, day int, good text, pieces int, start int, earned real,"
            " primary key (branch, day, good)) without rowid"
        )

    def store(self, newest, rows):
        with self._database:
            self._database.executemany("insert or replace into plans values (?, ?, ?, ?, ?, ?)", rows)
            self._database.execute("delete from plans where branch <= ?", (newest - KEPT,))


class Planner:
    def __init__(self, draw):
        self._draw, self._demand = draw, Demand(draw)

    def week(self, branch):
        usual = [self._draw.uniform(0.4, 3.0) * 4 * good.tray for good in GOODS]
        ovens = Ovens(self._draw.randint(2, 4), 5)
        for weekday in range(len(DAYS)):
            best = [best_quantity(good, self._demand.of(pieces, weekday)) for good, pieces in zip(GOODS, usual)]
            _, starts = ovens.schedule([(good, quantity) for good, (quantity, _) in zip(GOODS, best)])
            for good, (quantity, earned) in zip(GOODS, best):
                yield branch, weekday, good.name, quantity, starts.get(good.name), round(earned, 2)


def main():
    planner, plans = Planner(random.Random(5)), Plans("plans.db")
    rows, told = [], time.monotonic()
    print("ready", os.getpid(), flush=True)
    for branch in itertools.count(1):
        rows.extend(planner.week(branch))
        if branch % TOGETHER == 0:
            plans.store(branch, rows)
            rows = []
        if time.monotonic() - told > 5:
            told = time.monotonic()
            Path("progress.json").write_text(json.dumps({"branches": branch, "cpu": round(time.process_time(), 1)}))


if __name__ == "__main__":
    main()
