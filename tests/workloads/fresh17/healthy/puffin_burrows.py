# expect: healthy bench
# A job on the records of puffin burrows (pandas): loggers at the burrows write when a bird came or left, and every
# two seconds the job reads the newest file, pairs arrivals with departures, sums what each burrow was fed, and
# keeps the sums of the last dozen of files for the wardens' table, which it writes anew.
#
# Measured: a file takes 40 ms of every 2 s; 0.64 s of CPU in 22 s, the start included; 82 MB.
import os
import random
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

BURROWS, EVENTS, PERIOD = 400, 12000, 2.0
COLUMNS = {"burrow": "int32", "bird": "int32", "second": "float64", "kind": "category", "grams": "float32"}


# --- the loggers ----------------------------------------------------------------------------------------------------
class Loggers:
    """What the burrows' loggers leave in the folder: one file each period, which the job takes away."""

    def __init__(self, folder: Path, seed: int = 5):
        self.folder = folder
        self.chance = np.random.default_rng(seed)
        self.second = 0.0
        self.files = [self.text(number) for number in range(4)]

    def text(self, number: int) -> str:
        visits = EVENTS // 2
        came = np.sort(self.chance.uniform(0, 600, visits))
        stayed = self.chance.exponential(25, visits)
        burrow = self.chance.integers(0, BURROWS, visits)
        bird = burrow * 2 + self.chance.integers(0, 2, visits)
        grams = np.where(self.chance.random(visits) < 0.7, self.chance.gamma(4, 3, visits), 0).round(1)
        both = pd.concat(
            [
                pd.DataFrame({"burrow": burrow, "bird": bird, "second": came, "kind": "came", "grams": grams}),
                pd.DataFrame({"burrow": burrow, "bird": bird, "second": came + stayed, "kind": "left", "grams": 0.0}),
            ]
        )
        return both.sort_values("second").round(2).to_csv(index=False)

    def write(self, number: int) -> Path:
        kept = self.folder / f"burrows-{number % 3}.csv"
        kept.write_text(self.files[number % len(self.files)])
        return kept


# --- the job --------------------------------------------------------------------------------------------------------
@dataclass
class Wardens:
    """Sums of the last files, and the table that the wardens read."""

    table: Path
    zones: pd.DataFrame
    sums: deque[pd.DataFrame] = field(default_factory=lambda: deque(maxlen=12))

    @staticmethod
    def read(records: Path) -> pd.DataFrame:
        return pd.read_csv(records, dtype=COLUMNS)

    @staticmethod
    def stays(events: pd.DataFrame) -> pd.DataFrame:
        """Pairs each arrival with the departure of the same bird that follows it."""
        came = events.loc[events["kind"] == "came", ["burrow", "bird", "second", "grams"]]
        left = events.loc[events["kind"] == "left", ["bird", "second"]].rename(columns={"second": "left"})
        paired = pd.merge_asof(came, left, left_on="second", right_on="left", by="bird", direction="forward")
        paired["stayed"] = paired["left"] - paired["second"]
        return paired.dropna(subset="stayed")

    def add(self, events: pd.DataFrame) -> None:
        by_burrow = self.stays(events).groupby("burrow", sort=True)
        self.sums.append(
            by_burrow.agg(visits=("bird", "size"), grams=("grams", "sum"), longest=("stayed", "max")).reset_index()
        )

    def summary(self) -> pd.DataFrame:
        all_sums = pd.concat(list(self.sums), ignore_index=True)
        burrows = all_sums.groupby("burrow", as_index=False).agg(
            visits=("visits", "sum"), grams=("grams", "sum"), longest=("longest", "max")
        )
        told = burrows.merge(self.zones, on="burrow", how="left", validate="one_to_one")
        told["hungry"] = told["grams"] < told.groupby("zone")["grams"].transform("median") * 0.6
        return told

    def write(self) -> int:
        told = self.summary()
        parts = []
        for zone, rows in told.groupby("zone", sort=True):  # six zones
            worst = rows.nsmallest(10, "grams")
            lines = (f"{row.burrow:4} {row.visits:5} {row.grams:8.1f} {row.longest:6.1f}" for row in worst.itertuples())
            parts.append(f"{zone}: {int(rows['hungry'].sum())} hungry of {len(rows)}\n" + "\n".join(lines))
        fresh = self.table.with_suffix(".new")
        fresh.write_text("\n\n".join(parts) + "\n")
        fresh.replace(self.table)
        return int(told["hungry"].sum())


@dataclass
class Rounds:
    """Runs the job each period, and notes how long it took."""

    wardens: Wardens
    loggers: Loggers
    took: deque[float] = field(default_factory=lambda: deque(maxlen=30))

    def once(self, number: int) -> None:
        records = self.loggers.write(number)
        began = time.monotonic()
        self.wardens.add(self.wardens.read(records))
        self.wardens.write()
        self.took.append(time.monotonic() - began)

    def run(self, stop: threading.Event) -> None:
        due, number = time.monotonic(), 0
        while not stop.is_set():
            self.once(number)
            number += 1
            if number % 5 == 0:
                Path("load.log").write_text(f"{number} files, {1000 * sum(self.took) / len(self.took):.1f} ms each\n")
            due = max(due + PERIOD, time.monotonic())
            stop.wait(due - time.monotonic())


def zones() -> pd.DataFrame:
    chance = random.Random(2)
    names = ("north slope", "gully", "lamp ledge", "wick", "chapel", "south slope")
    drawn = [chance.choice(names) for _ in range(BURROWS)]
    return pd.DataFrame({"burrow": np.arange(BURROWS, dtype="int32"), "zone": pd.Categorical(drawn, names)})


def main() -> int:
    folder = Path.cwd()
    rounds = Rounds(Wardens(folder / "wardens.txt", zones()), Loggers(folder))
    print(f"ready {os.getpid()}", flush=True)
    rounds.run(threading.Event())
    return 0


if __name__ == "__main__":
    sys.exit(main())
