# expect: pattern=hot-loop bench
"""Watches slime moulds (Physarum) that grow between oat flakes: a camera over each dish sends a picture now and then,
and the observer works out where the veins are, how they pulse, and which flakes are joined.

Measured: 15 pictures a second of 84 by 84 pixels; 41 % of a core; in the twin 2.4 %.
"""

import json
import os
import socket
import struct
import sys
import time
import zlib
from collections import deque
from dataclasses import dataclass, field

import numpy as np

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

SIDE = 84
DISHES = 6
PICTURES_A_SECOND = 15
HEAD = struct.Struct(">4sHHI")
MAGIC = b"PHYS"


class BadPicture(ValueError):
    pass


@dataclass
class Dish:
    """What was seen of one dish: its flakes, and how thick the veins were at them of late."""

    number: int
    flakes: np.ndarray
    seen: int = 0
    thickness: deque = field(default_factory=lambda: deque(maxlen=64))
    last: dict = field(default_factory=dict)

    @classmethod
    def laid(cls, number):
        rng = np.random.default_rng(number)
        return cls(number, rng.integers(6, SIDE - 6, size=(9, 2)))


class Camera:
    """Takes pictures from the line: a head, and the pixels, packed."""

    def __init__(self, line):
        self.file = line.makefile("rb", buffering=1 << 16)

    def exactly(self, number):
        got = self.file.read(number)
        if len(got) < number:
            raise EOFError("the camera hung up")
        return got

    def next(self):
        magic, dish, side, size = HEAD.unpack(self.exactly(HEAD.size))
        body = self.exactly(size)
        if magic != MAGIC or side != SIDE:
            raise BadPicture(f"{magic!r} {side}")
        pixels = np.frombuffer(zlib.decompress(body), dtype=np.uint8)
        if pixels.size != SIDE * SIDE:
            raise BadPicture(f"{pixels.size} pixels")
        return dish, pixels.reshape(SIDE, SIDE)


def flatten(picture):
    """Without the light of the lamp, which falls off to the rim."""
    rows = np.linspace(-1, 1, SIDE)
    lamp = 1.0 - 0.25 * (rows[:, None] ** 2 + rows[None, :] ** 2)
    return picture / (lamp * 255.0)


def veins(light, reach=2, contrast=0.92):
    """Where a pixel is darker than what is around it."""
    dark = np.zeros(light.shape, dtype=bool)
    padded = np.pad(light, reach, mode="edge")
    for y in range(light.shape[0]):  # <- cost
        for x in range(light.shape[1]):  # <- cost
            around = padded[y : y + 2 * reach + 1, x : x + 2 * reach + 1]  # <- cost
            dark[y, x] = light[y, x] < contrast * around.mean()  # <- cost
    return dark


def thickness_at(dark, flakes, reach=5):
    return [int(dark[y - reach : y + reach + 1, x - reach : x + reach + 1].sum()) for y, x in flakes]


def pulse(history):
    """The period of the strongest swing, in pictures."""
    if len(history) < 32:
        return None
    series = np.asarray(history, dtype=float).mean(axis=1)
    spectrum = np.abs(np.fft.rfft(series - series.mean()))
    strongest = int(spectrum[1:].argmax()) + 1
    return round(len(series) / strongest, 1)


def joined(dark, flakes):
    """Pairs of flakes with veins along nearly all of the straight line between them."""
    pairs = []
    for at, (y0, x0) in enumerate(flakes):
        for other in range(at + 1, len(flakes)):
            y1, x1 = flakes[other]
            steps = max(abs(int(y1) - int(y0)), abs(int(x1) - int(x0)), 1)
            ys = np.linspace(y0, y1, steps + 1).round().astype(int)
            xs = np.linspace(x0, x1, steps + 1).round().astype(int)
            if dark[ys, xs].mean() > 0.35:
                pairs.append((at, other))
    return pairs


class Observer:
    def __init__(self, folder):
        self.folder = folder
        self.dishes = {number: Dish.laid(number) for number in range(DISHES)}
        self.refused = 0
        os.makedirs(folder, exist_ok=True)

    def observe(self, number, picture):
        dish = self.dishes.get(number)
        if dish is None:
            raise BadPicture(f"dish {number}")
        dark = veins(flatten(picture))
        dish.thickness.append(thickness_at(dark, dish.flakes))
        dish.seen += 1
        dish.last = {
            "cover": round(float(dark.mean()), 4),
            "pulse": pulse(dish.thickness),
            "joined": joined(dark, dish.flakes),
            "check": zlib.crc32(np.packbits(dark)),
        }

    def write_notes(self):
        for dish in self.dishes.values():
            notes = {"dish": dish.number, "seen": dish.seen, **dish.last}
            path = os.path.join(self.folder, f"dish-{dish.number}.json")
            with open(path + ".new", "w") as file:
                json.dump(notes, file)
            os.replace(path + ".new", path)

    def work(self, camera, until=float("inf")):
        due = time.monotonic() + 5
        while time.monotonic() < until:
            try:
                self.observe(*camera.next())
            except (BadPicture, zlib.error):
                self.refused += 1
            if time.monotonic() > due:
                due = time.monotonic() + 5
                self.write_notes()


def laboratory(port):
    """The cameras: pictures that were painted before, of moulds that pulse, sent at a steady pace."""
    rng = np.random.default_rng(3)
    pictures = []
    for number in range(48):
        dish = number % DISHES
        light = 190 + rng.normal(0, 6, (SIDE, SIDE))
        thick = 1.5 + np.sin(number / 5)
        for y, x in Dish.laid(dish).flakes:
            rows, columns = np.ogrid[:SIDE, :SIDE]
            slope = np.abs((rows - y) * np.cos(y) + (columns - x) * np.sin(y))
            light[(slope < thick) & (np.hypot(rows - y, columns - x) < 30)] -= 60
        body = zlib.compress(light.clip(0, 255).astype(np.uint8).tobytes(), 1)
        pictures.append(HEAD.pack(MAGIC, dish, SIDE, len(body)) + body)
    with socket.create_connection(("127.0.0.1", port)) as line:
        due, number = time.monotonic(), 0
        while True:
            line.sendall(pictures[number % len(pictures)])
            number += 1
            due += 1 / PICTURES_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    listening = socket.create_server(("127.0.0.1", 0))
    services.outside(lambda: laboratory(listening.getsockname()[1]))
    line, _ = listening.accept()
    camera, observer = Camera(line), Observer("notes")
    observer.work(camera, until=time.monotonic() + 1)
    print(f"ready {os.getpid()}", flush=True)
    observer.work(camera)


if __name__ == "__main__":
    main()
