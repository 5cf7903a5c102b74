# expect: pattern=open-close-churn bench
"""Counts the yearly layers (varves) of lake sediment cores from their grey-scale scans: each layer is found, measured and
dated, and noted in the provenance file of its section, so that a reviewer can follow every count.

Measured: by strace, of 3 s, problem 3923 opens and closes (one a layer), twin 3; CPU on the shared machine 131 against
19 hundredths in 6 s.
"""

import csv
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SECTIONS = ["SUI-1A", "SUI-1B", "SUI-2A", "SUI-2B", "MEE-1A", "MEE-1B"]
LAYERS_A_SECTION = 6000
LAYERS_A_BATCH = 250
BATCHES_A_SECOND = 25
MARKERS = {1815: "Tambora", 1783: "Laki", 1600: "Huaynaputina", 1257: "Samalas"}


@dataclass(slots=True)
class Layer:
    year: int
    depth: float
    thickness: float
    contrast: float
    marker: str = ""


class Scan:
    """Grey values along a core; dark winter clay alternates with light summer silt."""

    def __init__(self, section, seed):
        self.section = section
        rng = random.Random(seed)
        self.profiles = [
            [rng.randrange(30, 90) for _ in range(5)] + [rng.randrange(120, 210) for _ in range(6)] for _ in range(500)
        ]

    def pieces(self, first, count):
        for at in range(first, first + count):
            yield self.profiles[at % len(self.profiles)]


class Provenance:
    """One file for each section, a row for each decision."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def _file(self, section):
        return self.folder / f"{section}.csv"

    def begin(self, section):
        with self._file(section).open("w", newline="") as out:
            csv.writer(out).writerow(["year", "depth_mm", "thickness_mm", "contrast", "marker"])

    def note(self, section, layer):
        with open(self._file(section), "a", newline="") as out:  # <- cost
            row = [layer.year, f"{layer.depth:.3f}", f"{layer.thickness:.3f}", f"{layer.contrast:.2f}", layer.marker]
            csv.writer(out).writerow(row)

    def batch_done(self, section):
        pass


class Chronology:
    """Years run back from the year of coring; a mean of thickness tells melt years from dry ones."""

    def __init__(self, cored):
        self.year, self.depth, self.mean = cored, 0.0, 0.0
        self.melt_years = 0

    def next(self, grey):
        dark = min(grey)
        light = max(grey)
        edge = (dark + light) / 2
        thickness = 0.11 * sum(1 for value in grey if value >= edge)
        self.depth += thickness
        self.year -= 1
        self.mean += (thickness - self.mean) * 0.02
        if thickness > 1.3 * self.mean:
            self.melt_years += 1
        return Layer(self.year, self.depth, thickness, (light - dark) / (light + dark), MARKERS.get(self.year, ""))


class Counter:
    def __init__(self, provenance):
        self.provenance = provenance
        self.layers = 0

    def count(self, scan, pace):
        chronology = Chronology(2021)
        self.provenance.begin(scan.section)
        for first in range(0, LAYERS_A_SECTION, LAYERS_A_BATCH):
            for grey in scan.pieces(first, LAYERS_A_BATCH):
                self.provenance.note(scan.section, chronology.next(grey))
                self.layers += 1
            self.provenance.batch_done(scan.section)
            pace()
        return chronology


def pacer(rate):
    """The scanner's table moves on so many times a second."""
    due = time.monotonic()

    def pace():
        nonlocal due
        due = max(due + 1 / rate, time.monotonic() - 0.5)
        time.sleep(max(0.0, due - time.monotonic()))

    return pace


def main():
    folder = tempfile.mkdtemp(prefix="varves-")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        scans = [Scan(section, seed) for seed, section in enumerate(SECTIONS)]
        counter = Counter(Provenance(folder))
        pace = pacer(BATCHES_A_SECOND)
        print("ready", os.getpid(), flush=True)
        while True:
            for scan in scans:
                counter.count(scan, pace)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
