# expect: healthy bench
"""Squall lines from radar: runs through a season's composites, twenty a second; each is cleaned, its motion is found,
and what it brings to the marinas within the hour is looked up where it comes from.
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROWS, COLUMNS = 600, 720
KM_PER_CELL = 0.5
LEADS_MINUTES = (10, 20, 30, 45, 60)
PERIOD = 0.05
SEARCH = 12  # cells, each way
WARN_DBZ = 45.0

MARINAS = {
    "Breege": (80, 420),
    "Barhöft": (120, 320),
    "Lauterbach": (190, 480),
    "Kröslin": (260, 540),
    "Kamminke": (340, 600),
    "Ueckermünde": (380, 580),
    "Ribnitz": (150, 180),
    "Waren": (500, 300),
}


@dataclass(frozen=True)
class Motion:
    rows: float
    columns: float

    @property
    def kmh(self) -> float:
        return float(np.hypot(self.rows, self.columns) * KM_PER_CELL * 12)


class Radar:
    """Composites of a squall line that crosses the area, five minutes apart."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        rows, columns = np.ogrid[0:ROWS, 0:COLUMNS]
        self.bend = (0.0005 * (rows - ROWS / 2) ** 2).astype(np.float32)
        self.columns = columns.astype(np.float32)
        self.clutter = self.random.random((6, ROWS, COLUMNS), dtype=np.float32) * 8
        self.number = 0

    def composite(self) -> np.ndarray:
        self.number += 1
        front = (self.number * 4.0) % (COLUMNS + 80) - 40
        echo = self.columns - (front + self.bend)
        np.square(echo, out=echo)
        echo *= -1 / 162
        np.exp(echo, out=echo)
        echo *= 55
        echo += self.clutter[self.number % 6]
        return echo


class MotionFinder:
    """The shift between two composites, from the peak of their correlation."""

    def __init__(self):
        taper = np.hanning(ROWS)[:, None] * np.hanning(COLUMNS)[None, :]
        self.taper = taper.astype(np.float32)
        self.last: np.ndarray | None = None
        self.motion = Motion(0.0, 0.0)

    def find(self, echo: np.ndarray) -> Motion:
        spectrum = np.fft.rfft2(echo * self.taper)
        if self.last is not None:
            match = np.fft.irfft2(spectrum * np.conj(self.last), s=(ROWS, COLUMNS))
            near = np.roll(match, (SEARCH, SEARCH), axis=(0, 1))[: 2 * SEARCH + 1, : 2 * SEARCH + 1]
            row, column = np.unravel_index(int(near.argmax()), near.shape)
            self.motion = Motion(
                0.8 * self.motion.rows + 0.2 * (int(row) - SEARCH),
                0.8 * self.motion.columns + 0.2 * (int(column) - SEARCH),
            )
        self.last = spectrum
        return self.motion


def despeckle(echo: np.ndarray) -> np.ndarray:
    kept = np.where(echo > 12, echo, np.float32(0))
    inner = kept[1:-1, 1:-1]
    neighbours = kept[:-2, 1:-1] + kept[2:, 1:-1] + kept[1:-1, :-2] + kept[1:-1, 2:]
    inner[neighbours < 20] = 0
    return kept


def strongest_near(echo: np.ndarray, row: int, column: int, reach: int = 4) -> float:
    top, left = row - reach, column - reach
    box = echo[max(top, 0) : max(row + reach + 1, 0), max(left, 0) : max(column + reach + 1, 0)]
    return float(box.max()) if box.size else 0.0


def outlook(echo: np.ndarray, motion: Motion) -> dict[str, dict[str, float]]:
    """For each marina the strongest echo that the motion brings to it, by lead time: looked up where it comes from."""
    found = {}
    for name, (row, column) in MARINAS.items():
        coming = {}
        for minutes in LEADS_MINUTES:
            steps = minutes / 5
            from_row = round(row - motion.rows * steps)
            from_column = round(column - motion.columns * steps)
            coming[f"+{minutes}"] = round(strongest_near(echo, from_row, from_column), 1)
        found[name] = coming
    return found


class Warnings:
    def __init__(self, path: Path):
        self.path = path
        self.state: dict[str, bool] = dict.fromkeys(MARINAS, False)

    def update(self, coming: dict[str, dict[str, float]], motion: Motion) -> None:
        state = {name: max(levels.values()) >= WARN_DBZ for name, levels in coming.items()}
        if state == self.state:
            return
        self.state = state
        page = {"warned": [name for name, on in state.items() if on], "kmh": round(motion.kmh), "outlook": coming}
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(page, ensure_ascii=False))
        fresh.replace(self.path)


def main() -> None:
    radar = Radar(seed=5)
    finder = MotionFinder()
    warnings = Warnings(Path("squalls.json"))
    due = time.monotonic()
    turn = 0
    while True:
        echo = despeckle(radar.composite())
        motion = finder.find(echo)
        warnings.update(outlook(echo, motion), motion)
        turn += 1
        if turn == 4:
            print("ready", os.getpid(), flush=True)
        due = max(due + PERIOD, time.monotonic() - PERIOD)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
