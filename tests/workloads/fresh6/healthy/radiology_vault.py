# expect: healthy bench
"""Puts the images that the scanners of a hospital have made into the vault: two threads take them from a queue that is
bounded, compress and hash them, which lets go of the interpreter's lock, and one file for each shift takes them all.

Measured: 22 images a second, 10 ms of CPU time each.
"""

import array
import hashlib
import logging
import math
import os
import queue
import random
import struct
import threading
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path

WIDTH, HEIGHT = 768, 640
WORKERS, WAITING = 2, 8
SHIFT = 60  # images
KEPT = 3  # shifts
EXPOSURE = 0.045  # seconds between two images of a series
HEAD = struct.Struct(">4sIII32s")

logging.basicConfig(filename="vault.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


@dataclass(frozen=True)
class Image:
    number: int
    patient: str
    pixels: bytes


@dataclass
class Totals:
    images: int = 0
    taken: int = 0
    kept: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, taken, kept):
        with self.lock:
            self.images += 1
            self.taken += taken
            self.kept += kept


class Scanner:
    """Slices of a phantom: ellipses in noise, a little further on in each image."""

    def __init__(self, chance):
        rows = HEIGHT * 2
        noise = array.array("H", (chance.randrange(96) for _ in range(WIDTH)))
        body = [
            [900 if abs(x - WIDTH / 2) < WIDTH * 0.4 * math.sin(math.pi * y / rows) else 40 for x in range(WIDTH)]
            for y in range(0, rows, 8)
        ]
        self._plate = b"".join(
            array.array(
                "H",
                (value + grain for value, grain in zip(body[y // 8], noise[y % 97 :] + noise[: y % 97], strict=True)),
            ).tobytes()
            for y in range(rows)
        )
        self._chance = chance
        self._number = 0

    def expose(self):
        self._number += 1
        first = self._chance.randrange(HEIGHT) * WIDTH * 2
        return Image(self._number, f"P{self._number // 40:06}", self._plate[first : first + WIDTH * HEIGHT * 2])


class Vault:
    """The file of a shift: a head and the packed pixels, image after image."""

    def __init__(self, folder):
        self._folder = folder
        self._lock = threading.Lock()
        self._shift, self._images = 0, 0
        self._file = self._open()

    def _open(self):
        return (self._folder / f"shift-{self._shift % KEPT}.vault").open("wb")

    def keep(self, image, packed, digest):
        head = HEAD.pack(b"IMG1", image.number, len(image.pixels), len(packed), digest)
        with self._lock:
            if self._images == SHIFT:
                self._file.close()
                self._shift += 1
                self._images = 0
                self._file = self._open()
            self._file.write(head)
            self._file.write(packed)
            self._images += 1


class Keeper(threading.Thread):
    def __init__(self, number, images, vault, totals):
        super().__init__(name=f"keeper-{number}", daemon=True)
        self._images = images
        self._vault = vault
        self._totals = totals

    def run(self):
        while True:
            image = self._images.get()
            try:
                packed = zlib.compress(image.pixels, 3)
                self._vault.keep(image, packed, hashlib.sha256(image.pixels).digest())
                self._totals.add(len(image.pixels), len(packed))
            except OSError:
                logging.exception("image %d is not kept", image.number)
            finally:
                self._images.task_done()


def main():
    scanner = Scanner(random.Random(1895))
    images, totals = queue.Queue(WAITING), Totals()
    vault = Vault(Path.cwd())
    for number in range(WORKERS):
        Keeper(number, images, vault, totals).start()
    print("ready", os.getpid(), flush=True)
    told = time.monotonic()
    while True:
        images.put(scanner.expose())
        if time.monotonic() - told > 2:
            told = time.monotonic()
            with totals.lock:
                logging.info("%d images, %d of %d bytes", totals.images, totals.kept, totals.taken)
        time.sleep(EXPOSURE)


main()
