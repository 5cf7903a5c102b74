# expect: healthy bench
"""Works out what an insurance company has to put aside for claims that are not settled yet: the chain-ladder method, and a
bootstrap over two processes for how far it may be off; one line of business after the other.

Measured: the two processes of the pool want a core each (96 %), the parent takes 5 % of a core.
"""

import itertools
import json
import math
import multiprocessing
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

YEARS, DRAWS, PART, KEPT = 14, 2400, 200, 30


@dataclass(frozen=True)
class Business:
    """A line of business: what was paid, by the year of the accident and the years since."""

    number: int
    triangle: tuple

    @classmethod
    def of(cls, number):
        drawn = random.Random(number)
        rows = []
        for year in range(YEARS):
            volume, paid, row = 900 * 1.03**year * drawn.uniform(0.8, 1.3), 0.0, []
            for since in range(YEARS - year):
                paid += volume * math.exp(-0.5 * since) * drawn.uniform(0.7, 1.3)
                row.append(paid)
            rows.append(tuple(row))
        return cls(number, tuple(rows))


def factors(triangle):
    """How the sum of payments grows from each year to the next."""
    grown = []
    for since in range(YEARS - 1):
        rows = triangle[: YEARS - since - 1]
        grown.append(sum(row[since + 1] for row in rows) / sum(row[since] for row in rows))
    return grown


def reserve(triangle, grown):
    """What is still to be paid for all years."""
    to_come, rest = [1.0], 1.0
    for factor in reversed(grown):
        rest *= factor
        to_come.append(rest)
    return sum(row[-1] * (to_come[year] - 1) for year, row in enumerate(triangle))


def fitted(triangle, grown):
    """The triangle as the method would have it: from the last payments backwards."""
    rows = []
    for row in triangle:
        back = [row[-1]]
        for since in range(len(row) - 2, -1, -1):
            back.append(back[-1] / grown[since])
        rows.append(back[::-1])
    return rows


def steps(row):
    return [row[0], *(after - before for before, after in itertools.pairwise(row))]


def draw_part(task):
    """Some draws of the bootstrap: residuals put at other places, and the reserve of what comes out."""
    means, residuals, count, seed = task
    drawn, found = random.Random(seed), []
    for _ in range(count):
        triangle = []
        for row in means:
            paid, built = 0.0, []
            for mean, residual in zip(row, drawn.choices(residuals, k=len(row)), strict=True):
                paid += max(mean * 0.05, mean + residual * math.sqrt(mean))
                built.append(paid)
            triangle.append(built)
        found.append(reserve(triangle, factors(triangle)))
    return found


class Actuary:
    def __init__(self, pool):
        self._pool = pool

    def judge(self, business):
        grown = factors(business.triangle)
        best = reserve(business.triangle, grown)
        means = [[max(1e-9, step) for step in steps(row)] for row in fitted(business.triangle, grown)]
        residuals = [
            (step - mean) / math.sqrt(mean)
            for row, expected in zip(business.triangle, means, strict=True)
            for step, mean in zip(steps(row), expected, strict=True)
        ]
        tasks = [(means, residuals, PART, business.number * DRAWS + part) for part in range(0, DRAWS, PART)]
        drawn = sorted(itertools.chain.from_iterable(self._pool.imap_unordered(draw_part, tasks)))
        return {
            "business": business.number,
            "reserve": round(best, 1),
            "median": round(drawn[len(drawn) // 2], 1),
            "once in 200 years": round(drawn[int(len(drawn) * 0.995)], 1),
        }


def main():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        actuary, results, told = Actuary(pool), [], time.monotonic()
        print("ready", os.getpid(), flush=True)
        for number in itertools.count():
            results.append(actuary.judge(Business.of(number)))
            if time.monotonic() - told > 2:
                told = time.monotonic()
                Path("reserves.json").write_text(json.dumps(results[-KEPT:], indent=1))
                del results[:-KEPT]


if __name__ == "__main__":
    main()
