# expect: healthy bench
"""Fits the lactation curve of each cow (Wood: a * day^b * exp(-c * day)) to the milk recordings of her lactation, and
keeps the figures of the herds for the advisers. The recordings run through generators, a lactation at a time.

Measured: 18700 cows a second on a whole core (6000 to 8400 on 40 % of a busy machine); 15 MB.
"""

import itertools
import logging
import math
import os
import random
import statistics
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from pathlib import Path

HERDS, COWS = 60, 45
LACTATION = 305
logging.basicConfig(filename="advisers.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


@dataclass(frozen=True, slots=True)
class Recording:
    herd: int
    cow: int
    day: int
    kilos: float


@dataclass(frozen=True, slots=True)
class Curve:
    herd: int
    cow: int
    a: float
    b: float
    c: float

    @property
    def peak_day(self):
        return self.b / self.c if self.c > 0 else math.inf

    def yields(self):
        a, b, c = self.a, self.b, self.c
        return sum(a * day**b * math.exp(-c * day) for day in range(1, LACTATION + 1, 5)) * 5


def recordings(season):
    """What the milk meters of the recording days say: about ten days of each lactation."""
    chance = random.Random(season)
    for herd in range(HERDS):
        level = chance.gauss(18, 3)
        for cow in range(COWS):
            first = chance.randrange(5, 36)
            for day in range(first, LACTATION, 30):
                kilos = level * day**0.22 * math.exp(-0.004 * day) * chance.gauss(1, 0.07)
                yield Recording(herd, cow, day, round(kilos, 1))


def plausible(records):
    """Without what a meter cannot have seen."""
    for record in records:
        if 2 <= record.kilos <= 90:
            yield record


def lactations(records):
    for (herd, cow), group in itertools.groupby(records, key=lambda record: (record.herd, record.cow)):
        days = list(group)
        if len(days) >= 5:
            yield herd, cow, days


def solve(rows, right):
    """Three equations, by Gauss with the largest pivot."""
    lines = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for at in range(3):
        best = max(range(at, 3), key=lambda row: abs(lines[row][at]))
        lines[at], lines[best] = lines[best], lines[at]
        for below in range(at + 1, 3):
            factor = lines[below][at] / lines[at][at]
            lines[below] = [x - factor * y for x, y in zip(lines[below], lines[at], strict=True)]
    z = lines[2][3] / lines[2][2]
    y = (lines[1][3] - lines[1][2] * z) / lines[1][1]
    return (lines[0][3] - lines[0][1] * y - lines[0][2] * z) / lines[0][0], y, z


def fitted(groups):
    """The curves: least squares for ln(kilos) = ln(a) + b ln(day) - c day."""
    for herd, cow, records in groups:
        n = len(records)
        s_l = s_d = s_ll = s_ld = s_dd = s_y = s_ly = s_dy = 0.0
        for record in records:
            day, log_day, value = record.day, math.log(record.day), math.log(record.kilos)
            s_l += log_day
            s_d += day
            s_ll += log_day * log_day
            s_ld += log_day * day
            s_dd += day * day
            s_y += value
            s_ly += log_day * value
            s_dy += day * value
        log_a, b, c = solve([[n, s_l, s_d], [s_l, s_ll, s_ld], [s_d, s_ld, s_dd]], [s_y, s_ly, s_dy])
        yield Curve(herd, cow, math.exp(log_a), b, -c)


class Advice:
    """Figures by herd, of this season and some before it."""

    def __init__(self):
        self._seasons = deque(maxlen=8)

    def season(self, curves):
        by_herd = defaultdict(list)
        for curve in curves:
            by_herd[curve.herd].append((curve.yields(), curve.peak_day))
        figures = {}
        for herd, cows in by_herd.items():
            milk = [kilos for kilos, _ in cows]
            peaks = [day for _, day in cows if 0 < day < LACTATION]
            spread = statistics.pstdev(milk)
            figures[herd] = statistics.fmean(milk), spread, statistics.median(peaks) if peaks else None
        self._seasons.append(figures)
        return len(by_herd), sum(map(len, by_herd.values()))

    def write(self, path):
        last = self._seasons[-1]
        lines = [f"{herd}\t{mean:.0f}\t{spread:.0f}\t{peak}\n" for herd, (mean, spread, peak) in sorted(last.items())]
        path.write_text("".join(lines))


def main():
    advice = Advice()
    print("ready", os.getpid(), flush=True)
    told, cows = time.monotonic(), 0
    for season in itertools.count():
        _, fitted_cows = advice.season(fitted(lactations(plausible(recordings(season)))))
        cows += fitted_cows
        if (now := time.monotonic()) - told > 2:
            advice.write(Path("herds.tsv"))
            logging.info("season %d: %.0f cows a second", season, cows / (now - told))
            told, cows = now, 0


main()
