# expect: pattern=process-churn bench
"""Sorts the photos of an album by their colours. They come in small batches, and each batch is spread over the
cores.

Measured: 21 ms for each batch, 6.2 ms in the twin.
"""

import collections
import logging
import math
import multiprocessing
import os
import random
import time

PHOTOS, SIDE, BATCH = 60, 64, 8
logging.basicConfig(filename="photos.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def photo(number):
    """A grey picture of SIDE * SIDE points."""
    chance = random.Random(number)
    base, contrast = chance.randrange(160), chance.randrange(4, 90)
    return bytes(base + chance.randrange(contrast) for _ in range(SIDE * SIDE))


def histogram(points):
    counts = collections.Counter(value >> 3 for value in points)
    return [counts[step] / len(points) for step in range(32)]


def roughness(points):
    total = 0
    for row in range(0, len(points) - SIDE, SIDE):
        line, below = points[row : row + SIDE], points[row + SIDE : row + 2 * SIDE]
        total += sum(map(abs, map(int.__sub__, line, below)))
    return total / len(points)


def features(task):
    number, points = task
    shares = histogram(points)
    entropy = -sum(share * math.log2(share) for share in shares if share)
    return number, entropy, roughness(points)


class Album:
    """Which photo goes to which page: those that are alike stand beside each other."""

    def __init__(self):
        self.pages = collections.defaultdict(set)
        self.batches = 0

    def sort(self, found):
        for number, entropy, rough in found:
            self.pages[round(entropy * 2), round(rough / 8)].add(number)
        self.batches += 1


def spread(work, tasks):
    """``work`` for each of ``tasks``, on all cores."""
    with multiprocessing.Pool(2) as pool:  # <- cost
        return pool.map(work, tasks, chunksize=1)  # <- cost


def main():
    photos = [photo(number) for number in range(PHOTOS)]
    album = Album()
    print("ready", os.getpid(), flush=True)
    began = told = time.monotonic()
    for first in range(0, 1 << 40, BATCH):
        batch = [(number % PHOTOS, photos[number % PHOTOS]) for number in range(first, first + BATCH)]
        album.sort(spread(features, batch))  # <- cost
        if time.monotonic() - told > 1:
            told = time.monotonic()
            each = 1000 * (told - began) / album.batches
            logging.info("%d batches, %.1f ms each, %d pages", album.batches, each, len(album.pages))


if __name__ == "__main__":
    main()
