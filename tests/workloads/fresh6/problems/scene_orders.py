# expect: pattern=pool-undersized bench
"""Makes mosaics of satellite scenes to order: fetches the tiles of all bands from the archive, blends them to an image
of the ordered region, and hands it over. Several order desks work at the same time, and share the fetchers.

Measured: an order takes 730 to 930 ms, 41 in the twin; the archive answers in 30.
"""

import array
import http.client
import logging
import os
import random
import sys
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

BANDS = ("red", "green", "nir")
SIDE = 24
FETCHERS = 2  # <- cost
DESKS = 6
logging.basicConfig(filename="orders.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def archive_answer(path):
    """The archive reads a tile from its own disks."""
    time.sleep(0.03)
    seed = sum(path.encode())
    return bytes((seed + at * 7) % 251 for at in range(SIDE * SIDE))


@dataclass(frozen=True)
class Region:
    column: int
    row: int
    width: int = 2
    height: int = 2

    def tiles(self):
        for row in range(self.row, self.row + self.height):
            for column in range(self.column, self.column + self.width):
                yield column, row


@dataclass
class Mosaic:
    region: Region
    bands: dict = field(default_factory=dict)

    def paste(self, band, tile, pixels):
        image = self.bands.setdefault(band, array.array("B", bytes(self.region.width * self.region.height * SIDE**2)))
        left = (tile[0] - self.region.column) * SIDE
        top = (tile[1] - self.region.row) * SIDE
        for line in range(SIDE):
            at = (top + line) * self.region.width * SIDE + left
            image[at : at + SIDE] = array.array("B", pixels[line * SIDE : (line + 1) * SIDE])

    def greenness(self):
        """The mean NDVI of the region."""
        pairs = zip(self.bands["red"], self.bands["nir"], strict=True)
        return sum((nir - red) / (nir + red or 1) for red, nir in pairs) / len(self.bands["red"])


class Archive:
    """Fetches tiles on connections that are kept, one for each fetcher."""

    def __init__(self, port):
        self._port = port
        self._fetchers = ThreadPoolExecutor(FETCHERS, thread_name_prefix="fetch")  # <- cost
        self._own = threading.local()

    def _fetch(self, scene, band, tile):
        if not hasattr(self._own, "line"):
            self._own.line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        self._own.line.request("GET", f"/{scene}/{band}/{tile[0]}/{tile[1]}")
        answer = self._own.line.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise LookupError(f"{scene} {band} {tile}: {answer.status}")
        return body

    def tiles(self, scene, region):
        wanted = [(band, tile) for band in BANDS for tile in region.tiles()]
        asked = [self._fetchers.submit(self._fetch, scene, band, tile) for band, tile in wanted]  # <- cost
        for (band, tile), future in zip(wanted, asked, strict=True):
            yield band, tile, future.result()  # <- cost


class Gallery:
    """The latest mosaics, for the preview page."""

    def __init__(self, most=50):
        self._latest = OrderedDict()
        self._most = most
        self._lock = threading.Lock()
        self.done, self.seconds = 0, 0.0

    def add(self, order, greenness, seconds):
        with self._lock:
            self._latest[order] = greenness
            if len(self._latest) > self._most:
                self._latest.popitem(last=False)
            self.done += 1
            self.seconds += seconds

    def told(self):
        with self._lock:
            mean = self.seconds / max(1, self.done)
            self.done, self.seconds = 0, 0.0
            return mean, len(self._latest)


def desk(number, archive, gallery):
    """Takes the next order of a customer when the one before is delivered, and looked at."""
    chosen = random.Random(number)
    for order in range(1 << 40):
        region = Region(chosen.randrange(400), chosen.randrange(400))
        mosaic, began = Mosaic(region), time.monotonic()
        for band, tile, pixels in archive.tiles(f"S2-{chosen.randrange(9000):05}", region):  # <- cost
            mosaic.paste(band, tile, pixels)
        gallery.add((number, order), mosaic.greenness(), time.monotonic() - began)
        time.sleep(0.3 + chosen.random() * 0.2)


def main():
    archive, gallery = Archive(services.http_service(archive_answer)), Gallery()
    for number in range(DESKS):
        threading.Thread(target=desk, args=(number, archive, gallery), name=f"desk-{number}", daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(2)
        seconds, shown = gallery.told()
        Path("gallery.txt").write_text(f"{shown} shown, {seconds * 1000:.0f} ms for an order\n")


main()
