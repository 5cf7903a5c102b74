# expect: healthy bench
"""Reserves of an insurer by the chain-ladder method. Portfolios come up one after the other: their payments are put into a
triangle of years of loss and years of development, the factors are drawn, the missing half is projected, and a bootstrap
of the residuals tells how far the reserve may be off. Rates of exchange are kept once they were asked for.
Measured: 20 to 30 % of a core.
"""

import json
import os
import random
import statistics
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

YEARS = 12
PAYMENTS = 900
DRAWS = 12
BEAT = 0.1
LINES = ("motor", "household", "liability", "marine", "legal", "travel")
CURRENCIES = ("EUR", "CHF", "NOK", "PLN")


@dataclass(frozen=True)
class Payment:
    year: int
    development: int
    currency: str
    amount: float


@lru_cache(maxsize=None)  # four currencies, twenty-four years
def rate(currency, year):
    return {"EUR": 1.0, "CHF": 1.02, "NOK": 0.09, "PLN": 0.23}[currency] * (1 + 0.01 * (year % 5))


def payments(chance):
    """What was paid for one portfolio: most of it in the first years after the loss."""
    for _ in range(PAYMENTS):
        year = chance.randrange(YEARS)
        development = min(int(chance.expovariate(0.5)), YEARS - 1 - year)
        yield Payment(year, development, chance.choice(CURRENCIES), chance.lognormvariate(7, 1))


class Triangle:
    """Cumulative payments by year of loss; each row is a year shorter than the one above."""

    def __init__(self, rows):
        self.rows = rows

    @classmethod
    def of(cls, paid):
        rows = [[500.0] * (YEARS - year) for year in range(YEARS)]
        for each in paid:
            rows[each.year][each.development] += each.amount * rate(each.currency, each.year + each.development)
        for row in rows:
            for at in range(1, len(row)):
                row[at] += row[at - 1]
        return cls(rows)

    def factors(self):
        found = []
        for at in range(YEARS - 1):
            later = sum(row[at + 1] for row in self.rows[: YEARS - 1 - at])
            found.append(later / sum(row[at] for row in self.rows[: YEARS - 1 - at]))
        return found

    def reserve(self, factors):
        total = 0.0
        for row in self.rows:
            ultimate = row[-1]
            for factor in factors[len(row) - 1 :]:
                ultimate *= factor
            total += ultimate - row[-1]
        return total

    def fitted(self, factors):
        """The triangle as the factors would have it, from the last diagonal backwards."""
        rows = []
        for row in self.rows:
            back = [row[-1]]
            for factor in reversed(factors[: len(row) - 1]):
                back.append(back[-1] / factor)
            rows.append(back[::-1])
        return rows


class Bootstrap:
    def __init__(self, triangle, chance):
        self._chance = chance
        self._fitted = triangle.fitted(triangle.factors())
        pairs = zip(triangle.rows, self._fitted)
        self._residuals = [is_ / was for row, fit in pairs for is_, was in zip(row, fit)]

    def draw(self):
        count = sum(map(len, self._fitted))
        noise = iter(self._chance.choices(self._residuals, k=count))
        drawn = Triangle([[value * next(noise) for value in row] for row in self._fitted])
        return drawn.reserve(drawn.factors())


class Actuary:
    def __init__(self, seed):
        self._chance = random.Random(seed)
        self.results = deque(maxlen=60)
        self.done = 0

    def portfolio(self):
        line = LINES[self.done % len(LINES)]
        triangle = Triangle.of(payments(self._chance))
        best = triangle.reserve(triangle.factors())
        bootstrap = Bootstrap(triangle, self._chance)
        draws = [bootstrap.draw() for _ in range(DRAWS)]
        self.results.append({"line": line, "reserve": round(best), "spread": round(statistics.pstdev(draws))})
        self.done += 1


def main():
    actuary = Actuary(1693)
    path = Path(tempfile.mkdtemp(prefix="triangles")) / "reserves.json"
    reported = due = time.monotonic()
    for _ in range(3):
        actuary.portfolio()
    print("ready", os.getpid(), flush=True)
    while True:
        for _ in range(6):
            actuary.portfolio()
        if time.monotonic() - reported > 2:
            reported = time.monotonic()
            path.write_text(json.dumps({"done": actuary.done, "last": list(actuary.results)[-6:]}))
        due = max(due + BEAT, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
