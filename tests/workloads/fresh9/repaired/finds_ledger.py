# expect: healthy bench
"""Works through the find slips of an excavation, season by season: numbers the finds, dates them by what lay in the same
layer, and writes a ledger for each square of the grid.

Measured: 7.3 µs for each find; 45 µs in the problem.
"""

import os
import random
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

MATERIALS = ("pottery", "bone", "iron", "bronze", "glass", "flint", "amber", "antler")
PERIODS = ((-800, "Iron Age"), (-50, "Roman"), (450, "early medieval"), (1000, "medieval"), (1500, "modern"))
SQUARES = [f"{row}{column}" for row in "ABCDE" for column in range(1, 7)]
SLIPS = 40_000


@dataclass(frozen=True, slots=True)
class Slip:
    """What was written in the trench."""

    square: str
    layer: int
    material: str
    grams: float
    depth: float
    remark: str


@dataclass(slots=True)
class Find:
    number: int
    slip: Slip
    year: int
    period: str


def read_slips(season):
    """The slips of a season, in the order of the days on which they were written."""
    chance = random.Random(season)
    for _ in range(SLIPS):
        layer = chance.randint(1, 9)
        remark = "see drawing" if chance.random() < 0.1 else ""
        yield Slip(
            chance.choice(SQUARES),
            layer,
            chance.choice(MATERIALS),
            round(chance.expovariate(1 / 40), 1),
            round(layer * 0.22 + chance.uniform(-0.08, 0.08), 2),
            remark,
        )


def period_of(year):
    name = "older"
    for since, called in PERIODS:
        if year >= since:
            name = called
    return name


class Dating:
    """Years for layers: the deeper the older, and what is datable in a layer moves its mean."""

    def __init__(self):
        self._sums = defaultdict(lambda: [0, 0])

    def year(self, slip):
        guess = int(1700 - slip.depth * 1150)
        known = self._sums[slip.square, slip.layer]
        if slip.material in ("bronze", "glass", "pottery"):
            known[0] += guess
            known[1] += 1
        return known[0] // known[1] if known[1] else guess


class Ledgers:
    """One text file for each square, under the folder of the excavation."""

    def __init__(self, folder):
        self._folder = Path(folder)
        self._files = {}

    def begin(self, season):
        for square in SQUARES:
            self._files[square] = self._path(square).open("w", encoding="utf-8")
            self._files[square].write(f"square {square}, season {season}\n")

    def finish(self):
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _path(self, square):
        return self._folder / f"square-{square}.txt"

    def enter(self, find):
        slip = find.slip
        self._files[slip.square].write(
            f"{find.number:06}\t{slip.layer}\t{slip.material}\t{slip.grams:.1f} g\t{slip.depth:.2f} m"
            f"\t{find.year}\t{find.period}\t{slip.remark}\n"
        )


class Season:
    def __init__(self, year, ledgers):
        self.year = year
        self._ledgers = ledgers
        self._dating = Dating()
        self.by_period = Counter()
        self.grams = Counter()

    def number(self, first):
        """Finds in the order of their slips; the very small ones are only weighed."""
        number = first
        for slip in read_slips(self.year):
            self.grams[slip.material] += slip.grams
            if slip.grams < 0.5:
                continue
            year = self._dating.year(slip)
            yield Find(number, slip, year, period_of(year))
            number += 1

    def work(self, first):
        self._ledgers.begin(self.year)
        number = first
        for find in self.number(first):
            self.by_period[find.period] += 1
            self._ledgers.enter(find)
            number = find.number
        self._ledgers.finish()
        return number + 1


def report(seasons, finds, seconds, season):
    heaviest = ", ".join(f"{material} {grams / 1000:.1f} kg" for material, grams in season.grams.most_common(3))
    periods = ", ".join(f"{period} {count}" for period, count in season.by_period.most_common())
    return f"{seasons} seasons, {1e6 * seconds / finds:.1f} us for each find\n{periods}\n{heaviest}\n"


def main():
    print("ready", os.getpid(), flush=True)
    with tempfile.TemporaryDirectory(prefix="dig-") as folder:
        ledgers = Ledgers(folder)
        year, number, spent = 1961, 1, 0.0
        while True:
            began = time.process_time()
            season = Season(year, ledgers)
            number = season.work(number)
            spent += time.process_time() - began
            year += 1
            Path("report.txt").write_text(report(year - 1961, number, spent, season))


if __name__ == "__main__":
    import signal
    import sys

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main()
