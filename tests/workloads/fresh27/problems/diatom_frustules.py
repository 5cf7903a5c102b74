# expect: pattern=hot-loop bench
"""Diatom slide reader: takes microscope tiles off the stage's queue, corrects the lighting, and measures the frustules.

A scanning stage delivers 12 tiles of 256 x 256 pixels a second; a summary line per tile goes to a CSV file.

Measured: 0.49-0.55 of a core as it was, 0.02 mended, at the same 12 tiles a second.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import csv
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass

import numpy as np

SIDE = 256
TILES_A_SECOND = 12
EDGE_LEVEL = 22.0
MIN_AREA = 40


@dataclass
class Calibration:
    """What the camera and the lamp add to each pixel."""

    dark: np.ndarray
    lamp: np.ndarray

    @classmethod
    def of_session(cls, seed):
        rng = np.random.default_rng(seed)
        dark = rng.normal(6.0, 0.8, (SIDE, SIDE)).astype(np.float32)
        ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE - 0.5
        lamp = (1.0 - 0.6 * (xs * xs + ys * ys)).astype(np.float32)
        return cls(dark, lamp)


@dataclass
class Tile:
    slide: int
    column: int
    row: int
    pixels: np.ndarray


class Stage:
    """The scanning stage: it moves on by itself, and queues what the camera saw."""

    def __init__(self, tiles, out):
        self.tiles = tiles
        self.out = out
        self.moved = 0

    def run(self):
        due = time.monotonic()
        while True:
            pixels = self.tiles[self.moved % len(self.tiles)]
            tile = Tile(self.moved // 400, self.moved % 20, self.moved // 20 % 20, pixels)
            self.moved += 1
            try:
                self.out.put_nowait(tile)
            except queue.Full:
                pass
            due += 1 / TILES_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))


def paint_tiles(number, calibration, seed):
    """Tiles as the camera would see them: dim ovals with striae on a bright ground."""
    rng = np.random.default_rng(seed)
    ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    tiles = []
    for _ in range(number):
        scene = np.full((SIDE, SIDE), 190.0, np.float32)
        for _ in range(int(rng.integers(3, 8))):
            cy, cx = rng.uniform(20, SIDE - 20, 2)
            long, short = rng.uniform(18, 40), rng.uniform(6, 12)
            turn = rng.uniform(0, np.pi)
            u = (xs - cx) * np.cos(turn) + (ys - cy) * np.sin(turn)
            v = (ys - cy) * np.cos(turn) - (xs - cx) * np.sin(turn)
            inside = (u / long) ** 2 + (v / short) ** 2 < 1
            scene[inside] = (90 + 25 * np.sin(u * 1.7))[inside]
        seen = scene * calibration.lamp + calibration.dark + rng.normal(0, 2, scene.shape)
        tiles.append(np.clip(seen, 0, 255).astype(np.uint8))
    return tiles


def even_lighting(pixels, calibration):
    """The tile without the camera's dark signal and the lamp's fall-off, inverted so that glass is bright."""
    height, width = pixels.shape
    even = np.zeros((height, width), dtype=np.float32)
    for y in range(height):  # <- cost
        for x in range(width):  # <- cost
            value = (float(pixels[y, x]) - calibration.dark[y, x]) / calibration.lamp[y, x]  # <- cost
            even[y, x] = 255.0 - min(max(value, 0.0), 255.0)  # <- cost
    return even


def measure(even):
    """Area, brightness, place and elongation of what is glass in the tile; None for an empty one."""
    ground = float(np.median(even))
    glass = even > ground + EDGE_LEVEL
    ys, xs = np.nonzero(glass)
    if len(ys) < MIN_AREA:
        return None
    spread = np.cov(np.stack([ys, xs]))
    small, large = np.linalg.eigvalsh(spread)
    return {
        "area": len(ys),
        "brightness": round(float(even[glass].mean()) - ground, 2),
        "y": round(float(ys.mean()), 1),
        "x": round(float(xs.mean()), 1),
        "elongation": round(float(np.sqrt(large / max(small, 1e-6))), 3),
    }


def stria_pitch(even):
    """The dominant spacing of the striae, from the power spectrum of the middle rows."""
    middle = even[SIDE // 2 - 32 : SIDE // 2 + 32]
    power = np.abs(np.fft.rfft(middle - middle.mean(axis=1, keepdims=True), axis=1)).mean(axis=0)
    peak = int(power[8:].argmax()) + 8
    return round(SIDE / peak, 2)


class Reader:
    def __init__(self, calibration, out):
        self.calibration = calibration
        self.out = csv.writer(out)
        self.file = out
        self.recent = deque(maxlen=500)

    def take(self, tile):
        even = even_lighting(tile.pixels, self.calibration)  # <- cost
        found = measure(even)
        if found is None:
            return
        found["pitch"] = stria_pitch(even)
        self.recent.append(found["area"])
        self.out.writerow([tile.slide, tile.column, tile.row, *found.values()])

    def report(self):
        self.file.flush()
        return sum(self.recent) / max(1, len(self.recent))


def main():
    calibration = Calibration.of_session(11)
    waiting = queue.Queue(maxsize=50)
    stage = Stage(paint_tiles(12, calibration, 5), waiting)
    with open("frustules.csv", "w", newline="") as out:
        reader = Reader(calibration, out)
        threading.Thread(target=stage.run, daemon=True).start()
        reader.take(waiting.get())
        print("ready", os.getpid(), flush=True)
        read = 0
        while True:
            reader.take(waiting.get())
            read += 1
            if read % 50 == 0:
                reader.report()


if __name__ == "__main__":
    main()
