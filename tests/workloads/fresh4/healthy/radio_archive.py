# expect: healthy bench
"""Archives the programme of a radio station: sound comes through a pipe, is compressed block by block, and goes to a
file for each hour; the last three files are kept."""

import array
import collections
import hashlib
import logging
import math
import os
import sys
import time
import zlib
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

BLOCK = 256 * 1024
HOUR = 48 * 1024 * 1024
KEPT = 3
logging.basicConfig(filename="archive.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Level:
    """How loud it is, from a few of the samples; silence that lasts is reported."""

    def __init__(self):
        self.peak = 0
        self.silent = 0

    def see(self, block):
        samples = array.array("h", block)[::512]
        self.peak = max(self.peak, max(samples), -min(samples))
        quiet = all(-200 < sample < 200 for sample in samples)
        self.silent = self.silent + 1 if quiet else 0
        if self.silent == 20:
            logging.warning("nothing to be heard")


class Hour:
    """A file with the compressed sound of an hour, and a sum beside it."""

    def __init__(self, number):
        self.path = Path(f"hour-{number:05}.z")
        self.taken = self.written = 0
        self._file = self.path.open("wb")
        self._packer = zlib.compressobj(4)
        self._sum = hashlib.sha256()

    def add(self, block):
        self.taken += len(block)
        self._sum.update(block)
        self._write(self._packer.compress(block))

    def close(self):
        self._write(self._packer.flush())
        self._file.close()
        self.path.with_suffix(".sum").write_text(self._sum.hexdigest())

    def _write(self, packed):
        if packed:
            self.written += self._file.write(packed)

    def remove(self):
        self.path.unlink()
        self.path.with_suffix(".sum").unlink()


class Archive:
    def __init__(self):
        self._hours = collections.deque()
        self._number = 0
        self.taken = 0

    def add(self, block):
        if not self._hours or self._hours[-1].taken >= HOUR:
            self._turn()
        self._hours[-1].add(block)
        self.taken += len(block)

    def _turn(self):
        if self._hours:
            last = self._hours[-1]
            last.close()
            logging.info("%s: %d of %d bytes", last.path, last.written, last.taken)
        self._number += 1
        self._hours.append(Hour(self._number))
        if len(self._hours) > KEPT:
            self._hours.popleft().remove()


def studio(line):
    """Tones that change, and a pause now and then; twelve megabytes a second at the most."""
    tones = [
        array.array("h", (int(9000 * math.sin(i * tone / 700) + i * 7919 % 97) for i in range(BLOCK // 2))).tobytes()
        for tone in range(20, 44)
    ]
    tones.append(bytes(BLOCK))
    due = time.monotonic()
    number = 0
    while True:
        rest = memoryview(tones[number // 3 % len(tones)])
        while rest:
            rest = rest[os.write(line, rest) :]
        number += 1
        due = max(due + BLOCK / 12e6, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    taken, given = os.pipe()
    services.outside(lambda: studio(given))
    os.close(given)
    archive, level = Archive(), Level()
    began = told = time.monotonic()
    print("ready", os.getpid(), flush=True)
    with os.fdopen(taken, "rb", buffering=BLOCK) as sound:
        while block := sound.read(BLOCK):
            level.see(block)
            archive.add(block)
            if time.monotonic() - told > 1:
                told = time.monotonic()
                logging.info("%.1f MB a second, peak %d", archive.taken / 1e6 / (told - began), level.peak)


main()
