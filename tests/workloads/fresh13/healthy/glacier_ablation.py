# expect: healthy bench
"""Mass balance of glaciers: for sets of melt factors the season of each glacier is computed day by day, in a pool of
processes, and the sets that fit the stakes best are kept. Runs come in waves; between them the field's log is followed.

Measured: nothing to gain; two processes share the computing (26 % in all on a busy machine), the first needs 6 to 9 %.
"""

import ctypes
import heapq
import logging
import math
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass

log = logging.getLogger("ablation")
DAYS = 150
BANDS = 24
WORKERS = 2

_glaciers = None  # in each worker: what was handed over once, at its start


@dataclass(frozen=True)
class Glacier:
    name: str
    lowest: float
    spacing: float
    temperatures: tuple
    snowfall: tuple
    stakes: tuple


@dataclass(frozen=True, order=True)
class Trial:
    misfit: float
    snow_factor: float
    ice_factor: float
    lapse: float


def record(name, seed):
    chance = random.Random(seed)
    temperatures = tuple(6 + 9 * math.sin(math.pi * day / DAYS) + chance.gauss(0, 2) for day in range(DAYS))
    snowfall = tuple(chance.choice((0, 0, 0, 0, 4, 11)) for _ in range(DAYS))
    stakes = tuple(-3200 + 190 * band + chance.gauss(0, 80) for band in range(BANDS))
    return Glacier(name, 1900 + 40 * seed, 55.0, temperatures, snowfall, stakes)


def balance(glacier, height, snow_factor, ice_factor, lapse):
    """The season's balance of one height band, in millimetres of water."""
    snow, lost = 900.0, 0.0
    offset = (height - 1500) * lapse
    for warmth, fallen in zip(glacier.temperatures, glacier.snowfall):
        degrees = warmth - offset
        if degrees <= 1.0:
            snow += fallen
            continue
        melt = degrees * snow_factor
        if melt <= snow:
            snow -= melt
        else:
            lost += (1 - snow / melt) * degrees * ice_factor
            snow = 0.0
    return snow - 900.0 - lost


def begin(glaciers):
    global _glaciers
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: no worker outlives the run
    _glaciers = glaciers


def trial(factors):
    """How far a set of factors is from the stakes of all glaciers."""
    wrong = 0.0
    for glacier in _glaciers:
        for band in range(BANDS):
            height = glacier.lowest + band * glacier.spacing
            wrong += (balance(glacier, height, *factors) - glacier.stakes[band]) ** 2
    return Trial(math.sqrt(wrong / (BANDS * len(_glaciers))), *factors)


class FieldLog(threading.Thread):
    """Follows what the field party writes to its line; waits for it without asking."""

    def __init__(self, line):
        super().__init__(daemon=True)
        self.line = line
        self.last = ""
        self.count = 0

    def run(self):
        with os.fdopen(self.line, "r", buffering=1) as lines:
            for note in lines:
                self.last = note.rstrip()
                self.count += 1


class Calibration:
    def __init__(self, pool, seed=5):
        self.pool = pool
        self.chance = random.Random(seed)
        self.best = [Trial(math.inf, 4.0, 7.0, 0.0065)]

    def proposals(self, number):
        for _ in range(number):
            base = self.chance.choice(self.best)
            yield (
                max(0.5, base.snow_factor + self.chance.gauss(0, 0.4)),
                max(1.0, base.ice_factor + self.chance.gauss(0, 0.6)),
                min(0.01, max(0.004, base.lapse + self.chance.gauss(0, 0.0004))),
            )

    def wave(self, number):
        results = self.pool.imap_unordered(trial, self.proposals(number), chunksize=4)
        self.best = heapq.nsmallest(8, [*self.best, *results])
        return self.best[0]


def field_party(line):
    os.write(line, b"stake drilled\n")


def main():
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    glaciers = [record(name, seed) for seed, name in enumerate(("upper firn", "east tongue", "col", "dead ice"))]
    reading, writing = os.pipe()
    with multiprocessing.get_context("fork").Pool(WORKERS, begin, (glaciers,)) as pool:
        field = FieldLog(reading)
        field.start()
        calibration = Calibration(pool)
        print("ready", os.getpid(), flush=True)
        while True:
            before = calibration.best[0]
            found = calibration.wave(120)
            if found < before:
                log.info("misfit %.1f with %s; field: %s", found.misfit, found, field.last)
            field_party(writing)
            time.sleep(0.3)


if __name__ == "__main__":
    main()
