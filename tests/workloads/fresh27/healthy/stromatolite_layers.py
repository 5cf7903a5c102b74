# expect: healthy bench
"""Stromatolite layer counter: finds the laminae in scans of polished sections, in bursts.

Every three seconds the scanner's drawer brings a set of twelve strips; they are worked on at once, a few hundred
milliseconds of FFTs, and one transaction puts the result into SQLite. In between there is nothing to do.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import queue
import sqlite3
import threading
import time
from dataclasses import dataclass

import numpy as np

LONG = 4096
WIDE = 192
STRIPS = 12
DRAWER_SECONDS = 3.0
SMOOTH = 2.5
LARGEST_GAP = 60.0


@dataclass
class Strip:
    section: int
    number: int
    pixels: np.ndarray


def scan_strip(seed):
    """A strip as the scanner sees it: dark and light layers of changing thickness, bent a little, with grain."""
    rng = np.random.default_rng(seed)
    thickness = rng.gamma(6.0, 3.0, LONG // 8)
    borders = np.cumsum(thickness)
    at = np.arange(LONG)
    layer = np.searchsorted(borders, at) % 2
    bend = (6 * np.sin(np.linspace(0, np.pi, WIDE))).astype(int)
    columns = np.stack([np.roll(layer, shift) for shift in bend], axis=1)
    seen = 90 + 70 * columns + rng.normal(0, 9, (LONG, WIDE))
    return np.clip(seen, 0, 255).astype(np.uint8)


class Drawer:
    """The scanner: it brings a set of strips at a time."""

    def __init__(self, out):
        self.out = out
        self.strips = [scan_strip(seed) for seed in range(STRIPS * 2)]

    def run(self):
        due = time.monotonic()
        section = 0
        while True:
            first = section % 2 * STRIPS
            self.out.put([Strip(section, n, self.strips[first + n]) for n in range(STRIPS)])
            section += 1
            due += DRAWER_SECONDS
            time.sleep(max(0.0, due - time.monotonic()))


class LayerFinder:
    """Straightens a strip's columns against its middle one, and finds the borders in their mean."""

    def __init__(self):
        frequency = np.fft.rfftfreq(LONG)
        self.smooth = np.exp(-2 * (np.pi * frequency * SMOOTH) ** 2)
        self.slope = 2j * np.pi * frequency * self.smooth
        self.frequency = frequency

    def straighten(self, spectra):
        """How far each column lies from the middle one, and the columns' mean when they are moved back."""
        middle = spectra[:, WIDE // 2 : WIDE // 2 + 1]
        likeness = np.fft.irfft(spectra * np.conj(middle), LONG, axis=0)
        shift = likeness.argmax(axis=0)
        shift = np.where(shift > LONG // 2, shift - LONG, shift)
        back = np.exp(2j * np.pi * self.frequency[:, None] * shift[None, :])
        return shift, (spectra * back).mean(axis=1)

    def find(self, strip):
        pixels = strip.pixels.astype(np.float32)
        spectra = np.fft.rfft(pixels - pixels.mean(axis=0), axis=0)
        shift, mean = self.straighten(spectra)
        level = np.fft.irfft(mean * self.smooth, LONG)
        steep = np.abs(np.fft.irfft(mean * self.slope, LONG))
        inner = steep[1:-1]
        peaks = np.nonzero((inner > steep[:-2]) & (inner >= steep[2:]) & (inner > 2.0))[0] + 1
        gaps = np.diff(peaks)
        gaps = gaps[gaps < LARGEST_GAP]
        return (
            strip.section,
            strip.number,
            len(peaks),
            float(gaps.mean()) if len(gaps) else None,
            float(gaps.std()) if len(gaps) else None,
            int(shift.max() - shift.min()),
            float(level.std()),
        )


class Results:
    def __init__(self, path):
        self.base = sqlite3.connect(path)
        self.base.execute("PRAGMA journal_mode = WAL")
        self.base.execute(
            "CREATE TABLE layers (section INTEGER, strip INTEGER, borders INTEGER, gap REAL, spread REAL,"
            " bend INTEGER, contrast REAL, PRIMARY KEY (section, strip)) WITHOUT ROWID"
        )

    def add(self, rows):
        with self.base:
            self.base.executemany("INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def main():
    finder = LayerFinder()
    results = Results("layers.db")
    brought = queue.Queue(maxsize=4)
    drawer = Drawer(brought)
    threading.Thread(target=drawer.run, daemon=True).start()
    results.add([finder.find(strip) for strip in brought.get()])
    print("ready", os.getpid(), flush=True)
    while True:
        results.add([finder.find(strip) for strip in brought.get()])


if __name__ == "__main__":
    main()
