# expect: healthy bench
"""World of "Dryad Seasons": a forest that the players' dryads tend. The world lives in seasons: every two seconds a season
passes over all glades at once, in between it is still. The last state is kept in a file, from which a start goes on.
"""

import os
import time
from dataclasses import dataclass

import numpy as np

SIDE = 640
SEASON_SECONDS = 2.0
SEASONS = ("thaw", "bloom", "drought", "mast", "frost")
KEEP_EVERY = 15
DRYADS = 900


@dataclass(frozen=True)
class Weather:
    rain: float
    warmth: float
    fire: float


WEATHER = {
    "thaw": Weather(0.9, 0.4, 0.0),
    "bloom": Weather(0.7, 0.8, 0.0),
    "drought": Weather(0.1, 1.0, 0.0004),
    "mast": Weather(0.5, 0.6, 0.0),
    "frost": Weather(0.3, 0.0, 0.0),
}


def around(field):
    """The mean of the four neighbours of each glade; the world is a ring both ways."""
    total = np.roll(field, 1, 0)
    total += np.roll(field, -1, 0)
    total += np.roll(field, 1, 1)
    total += np.roll(field, -1, 1)
    total *= 0.25
    return total


class Forest:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        shape = (SIDE, SIDE)
        self.water = self.random.random(shape, dtype=np.float32)
        self.growth = self.random.random(shape, dtype=np.float32) * np.float32(0.5)
        self.acorns = np.zeros(shape, dtype=np.float32)
        self.dryads = self.random.integers(0, SIDE, size=(DRYADS, 2))
        self.season = 0

    def pass_season(self):
        weather = WEATHER[SEASONS[self.season % len(SEASONS)]]
        self.rain(weather)
        self.grow(weather)
        self.seed(weather)
        self.burn(weather)
        self.tend()
        self.season += 1

    def rain(self, weather):
        fallen = self.random.random(self.water.shape, dtype=np.float32)
        self.water += fallen * np.float32(weather.rain)
        self.water += np.float32(0.3) * (around(self.water) - self.water)
        np.clip(self.water, 0, 2, out=self.water)

    def grow(self, weather):
        drunk = np.minimum(self.water, np.float32(0.4)) * np.float32(weather.warmth)
        self.water -= drunk
        self.growth += np.float32(0.3) * drunk * (1 - self.growth)
        self.growth *= np.float32(0.985)

    def seed(self, weather):
        if weather.warmth < 0.5:
            return
        self.acorns += np.float32(0.2) * around(self.growth)
        sprouting = (self.growth < 0.1) & (self.acorns > 0.15)
        self.growth[sprouting] += np.float32(0.12)
        self.acorns[sprouting] = 0

    def burn(self, weather):
        if not weather.fire:
            return
        lit = self.random.random(self.growth.shape, dtype=np.float32) < weather.fire
        lit &= self.growth > 0.5
        for _ in range(4):
            lit |= (around(lit.astype(np.float32)) > 0.2) & (self.water < 0.3) & (self.growth > 0.3)
        self.growth[lit] = 0

    def tend(self):
        rows, columns = self.dryads.T
        np.add.at(self.growth, (rows, columns), np.float32(0.2))
        np.clip(self.growth, 0, 1, out=self.growth)
        self.dryads = (self.dryads + self.random.integers(-6, 7, size=self.dryads.shape)) % SIDE

    def keep(self, path):
        fresh = path + ".new"
        with open(fresh, "wb") as file:
            np.savez(
                file, season=self.season, water=self.water, growth=self.growth, acorns=self.acorns, dryads=self.dryads
            )
        os.replace(fresh, path)

    def take_up(self, path):
        with np.load(path) as kept:
            self.season = int(kept["season"])
            self.water, self.growth = kept["water"], kept["growth"]
            self.acorns, self.dryads = kept["acorns"], kept["dryads"]


def main():
    forest = Forest(31)
    if os.path.exists("forest.npz"):
        forest.take_up("forest.npz")
    forest.pass_season()
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    while True:
        forest.pass_season()
        if forest.season % KEEP_EVERY == 0:
            forest.keep("forest.npz")
        due += SEASON_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
