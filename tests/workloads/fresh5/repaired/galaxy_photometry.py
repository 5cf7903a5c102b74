# expect: healthy bench
"""Measures the brightness of galaxies on the images of a telescope, against stars that are known. Two processes measure,
this one cuts the images into fields and collects.

Measured in the twin: 100 fields for each second of a core (of all three processes), 865 here.
"""

import logging
import math
import multiprocessing
import os
import random
import statistics
import time
from multiprocessing.connection import wait
from typing import NamedTuple

STARS, SOURCES, WORKERS = 2500, 120, 2
NIGHT = 400  # fields
logging.basicConfig(filename="photometry.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Star(NamedTuple):
    name: str
    magnitude: float
    colour: float


class Calibration:
    """The stars that are known, by their place on the sky; better known after each night."""

    def __init__(self):
        chance = random.Random(3)
        self.stars = {at: Star(f"GSC {at:05}", 9 + chance.random() * 8, chance.gauss(0.6, 0.3)) for at in range(STARS)}

    def refine(self, night):
        """What is known better now."""
        better = {}
        for at in range(night % 50, STARS, 50):
            star = self.stars[at]
            better[at] = star._replace(magnitude=star.magnitude + math.sin(night + at) / 1000)
        self.stars |= better
        return better


def measure(stars, sources):
    """The magnitude of each source: its counts against those of the stars next to it."""
    found = []
    for place, counts, sky in sources:
        near = [stars[(place + step) % STARS] for step in (-3, -2, -1, 1, 2, 3)]
        zero = statistics.fmean(star.magnitude + 0.06 * star.colour for star in near)
        signal = max(counts - sky, 1.0)
        found.append((place, zero - 2.5 * math.log10(signal / 1000), math.sqrt(counts) / signal))
    return found


def work(line, stars):
    while True:
        better, sources = line.recv()
        stars.update(better)
        line.send(measure(stars, sources))


class Worker:
    def __init__(self, context, calibration):
        self._better = {}  # what it does not know yet
        self.line, theirs = multiprocessing.Pipe()
        self._process = context.Process(target=work, args=(theirs, calibration.stars), daemon=True)
        self._process.start()

    def learn(self, better):
        self._better |= better

    def give(self, sources):
        self.line.send((self._better, sources))
        self._better = {}


class Survey:
    def __init__(self):
        self._calibration = Calibration()
        self._random = random.Random(11)
        context = multiprocessing.get_context("fork")
        self._workers = {one.line: one for one in (Worker(context, self._calibration) for _ in range(WORKERS))}
        self.fields, self.galaxies, self._faintest = 0, 0, 0.0

    def field(self):
        chance = self._random
        return [(chance.randrange(STARS), chance.uniform(2e3, 9e5), chance.uniform(100, 900)) for _ in range(SOURCES)]

    def collect(self, found):
        self.fields += 1
        good = [magnitude for _, magnitude, error in found if error < 0.05]
        self.galaxies += len(good)
        self._faintest = max([self._faintest, *good])
        if self.fields % NIGHT == 0:
            better = self._calibration.refine(self.fields // NIGHT)
            for worker in self._workers.values():
                worker.learn(better)

    def run(self):
        for worker in self._workers.values():
            worker.give(self.field())
        began = told = time.monotonic()
        while True:
            for line in wait(list(self._workers)):
                found = line.recv()
                self._workers[line].give(self.field())
                self.collect(found)
            if (now := time.monotonic()) - told > 1:
                told = now
                rate = self.fields / (now - began)
                logging.info("%.1f fields a second, %d galaxies, to %.2f", rate, self.galaxies, self._faintest)


if __name__ == "__main__":
    survey = Survey()
    print("ready", os.getpid(), flush=True)
    survey.run()
