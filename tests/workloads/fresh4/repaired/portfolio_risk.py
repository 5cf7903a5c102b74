# expect: healthy bench
"""Values the portfolios of a pension fund under scenarios of interest, and tells what each may lose in a bad year.

Measured while others used most of both cores: a portfolio costs about as much CPU as in the twin with threads (215 for
a second of CPU), but here two cores can be used at once.
"""

import collections
import concurrent.futures
import dataclasses
import logging
import os
import random
import statistics
import time

WORKERS = os.cpu_count() or 2
SCENARIOS = 60
logging.basicConfig(filename="risk.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


@dataclasses.dataclass(frozen=True)
class Bond:
    face: float
    coupon: float
    years: int
    rating: str


@dataclasses.dataclass(frozen=True)
class Portfolio:
    name: str
    bonds: tuple[Bond, ...]


SPREADS = {"AAA": 0.002, "AA": 0.004, "A": 0.008, "BBB": 0.015}


def curve(rng, start=0.025, years=31):
    """A path of short rates that comes back to its mean, as discount factors by year."""
    factors, rate, factor = [], start, 1.0
    for _ in range(years):
        rate = max(-0.01, rate + 0.3 * (0.03 - rate) + rng.gauss(0, 0.008))
        factor /= 1 + rate
        factors.append(factor)
    return factors


def value(bond, factors):
    spread = 1 / (1 + SPREADS[bond.rating])
    total, survives = 0.0, 1.0
    for year in range(bond.years):
        survives *= spread
        total += bond.face * bond.coupon * factors[year] * survives
    return total + bond.face * factors[bond.years - 1] * survives


def assess(portfolio, seed):
    """What the portfolio is worth on average, and what it loses in the worst twentieth of all scenarios."""
    rng = random.Random(seed)
    worth = []
    for _ in range(SCENARIOS):
        factors = curve(rng)
        worth.append(sum(value(bond, factors) for bond in portfolio.bonds))
    worth.sort()
    worst = worth[: max(1, len(worth) // 20)]
    mean = statistics.fmean(worth)
    return portfolio.name, mean, mean - statistics.fmean(worst)


class Desk:
    """Hands portfolios out to workers, a few more than there are workers, and keeps what they say."""

    def __init__(self, portfolios):
        self._portfolios = portfolios
        self._pool = concurrent.futures.ProcessPoolExecutor(WORKERS)
        self._losses = collections.defaultdict(lambda: collections.deque(maxlen=20))
        self.done = 0

    def _take(self, finished):
        for future in finished:
            name, _, loss = future.result()
            self._losses[name].append(loss)
            self.done += 1

    def rounds(self):
        """For ever; yields now and then."""
        running, number = set(), 0
        while True:
            while len(running) < 2 * WORKERS:
                portfolio = self._portfolios[number % len(self._portfolios)]
                running.add(self._pool.submit(assess, portfolio, number))
                number += 1
            finished, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            self._take(finished)
            yield

    def riskiest(self):
        return max(self._losses, key=lambda name: statistics.fmean(self._losses[name]))


def draw(number):
    rng = random.Random(number)
    ratings = list(SPREADS)
    bonds = [
        Bond(rng.randint(1, 50) * 1e5, rng.uniform(0.005, 0.06), rng.randint(1, 30), rng.choice(ratings))
        for _ in range(rng.randint(15, 40))
    ]
    return Portfolio(f"fund {number}", tuple(bonds))


def main():
    desk = Desk([draw(number) for number in range(50)])
    began = told = time.monotonic()
    print("ready", os.getpid(), flush=True)
    for _ in desk.rounds():
        now = time.monotonic()
        if now - told > 1:
            told = now
            logging.info("%.1f portfolios a second, most at risk %s", desk.done / (now - began), desk.riskiest())


if __name__ == "__main__":
    main()
