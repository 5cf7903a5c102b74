# expect: healthy bench
"""Counts of young eels on the ladders of a river: each ladder's counter tells every eel that climbs, and a periodic job
works out runs, moon and temperature effects and the licences of the traps that lift them over the dams.

pandas, every two seconds over the last hours. Looks costly, and is as it should be: the job groups, merges and rolls
whole columns; it walks row by row only over the dozen ladders of the summary, concatenates once for each run, and
parses the ladder table once, at the start.

Measured: a run over 30000 climbs each two seconds, 0.02 cores.
"""

import io
import json
import math
import os
import random
import threading
import time
from collections import deque

import numpy as np
import pandas as pd

KEPT = 30000
PERIOD = 2.0

LADDERS = """ladder,dam,river_km,slope,licence
brush-1,Aldermill,12.4,35,400
brush-2,Aldermill,12.4,28,400
pump-1,Bexham,19.9,40,250
gutter,Corve,27.0,22,900
brush-3,Corve,27.0,31,900
stone,Dunmore,33.8,18,150
pump-2,Esk weir,41.1,38,320
brush-4,Esk weir,41.1,30,320
net,Farrow,55.6,25,200
pump-3,Gill,60.3,41,180
lift,Hatch,72.5,45,520
brush-5,Hatch,72.5,29,520
"""


class Counters(threading.Thread):
    """The light barriers on the ladders; they hand over what climbed in the last quarter of a second."""

    def __init__(self, ladders):
        super().__init__(name="counters", daemon=True)
        self.ladders = ladders
        self.clock = 0.0
        self.batches = deque(maxlen=400)
        self.climbed(20000, 15000.0)

    def climbed(self, number, seconds):
        draws = np.random.default_rng(random.randrange(1 << 30))
        at = np.sort(self.clock + draws.uniform(0, seconds, number))
        batch = pd.DataFrame(
            {
                "at": at,
                "ladder": draws.choice(self.ladders, number),
                "length_mm": draws.normal(82, 14, number).clip(55, 240).round(1),
            }
        )
        self.clock += seconds
        self.batches.append(batch)

    def run(self):
        while True:
            time.sleep(0.25)
            self.climbed(80, 60.0)


class Water:
    """Temperature and moon at a time; both known beforehand."""

    def __init__(self, minutes):
        at = np.arange(minutes) * 60.0
        self.frame = pd.DataFrame(
            {
                "minute": np.arange(minutes),
                "celsius": 11 + 4 * np.sin(at / 86400 * 2 * math.pi),
                "moon": (np.cos(at / 2551443 * 2 * math.pi) + 1) / 2,
            }
        )

    def join(self, climbs):
        climbs["minute"] = (climbs["at"] // 60).astype("int64") % len(self.frame)
        return climbs.merge(self.frame, on="minute", how="left")


class Runs:
    """Groups the climbs of a ladder to runs: a pause of five minutes ends one."""

    pause = 300.0

    def number(self, climbs):
        ordered = climbs.sort_values(["ladder", "at"], ignore_index=True)
        gap = ordered.groupby("ladder")["at"].diff()
        ordered["run"] = (gap.isna() | (gap > self.pause)).cumsum()
        return ordered

    def summary(self, numbered):
        return numbered.groupby(["ladder", "run"], as_index=False).agg(
            begins=("at", "min"), ends=("at", "max"), eels=("at", "size"), length=("length_mm", "median")
        )


class Licences:
    """Tells which traps near their licence."""

    def __init__(self, ladders):
        self.ladders = ladders

    def check(self, numbered, hours):
        lifted = numbered.groupby("ladder").size().rename("eels").reset_index()
        told = self.ladders.merge(lifted, on="ladder", how="left").fillna({"eels": 0})
        told["share"] = told["eels"] / (told["licence"] * max(hours, 1))
        return told

    def notices(self, told):
        notices = []
        for row in told.itertuples(index=False):  # twelve ladders
            if row.share > 0.8:
                word = "stop" if row.share > 1 else "watch"
                notices.append(f"{word} {row.ladder} at {row.dam} ({row.share:.0%})")
        return notices


class Job:
    def __init__(self):
        ladders = pd.read_csv(io.StringIO(LADDERS))
        self.counters = Counters(ladders["ladder"].to_numpy())
        self.water = Water(60 * 24 * 30)
        self.runs = Runs()
        self.licences = Licences(ladders)
        self.done = 0

    def climbs(self):
        return pd.concat(list(self.counters.batches), ignore_index=True).tail(KEPT)

    def evaluate(self):
        climbs = self.water.join(self.climbs())
        numbered = self.runs.number(climbs)
        runs = self.runs.summary(numbered)
        hours = (climbs["at"].max() - climbs["at"].min()) / 3600
        warmth = climbs.groupby(climbs["celsius"].round()).size()
        rolling = climbs.groupby("minute").size().rolling(15, min_periods=1).mean()
        told = self.licences.check(numbered, hours)
        self.done += 1
        return {
            "climbs": len(climbs),
            "runs": len(runs),
            "longest": int(runs["eels"].max()),
            "best_celsius": float(warmth.idxmax()),
            "peak": round(float(rolling.max()), 2),
            "moon": round(float(climbs["moon"].mean()), 3),
            "notices": self.licences.notices(told),
        }

    def write(self, report):
        with open("report.tmp", "w") as out:
            json.dump(report, out, indent=1)
        os.replace("report.tmp", "report.json")

    def work(self):
        self.counters.start()
        due = time.monotonic()
        while True:
            self.write(self.evaluate())
            if self.done == 1:
                print(f"ready {os.getpid()}", flush=True)
            due = max(due + PERIOD, time.monotonic())
            time.sleep(max(0, due - time.monotonic()))


if __name__ == "__main__":
    Job().work()
