# expect: healthy bench
"""Reference intervals of a laboratory's analytes, with confidence limits from a bootstrap.

For each analyte and group of patients in turn, the values of the last months are cleaned of outliers and resampled, and the
limits that 95 % of the values keep to are worked out with how sure they are. NumPy. Much computing, all of it needed.
"""

import json
import os
import time
from dataclasses import asdict, dataclass

import numpy as np

RESAMPLES = 1000
VALUES = 1800
PERIOD = 1.0
GROUPS = ("women", "men", "children")
ANALYTES = {
    "sodium": (140.0, 2.2, "normal"),
    "potassium": (4.2, 0.3, "normal"),
    "ferritin": (4.3, 0.7, "log"),
    "creatinine": (4.4, 0.2, "log"),
    "tsh": (0.5, 0.45, "log"),
    "calcium": (2.37, 0.08, "normal"),
}


@dataclass
class Interval:
    analyte: str
    group: str
    values: int
    low: float
    low_from: float
    low_to: float
    high: float
    high_from: float
    high_to: float


def draw_values(chance, analyte):
    """What the analysers gave for this analyte: mostly healthy people, and some who are not."""
    middle, spread, kind = ANALYTES[analyte]
    values = chance.normal(middle, spread, VALUES)
    ill = chance.random(VALUES) < 0.03
    values[ill] += spread * chance.uniform(3, 8, ill.sum())
    return np.exp(values) if kind == "log" else values


def without_outliers(values):
    """Tukey's fences, on the logarithm where values are skewed."""
    while True:
        scaled = np.log(values)
        first, third = np.quantile(scaled, (0.25, 0.75))
        reach = 1.5 * (third - first)
        kept = values[(scaled > first - reach) & (scaled < third + reach)]
        if len(kept) == len(values):
            return kept
        values = kept


def interval_of(chance, analyte, group, values):
    kept = without_outliers(values)
    low, high = np.quantile(kept, (0.025, 0.975))
    resampled = kept[chance.integers(0, len(kept), (RESAMPLES, len(kept)))]
    lows, highs = np.quantile(resampled, (0.025, 0.975), axis=1)
    low_from, low_to = np.quantile(lows, (0.05, 0.95))
    high_from, high_to = np.quantile(highs, (0.05, 0.95))
    numbers = (low, low_from, low_to, high, high_from, high_to)
    return Interval(analyte, group, len(kept), *(round(float(number), 4) for number in numbers))


class Book:
    """The newest interval of each analyte and group, written out after each whole round."""

    def __init__(self, path):
        self.path = path
        self.intervals = {}

    def put(self, interval):
        self.intervals[interval.analyte, interval.group] = interval

    def write(self):
        draft = self.path + ".part"
        with open(draft, "w") as file:
            json.dump([asdict(interval) for interval in self.intervals.values()], file, indent=1)
        os.replace(draft, self.path)


def main():
    chance = np.random.default_rng(8)
    book = Book("intervals.json")
    tasks = [(analyte, group) for analyte in ANALYTES for group in GROUPS]
    due = time.monotonic()
    for number in range(1 << 40):
        for analyte, group in tasks:
            book.put(interval_of(chance, analyte, group, draw_values(chance, analyte)))
        book.write()
        if number == 1:
            print("ready", os.getpid(), flush=True)
        due = max(due + PERIOD, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
