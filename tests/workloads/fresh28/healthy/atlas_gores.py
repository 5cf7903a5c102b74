# expect: healthy bench
"""Gores for globes: a batch job that reprojects sheets of an atlas into the twelve pointed strips that are glued onto a
ball, shades the hills, and writes each strip for the printer. The projection of a strip depends on its number only and
is kept; the sheets differ.
"""

import os
import queue
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

GORES = 12
HEIGHT, WIDTH = 900, 420
SHEET_ROWS, SHEET_COLUMNS = 720, 1440
KEPT = 36
LIGHT = np.radians(315)
ALTITUDE = np.radians(45)


@dataclass(frozen=True)
class Projection:
    """For each pixel of a strip: where it lies in the sheet, and how far between two points of it."""

    inside: np.ndarray
    upper: np.ndarray
    step_right: np.ndarray
    across: np.ndarray
    down: np.ndarray


def project(gore):
    latitude = np.linspace(np.pi / 2, -np.pi / 2, HEIGHT)[:, None]
    half = np.pi / GORES
    offset = np.linspace(-half, half, WIDTH)[None, :]
    narrow = np.maximum(np.cos(latitude), 1e-6)
    longitude = offset / narrow
    inside = np.flatnonzero(np.abs(longitude) <= half)
    centre = -np.pi + (2 * gore + 1) * half
    row = np.broadcast_to((np.pi / 2 - latitude) / np.pi * (SHEET_ROWS - 2), (HEIGHT, WIDTH)).ravel()[inside]
    column = ((longitude + centre + np.pi) / (2 * np.pi) * SHEET_COLUMNS).ravel()[inside]
    top, left = row.astype(np.int32), np.floor(column).astype(np.int32)
    right = (left + 1) % SHEET_COLUMNS
    return Projection(
        inside,
        top * SHEET_COLUMNS + left % SHEET_COLUMNS,
        right - left % SHEET_COLUMNS,
        (column - left).astype(np.float32),
        (row - top).astype(np.float32),
    )


def shade(heights):
    """The light on the slopes of a sheet, from the north-west."""
    south, east = np.gradient(heights)
    slope = np.arctan(np.hypot(south, east) * np.float32(0.02))
    aspect = np.arctan2(-south, east)
    light = np.sin(ALTITUDE) * np.cos(slope) + np.cos(ALTITUDE) * np.sin(slope) * np.cos(LIGHT - aspect)
    return np.clip(light * 255, 0, 255).astype(np.float32)


def strip(sheet, projection):
    flat = sheet.ravel()
    upper, lower = projection.upper, projection.upper + SHEET_COLUMNS
    left = flat[upper]
    above = left + (flat[upper + projection.step_right] - left) * projection.across
    left = flat[lower]
    below = left + (flat[lower + projection.step_right] - left) * projection.across
    printed = np.full(HEIGHT * WIDTH, 255, np.uint8)
    printed[projection.inside] = above + (below - above) * projection.down
    return printed.reshape(HEIGHT, WIDTH)


def sheets(waiting):
    """Reads the sheets ahead; here they are made of waves, as those of the surveyors are not ours."""
    rows = np.linspace(0, np.pi, SHEET_ROWS, dtype=np.float32)[:, None]
    columns = np.linspace(0, 2 * np.pi, SHEET_COLUMNS, endpoint=False, dtype=np.float32)[None, :]
    chance = np.random.default_rng(6)
    number = 0
    while True:
        heights = np.zeros((SHEET_ROWS, SHEET_COLUMNS), np.float32)
        for north, east in chance.integers(1, 30, (4, 2)):
            heights += np.sin(rows * north) * np.cos(columns * east) * np.float32(2000 / (north + east))
        waiting.put((number, heights))
        number += 1


def main():
    folder = Path("gores")
    folder.mkdir(exist_ok=True)
    projections = [project(gore) for gore in range(GORES)]
    waiting = queue.Queue(maxsize=2)
    threading.Thread(target=sheets, args=(waiting,), daemon=True).start()
    written = 0
    while True:
        number, heights = waiting.get()
        lit = shade(heights)
        for gore, projection in enumerate(projections):
            path = folder / f"{written % KEPT:03}.pgm"
            with path.open("wb", buffering=0) as file:
                file.write(b"P5 %d %d 255\n" % (WIDTH, HEIGHT) + strip(lit, projection).tobytes())
            written += 1
        if number == 1:
            print("ready", os.getpid(), flush=True)


if __name__ == "__main__":
    main()
