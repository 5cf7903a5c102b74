# expect: healthy bench
"""Identifies powders in a laboratory by X-ray diffraction: the lines of a sample are compared with a library of phases
in two worker processes that stay; samples come in trays, and between trays the diffractometer is loaded.

Measured: a sample takes 30 ms of a worker, a tray 90 ms on two cores, every 0.8 s; 17 MB in each process.
"""

import math
import multiprocessing
import os
import random
import signal
import sys
import time
from array import array
from bisect import bisect_left
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

PHASES, LINES = 700, 14
TOLERANCE = 0.08  # degrees
TRAY = 6


@dataclass(frozen=True)
class Phase:
    name: str
    angles: array
    strengths: array


@dataclass(frozen=True)
class Sample:
    number: int
    angles: array
    strengths: array


def library(seed: int) -> list[Phase]:
    """Phases as a collection of crystal structures has them: spacings by Bragg's law, for copper radiation."""
    chance = random.Random(seed)
    phases = []
    for number in range(PHASES):
        cell = chance.uniform(3.2, 9.5)
        spacings = {
            cell / math.sqrt(h * h + j * j + k * k) for h in range(1, 5) for j in range(h + 1) for k in range(j + 1)
        }
        shown = sorted(2 * math.degrees(math.asin(1.5406 / 2 / d)) for d in spacings if d > 0.8)[:LINES]
        strengths = array("d", (100 * math.exp(-n / 6) * chance.uniform(0.4, 1) for n in range(len(shown))))
        phases.append(Phase(f"phase {number}", array("d", shown), strengths))
    return phases


class Matcher:
    """What a worker keeps between samples."""

    def __init__(self, phases: list[Phase]) -> None:
        self._phases = phases

    @staticmethod
    def score(phase: Phase, sample: Sample, shift: float) -> float:
        """The share of a phase's strength that the sample shows, with its zero point shifted."""
        found = total = 0.0
        for angle, strength in zip(phase.angles, phase.strengths, strict=True):
            total += strength
            at = bisect_left(sample.angles, angle + shift - TOLERANCE)
            if at < len(sample.angles) and sample.angles[at] <= angle + shift + TOLERANCE:
                off = (sample.angles[at] - angle - shift) / TOLERANCE
                found += min(strength, sample.strengths[at]) * (1 - off * off / 2)
        return found / total

    def best(self, sample: Sample) -> tuple[int, list[tuple[float, str]]]:
        ranked = []
        for phase in self._phases:
            good = max(self.score(phase, sample, step * 0.02) for step in range(-3, 4))
            ranked.append((round(good, 4), phase.name))
        ranked.sort(reverse=True)
        return sample.number, ranked[:5]


matcher: Matcher | None = None


def begin(seed: int) -> None:
    global matcher
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    matcher = Matcher(library(seed))


def identify(sample: Sample) -> tuple[int, list[tuple[float, str]]]:
    assert matcher is not None
    return matcher.best(sample)


class Diffractometer:
    def __init__(self, phases: list[Phase], seed: int) -> None:
        self._phases = phases
        self._chance = random.Random(seed)
        self._number = 0

    def tray(self) -> list[Sample]:
        return [self._measure() for _ in range(TRAY)]

    def _measure(self) -> Sample:
        """A mixture of two phases, with a few lines of dirt."""
        self._number += 1
        lines = [(self._chance.uniform(10, 120), 3.0) for _ in range(5)]
        for phase in self._chance.sample(self._phases, 2):
            share, zero = self._chance.uniform(0.3, 1), self._chance.gauss(0, 0.02)
            lines += [(a + zero, s * share) for a, s in zip(phase.angles, phase.strengths, strict=True)]
        lines.sort()
        return Sample(self._number, array("d", (a for a, _ in lines)), array("d", (s for _, s in lines)))


def main() -> None:
    diffractometer = Diffractometer(library(1912), 3)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    recent: deque[tuple[int, str]] = deque(maxlen=100)
    own = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(2, mp_context=own, initializer=begin, initargs=(1912,)) as workers:
        print("ready", os.getpid(), flush=True)
        due = time.monotonic()
        while True:
            for number, ranked in workers.map(identify, diffractometer.tray()):
                recent.append((number, ranked[0][1]))
            due = max(due + 0.8, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
