# expect: healthy bench
"""Recommends films to the viewers of a platform, out of a cache with a bound, which holds most of those who come."""

import functools
import heapq
import json
import logging
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

FILMS, VIEWERS, RATE = 400, 20000, 250
logging.basicConfig(filename="films.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def taste(number, size=12):
    """How much somebody likes, or something is, each of some kinds of film."""
    seeded = random.Random(number)
    return [seeded.random() for _ in range(size)]


FILM_TASTES = {film: taste(film) for film in range(FILMS)}


@functools.lru_cache(maxsize=3000)
def recommended(viewer):
    own = taste(VIEWERS + viewer)

    def liking(film):
        return sum(mine * its for mine, its in zip(own, FILM_TASTES[film], strict=True))

    return tuple(heapq.nlargest(10, FILM_TASTES, key=liking))


class Counts:
    def __init__(self):
        self._lock = threading.Lock()
        self.answered = self.bytes = 0

    def add(self, size):
        with self._lock:
            self.answered += 1
            self.bytes += size


def answer(viewer, counts):
    films = [{"film": film, "title": f"Film {film}"} for film in recommended(viewer)]
    counts.add(len(json.dumps({"viewer": viewer, "films": films})))


def viewers():
    """A thousand who come often, and some of the many others."""
    seeded = random.Random(1)
    while True:
        yield seeded.randrange(1000) if seeded.random() < 0.95 else seeded.randrange(VIEWERS)


def main():
    counts, coming = Counts(), viewers()
    slots = threading.BoundedSemaphore(64)
    with ThreadPoolExecutor(4, thread_name_prefix="answers") as pool:
        for viewer in range(1000):
            recommended(viewer)
        print("ready", os.getpid(), flush=True)
        began = told = time.monotonic()
        for number in range(sys.maxsize):
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))
            slots.acquire()
            pool.submit(answer, next(coming), counts).add_done_callback(lambda _: slots.release())
            if time.monotonic() - told > 1:
                told = time.monotonic()
                info = recommended.cache_info()
                hits = 100 * info.hits / (info.hits + info.misses)
                logging.info("%d answers, %.0f %% from the cache of %d", counts.answered, hits, info.currsize)


main()
