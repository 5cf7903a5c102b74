# expect: pattern=sync-write bench
"""Takes the readings of the plate readers of a clinical laboratory, turns them into concentrations, and keeps them in a
journal: a ring of fixed slots in a mapped file, which other programs read. A reader keeps a plate until it is done.

Measured: 16 to 30 ms a plate, with 88 syncs of 0.2 ms and more; 1.2 ms in the twin, with one.
"""

import logging
import math
import mmap
import os
import queue
import random
import struct
import threading
import time
import zlib


READERS, WELLS, SLOTS = 4, 96, 65_536
SLOT = struct.Struct("<QIHHdfI")
HEAD = struct.Struct("<8sQ")
PAGE = mmap.PAGESIZE
logging.basicConfig(filename="assays.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Curve:
    """Four parameters: what an absorbance says about the concentration."""

    def __init__(self, low, high, middle, slope):
        self.low, self.high, self.middle, self.slope = low, high, middle, slope

    def concentration(self, absorbance):
        inside = min(max(absorbance, self.low + 1e-4), self.high - 1e-4)
        return self.middle * ((self.low - self.high) / (inside - self.high) - 1) ** (1 / self.slope)


class Journal:
    """The ring. Its head says how many results were ever written; a slot ends with a checksum."""

    def __init__(self, path):
        with open(path, "w+b") as made:
            made.truncate(PAGE + SLOTS * SLOT.size)
            self._ring = mmap.mmap(made.fileno(), 0)
        self.written = 0

    def append(self, plate, well, flag, concentration, absorbance):
        at = PAGE + self.written % SLOTS * SLOT.size
        SLOT.pack_into(self._ring, at, self.written, plate, well, flag, concentration, absorbance, 0)
        check = zlib.crc32(self._ring[at : at + SLOT.size - 4])
        struct.pack_into("<I", self._ring, at + SLOT.size - 4, check)
        self.written += 1
        HEAD.pack_into(self._ring, 0, b"ASSAYS01", self.written)
        self._ring.flush()  # <- cost

    def close(self):
        self._ring.flush()
        self._ring.close()


class Laboratory:
    def __init__(self, journal):
        self._journal = journal
        self._curves = [Curve(0.05, 3.2, 40.0 + 5 * n, 1.1 + n / 20) for n in range(8)]
        self.alerts = 0

    def flag(self, concentration, before):
        """0 normal, 1 high, 2 far from its neighbour on the plate (to be looked at)."""
        if concentration > 900:
            self.alerts += 1
            return 1
        return 2 if before and abs(math.log(concentration / before)) > 5 else 0

    def process(self, plate, readings):
        """All wells of a plate; the last column is the blank, whose mean is taken off."""
        blank = sum(readings[-8:]) / 8
        before = 0.0
        for well, absorbance in enumerate(readings[:-8]):  # <- cost
            net = absorbance - blank + 0.05
            concentration = self._curves[well % 8].concentration(net)
            self._journal.append(plate, well, self.flag(concentration, before), concentration, absorbance)  # <- cost
            before = concentration


def read_plates(reader, plates):
    """One plate reader: a plate each 120 ms, while there is room for it."""
    chance = random.Random(reader)
    for number in range(reader, 1 << 32, READERS):
        samples = [0.1 + 3 * chance.random() ** 2 for _ in range(WELLS - 8)]
        plates.put((number, samples + [0.05 + chance.random() / 100 for _ in range(8)]))
        time.sleep(0.12)


def main():
    plates = queue.Queue(maxsize=8)
    journal = Journal("assays.ring")
    laboratory = Laboratory(journal)
    for reader in range(READERS):
        threading.Thread(target=read_plates, args=(reader, plates), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    began, spent = time.monotonic(), 0.0
    for done in range(1, 1 << 32):
        plate, readings = plates.get()
        taken = time.perf_counter()
        laboratory.process(plate, readings)  # <- cost
        spent += time.perf_counter() - taken
        if done % 20 == 0:
            rate = done / (time.monotonic() - began)
            logging.info("%.1f plates a second, %.1f ms each, %d alerts", rate, spent / done * 1e3, laboratory.alerts)


main()
