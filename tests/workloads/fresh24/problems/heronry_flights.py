# expect: pattern=hot-loop bench
"""Sightings of ringed herons: volunteers along the rivers tell ring numbers, and a job works out each second how far
and how fast the birds went since they were seen before, which colonies moved, and which sightings cannot be right.

pandas and numpy; each run takes the sightings that came since the last.

Measured: 30000 sightings a second in both; 0.31 cores, in the twin 0.03.
"""

import json
import math
import os
import queue
import threading
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

HERONS = 80000
EACH_RUN = 30000
PERIOD = 1.0
EARTH = 6371.0


@dataclass(frozen=True)
class Limits:
    """What a heron can do."""

    fastest: float = 75.0
    farthest: float = 400.0
    shortest: float = 0.05


class Volunteers(threading.Thread):
    """Their sightings as the telephone application sends them: one batch a second."""

    def __init__(self, batches):
        super().__init__(name="volunteers", daemon=True)
        self.batches = batches
        self.draws = np.random.default_rng(52)
        self.clock = 0.0

    def batch(self):
        self.clock += 1800.0
        rings = self.draws.choice(HERONS, EACH_RUN, replace=False)
        reach = self.draws.integers(0, 60, EACH_RUN)
        return pd.DataFrame(
            {
                "ring": rings,
                "seen": self.clock + self.draws.uniform(0, 1800, EACH_RUN),
                "lat": 51.4 + reach * 0.01 + self.draws.normal(0, 0.02, EACH_RUN),
                "lon": -1.8 + reach * 0.03 + self.draws.normal(0, 0.02, EACH_RUN),
                "reach": reach,
                "colony": self.draws.integers(1, 60, EACH_RUN),
            }
        )

    def run(self):
        due = time.monotonic()
        while True:
            self.batches.put(self.batch())
            due += PERIOD
            time.sleep(max(0.0, due - time.monotonic()))


class LastSeen:
    """Where each heron was seen last, by its ring."""

    def __init__(self):
        numbers = np.arange(HERONS)
        self.columns = {
            "seen": np.zeros(HERONS),
            "lat": 51.4 + numbers % 60 * 0.01,
            "lon": -1.8 + numbers % 60 * 0.03,
            "reach": numbers % 60,
        }

    def join(self, sightings):
        rings = sightings["ring"].to_numpy()
        return sightings.assign(**{f"{name}_before": column[rings] for name, column in self.columns.items()})

    def keep(self, sightings):
        rings = sightings["ring"].to_numpy()
        for name, column in self.columns.items():
            column[rings] = sightings[name].to_numpy()


def kilometres(row):
    lat, before = math.radians(row["lat"]), math.radians(row["lat_before"])  # <- cost
    east = math.radians(row["lon"] - row["lon_before"])  # <- cost
    half = math.sin((lat - before) / 2) ** 2 + math.cos(lat) * math.cos(before) * math.sin(east / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(half))


class Movements:
    def __init__(self, limits):
        self.limits = limits

    def add(self, joined):
        joined["km"] = joined.apply(kilometres, axis=1)  # <- cost
        hours = (joined["seen"] - joined["seen_before"]) / 3600
        joined["kmh"] = joined["km"] / hours.clip(lower=0.05)
        return joined

    def doubtful(self, moved):
        wrong = (moved["kmh"] > self.limits.fastest) | (moved["km"] > self.limits.farthest)
        return moved[wrong]

    def still(self, moved):
        return int((moved["km"] < self.limits.shortest).sum())


class Colonies:
    def moved(self, movements):
        changed = movements[movements["reach"] != movements["reach_before"]]
        flows = changed.groupby(["reach_before", "reach"]).agg(herons=("ring", "size"), km=("km", "median"))
        return flows[flows["herons"] >= 2].nlargest(20, "herons")

    def reaches(self, movements):
        return movements.groupby("reach").agg(herons=("ring", "nunique"), largest=("colony", "max"))


class Job:
    def __init__(self):
        self.batches = queue.Queue(maxsize=5)
        self.last_seen = LastSeen()
        self.movements = Movements(Limits())
        self.colonies = Colonies()
        self.runs = 0

    def evaluate(self, sightings):
        moved = self.movements.add(self.last_seen.join(sightings))
        doubtful = self.movements.doubtful(moved)
        sure = moved.drop(doubtful.index)
        flows = self.colonies.moved(sure)
        reaches = self.colonies.reaches(sure)
        self.last_seen.keep(sure)
        self.runs += 1
        return {
            "run": self.runs,
            "sightings": len(sightings),
            "doubtful": doubtful["ring"].head(50).tolist(),
            "still": self.movements.still(sure),
            "median_km": round(float(sure["km"].median()), 3),
            "flows": [[int(a), int(b), int(n)] for (a, b), n in flows["herons"].items()],
            "reaches": reaches["herons"].tolist(),
        }

    def write(self, report):
        with open("herons.tmp", "w") as out:
            json.dump(report, out)
        os.replace("herons.tmp", "herons.json")

    def work(self):
        Volunteers(self.batches).start()
        while True:
            self.write(self.evaluate(self.batches.get()))
            if self.runs == 3:
                print(f"ready {os.getpid()}", flush=True)


if __name__ == "__main__":
    Job().work()
