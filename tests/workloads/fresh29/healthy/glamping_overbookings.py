# expect: healthy bench
"""How many tents may each site of a glamping chain oversell? The planning job takes one site and week after the other,
simulates its guests (those who cancel, who do not come, who leave early) with NumPy, and keeps the limit that earns most.
"""

import itertools
import os
import sys
from dataclasses import dataclass

import numpy as np

SITES = 30
WEEKS = 26
RUNS = 8_000
MOST_OVER = 14


@dataclass(frozen=True)
class Site:
    number: int
    tents: int
    price: float
    walk_cost: float
    no_show: float
    late_cancel: float


@dataclass(frozen=True)
class Plan:
    site: int
    week: int
    oversell: int
    earned: float
    turned_away: float


def sites():
    made = []
    for number in range(SITES):
        tents = 30 + number * 7 % 60
        price = 95.0 + number * 13 % 80
        made.append(Site(number, tents, price, price * 2.6, 0.03 + number % 5 * 0.01, 0.05 + number % 7 * 0.008))
    return made


def demand_of(site, week):
    season = 0.75 + 0.45 * np.sin(np.pi * (week + 0.5) / WEEKS)
    return site.tents * season * 1.25


class Simulator:
    """Works in arrays of its own, a row for each number of tents that may be oversold and a column for each run."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.booked, self.arrived, self.housed = (np.empty((MOST_OVER + 1, RUNS), np.float32) for _ in range(3))
        self.share = np.empty(RUNS, np.float32)

    def run(self, site, week):
        """The mean earnings and guests turned away for each limit."""
        demand = self.rng.poisson(demand_of(site, week), RUNS)
        limits = (site.tents + np.arange(MOST_OVER + 1))[:, None]
        accepted = np.minimum(demand, limits[-1])
        came = self.rng.binomial(accepted, 1 - site.no_show - site.late_cancel)
        np.divide(came, np.maximum(accepted, 1), out=self.share, casting="same_kind")

        np.minimum(demand, limits, out=self.booked, casting="same_kind")
        np.multiply(self.booked, self.share, out=self.arrived)
        np.rint(self.arrived, out=self.arrived)
        np.minimum(self.arrived, site.tents, out=self.housed)
        booked, arrived, housed = (one.mean(axis=1) for one in (self.booked, self.arrived, self.housed))
        away = arrived - housed
        earned = housed * site.price + (booked - arrived) * site.price * 0.3 - away * site.walk_cost
        return earned, away


def plan(simulator, site, week):
    earned, away = simulator.run(site, week)
    best = int(earned.argmax())
    return Plan(site.number, week, best, float(earned[best]), float(away[best]))


def publish(plans, file):
    for one in plans:
        file.write(f"{one.site},{one.week},{one.oversell},{one.earned:.2f},{one.turned_away:.4f}\n")
    file.flush()


def night(simulator, every_site, number):
    """One run of the planning over all sites; the file of the night before is replaced when it is complete."""
    with open("oversell.csv.new", "w") as file:
        file.write("site,week,oversell,earned,turned_away\n")
        for site in every_site:
            publish([plan(simulator, site, week) for week in range(WEEKS)], file)
            if number == 0 and site.number == 0:
                print("ready", os.getpid(), flush=True)
    os.replace("oversell.csv.new", "oversell.csv")


def main():
    simulator = Simulator(2027)
    every_site = sites()
    for number in itertools.count():
        night(simulator, every_site, number)


if __name__ == "__main__":
    sys.exit(main())
