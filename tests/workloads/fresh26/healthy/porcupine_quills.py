# expect: healthy bench
"""Quill survey: every two seconds the burrow cameras hand over one column file (npy arrays) of sightings; the job joins them
with the table of burrows, sums them up by valley and hour of night, and rests until the next hand-over.
"""

import logging
import os
import time

import numpy as np
import pandas as pd

SIGHTINGS = 1_000_000
EVERY = 2.0
BURROWS = 4000
VALLEYS = ["Ankober", "Baviaan", "Cederberg", "Darling", "Ekurhuleni", "Franschhoek", "Gamka"]

log = logging.getLogger("porcupine")


class Cameras:
    """The hand-over of the cameras."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def hand_over(self):
        rng = self.rng
        return {
            "burrow": rng.integers(0, BURROWS, SIGHTINGS, dtype=np.int32),
            "minute": rng.integers(0, 660, SIGHTINGS, dtype=np.int32),
            "quills": rng.poisson(3.2, SIGHTINGS).astype(np.int32),
            "confidence": rng.random(SIGHTINGS, dtype=np.float32),
        }


def burrow_table():
    number = np.arange(BURROWS, dtype=np.int32)
    valley = pd.Categorical.from_codes(number % len(VALLEYS), VALLEYS)
    return pd.DataFrame({"valley": valley, "weight": 1 + (number % 11) / 10}, index=pd.Index(number, name="burrow"))


class Survey:
    def __init__(self, burrows):
        self.valley_codes = burrows["valley"].cat.codes.to_numpy()
        self.valleys = list(burrows["valley"].cat.categories)
        self.weights = burrows["weight"].to_numpy()
        self.totals = None
        self.rejected = 0

    def add(self, columns):
        sure = columns["confidence"] >= 0.25
        self.rejected += int(len(sure) - sure.sum())
        burrow = columns["burrow"][sure]
        quills = columns["quills"][sure]
        frame = pd.DataFrame(
            {
                "valley": pd.Categorical.from_codes(self.valley_codes[burrow], self.valleys),
                "hour": columns["minute"][sure] // 60,
                "quills": quills,
                "weighted": quills * self.weights[burrow],
            }
        )
        by_hour = frame.groupby(["valley", "hour"], observed=False, sort=False).agg(
            sightings=("quills", "size"), quills=("quills", "sum"), weighted=("weighted", "sum")
        )
        self.totals = by_hour if self.totals is None else self.totals.add(by_hour, fill_value=0)
        return len(frame)

    def write(self, path):
        table = self.totals.assign(mean=self.totals["weighted"] / self.totals["sightings"])
        temporary = path + ".new"
        table.to_csv(temporary, float_format="%.3f")
        os.replace(temporary, path)


def main():
    logging.basicConfig(filename="porcupine.log", level=logging.INFO, format="%(asctime)s %(message)s")
    cameras = Cameras(1758)
    survey = Survey(burrow_table())
    survey.add(cameras.hand_over())
    survey.write("survey.csv")
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    while True:
        began = time.monotonic()
        taken = survey.add(cameras.hand_over())
        survey.write("survey.csv")
        took = time.monotonic() - began
        log.info("%d sightings taken, %d rejected so far, %.0f ms", taken, survey.rejected, took * 1000)
        due = max(due + EVERY, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
