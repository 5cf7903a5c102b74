# expect: healthy bench
"""Annuity curves: the actuaries' valuation of a book of 16,000 annuities. Thirty times a second new yield curves come in,
48 scenarios of them; the whole book is valued under each, and a summary goes to the actuaries' file.

Measured: 0.27 cores; memory steady.
"""

import json
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

ANNUITIES = 16_000
MONTHS = 360
SCENARIOS = 48
CURVES_PER_SECOND = 30
SURVIVAL = 0.9978


class Book:
    """The expected payments of all annuities, a row each, a column a month."""

    def __init__(self, rng):
        months = np.arange(MONTHS, dtype=np.float32)
        paid = rng.integers(40, 900, ANNUITIES).astype(np.float32)
        begin = rng.integers(0, 120, ANNUITIES).astype(np.float32)
        length = rng.integers(60, 240, ANNUITIES).astype(np.float32)
        self.expected = np.empty((ANNUITIES, MONTHS), dtype=np.float32)
        lived = SURVIVAL**months
        for at in range(0, ANNUITIES, 1000):
            rows = slice(at, at + 1000)
            due = (months >= begin[rows, None]) & (months < (begin + length)[rows, None])
            np.multiply(due * lived, paid[rows, None], out=self.expected[rows])
        self.region = rng.integers(0, 12, ANNUITIES)
        self.by_region = np.zeros((12, ANNUITIES), dtype=np.float32)
        self.by_region[self.region, np.arange(ANNUITIES)] = 1


class Market:
    """Makes the curves: a level, a slope and a hump that wander."""

    def __init__(self, rng):
        self._rng = rng
        self._state = np.array([0.03, 0.01, 0.005])
        years = np.arange(MONTHS) / 12
        decay = np.exp(-years / 2.5)
        self._shapes = np.stack([np.ones(MONTHS), decay, years * decay / 2.5])
        self._years = years[:, None]

    def discounts(self):
        self._state = self._state * 0.98 + np.array([0.03, 0.01, 0.005]) * 0.02
        self._state += self._rng.normal(0, 0.0005, 3)
        scenarios = self._state + self._rng.normal(0, 0.004, (SCENARIOS, 3))
        yields = (scenarios @ self._shapes).T
        return np.exp(-yields * self._years).astype(np.float32)


class Valuation:
    def __init__(self, book):
        self._book = book
        self._values = np.empty((ANNUITIES, SCENARIOS), dtype=np.float32)

    def run(self, discounts):
        np.matmul(self._book.expected, discounts, out=self._values)
        regions = self._book.by_region @ self._values
        totals = regions.sum(axis=0, dtype=np.float64)
        return {
            "mean": float(totals.mean()),
            "worst": float(np.partition(totals, -3)[-3:].mean()),
            "regions": [round(float(one), 2) for one in regions.mean(axis=1)],
        }


class Summary:
    """The last results, for the actuaries: one file, replaced every five seconds."""

    def __init__(self, path):
        self._path = path
        self._results = []
        self._written = time.monotonic()

    def add(self, result):
        self._results.append(result)
        now = time.monotonic()
        if now - self._written < 5:
            return
        with open(self._path + ".new", "w") as file:
            json.dump({"valuations": self._results, "worst": max(one["worst"] for one in self._results)}, file)
        os.replace(self._path + ".new", self._path)
        self._results.clear()
        self._written = now


def main():
    rng = np.random.default_rng(1725)
    market = Market(rng)
    valuation = Valuation(Book(rng))
    summary = Summary("annuities.json")
    valuation.run(market.discounts())
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    while True:
        summary.add(valuation.run(market.discounts()))
        due = max(due + 1 / CURVES_PER_SECOND, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
