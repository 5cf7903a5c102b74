# expect: healthy bench
"""Prepares printing plates: pages are drawn as bitmaps, band after band, packed for the plate setter by two threads
(the packing lets go of the interpreter), and joined to sheets of eight. Pages that are printed again come from a
bounded cache.

Measured: a sheet in 190 ms, nearly all of it in zlib; the pool has as many threads as the machine should give it.
"""

import os
import random
import tempfile
import time
import zlib
from collections import OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WIDTH, HEIGHT, BAND = 1200, 1600, 200  # bytes, lines, lines
PAGES_OF_SHEET = 8
ORDER = (8, 1, 2, 7, 6, 3, 4, 5)


class Screen:
    """Lines of the halftone screen by grey value, made once."""

    def __init__(self, seed):
        chance = random.Random(seed)
        self._lines = [
            bytes(chance.choices((0x00, 0x11, 0x55, 0x77, 0xFF), (9 - grey, 2, 2, 2, grey + 1), k=WIDTH))
            for grey in range(10)
        ]

    def line(self, grey):
        return self._lines[grey]


class Packed(OrderedDict):
    """Packed pages, the least recently used first; as many bytes as are allowed, at most."""

    def __init__(self, most):
        super().__init__()
        self._most, self._size = most, 0
        self.hits = self.misses = 0

    def find(self, key):
        page = self.get(key)
        if page is None:
            self.misses += 1
            return None
        self.hits += 1
        self.move_to_end(key)
        return page

    def keep(self, key, page):
        self[key] = page
        self._size += len(page)
        while self._size > self._most:
            self._size -= len(self.popitem(last=False)[1])


class Plates:
    def __init__(self, pool, screen, packed):
        self._pool, self._screen, self._packed = pool, screen, packed

    def _band(self, job, page, first):
        """A band of the page, packed."""
        packer = zlib.compressobj(6)
        lines = [self._screen.line((job * 7 + page * 3 + line // 16) % 10) for line in range(first, first + BAND)]
        return packer.compress(b"".join(lines)) + packer.flush()

    def _start(self, job, page):
        return [self._pool.submit(self._band, job, page, first) for first in range(0, HEIGHT, BAND)]

    def sheet(self, job, first):
        pages, started = {}, {}
        for page in range(first, first + PAGES_OF_SHEET):
            known = self._packed.find((job, page))
            if known is None:
                started[page] = self._start(job, page)
            else:
                pages[page] = known
        for page, bands in started.items():
            pages[page] = b"".join(band.result() for band in bands)
            self._packed.keep((job, page), pages[page])
        return [pages[first + place - 1] for place in ORDER]


class Setter:
    """The folder that the plate setter takes its sheets from; it takes the oldest first."""

    def __init__(self, folder, most):
        self._folder = Path(folder)
        self._sheets = deque()
        self._most = most

    def put(self, name, pages):
        path = self._folder / f"{name}.plate"
        with path.open("wb") as file:
            file.write(b"".join(len(page).to_bytes(4, "big") for page in pages))
            file.writelines(pages)
        self._sheets.append(path)
        if len(self._sheets) > self._most:
            self._sheets.popleft().unlink()


def jobs(seed):
    """New ones, and now and then one that sold out."""
    chance = random.Random(seed)
    for job in range(1, 1 << 40):
        again = job > 3 and chance.random() < 0.25
        yield chance.randint(job - 2, job - 1) if again else job, PAGES_OF_SHEET * chance.randint(1, 3)


def main():
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        packed = Packed(48 << 20)
        plates, setter = Plates(pool, Screen(1440), packed), Setter(folder, 12)
        sheets, began, reported = 0, time.perf_counter(), time.monotonic()
        print("ready", os.getpid(), flush=True)
        for number, (job, pages) in enumerate(jobs(16)):
            for first in range(0, pages, PAGES_OF_SHEET):
                setter.put(f"{number}-{first}", plates.sheet(job, first))
                sheets += 1
            if time.monotonic() - reported > 3:
                reported = time.monotonic()
                took = 1000 * (time.perf_counter() - began) / sheets
                Path("plates.txt").write_text(f"{sheets} sheets, {took:.0f} ms each, {packed.hits} pages known\n")


if __name__ == "__main__":
    import signal
    import sys

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main()
