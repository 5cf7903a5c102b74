# expect: healthy bench
"""The home timelines of a social network for pylon spotters, made ahead of time.

A pool of candidates (the newest sightings along all lines) is ranked for each reader who is due; what the reader has
already seen is left out. The best page of each reader is kept for the web servers to pick up.

Measured: 60 pages a second: 0.55-0.64 cores; repaired 0.03.
"""

import heapq
import logging
import os
import random
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

log = logging.getLogger("pylons")

READERS = 200
POOL = 500
REMEMBERED = 1500
PAGE = 30
READERS_PER_SECOND = 60
SIGHTINGS_PER_SECOND = 5

DESIGNS = ("delta", "danube", "barrel", "fir tree", "portal", "gantry", "cat head", "monopole", "L2", "L6")


@dataclass(slots=True)
class Sighting:
    id: str
    design: str
    line: int
    thanks: int
    posted: float


@dataclass(slots=True)
class Reader:
    name: str
    lines: frozenset
    favourites: dict
    seen: OrderedDict = field(default_factory=OrderedDict)
    page: list = field(default_factory=list)

    def remember(self, ids):
        self.seen.update(dict.fromkeys(ids))
        while len(self.seen) > REMEMBERED:
            self.seen.popitem(last=False)


class Pool:
    """The newest sightings, along all lines."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.number = 0
        self.sightings = deque(maxlen=POOL)

    def report(self):
        self.number += 1
        self.sightings.append(
            Sighting(
                id=f"sighting-{self.number:08}",
                design=self.chosen.choice(DESIGNS),
                line=self.chosen.randrange(60),
                thanks=self.chosen.randrange(40),
                posted=time.time(),
            )
        )


def score(reader, sighting, now):
    value = 1.0 + sighting.thanks * 0.05 + reader.favourites.get(sighting.design, 0.0)
    if sighting.line in reader.lines:
        value *= 1.8
    return value / (1.0 + (now - sighting.posted) / 3600)


def unseen(reader, sightings):
    fresh = []
    for sighting in sightings:
        if sighting.id not in reader.seen:
            fresh.append(sighting)
    return fresh


def build_page(reader, pool, now):
    candidates = unseen(reader, pool.sightings)
    best = heapq.nlargest(PAGE, candidates, key=lambda sighting: score(reader, sighting, now))
    reader.page = [(sighting.id, sighting.design, sighting.line) for sighting in best]
    return reader.page


def make_readers(chosen):
    readers = []
    for number in range(READERS):
        favourites = {design: chosen.random() for design in chosen.sample(DESIGNS, 3)}
        reader = Reader(f"reader{number}", frozenset(chosen.sample(range(60), 12)), favourites)
        reader.remember(f"sighting-{chosen.randrange(10**7, 10**8):08}" for _ in range(REMEMBERED))
        readers.append(reader)
    return readers


def main():
    logging.basicConfig(level=logging.WARNING)
    chosen = random.Random(77)
    pool = Pool(chosen)
    for _ in range(POOL):
        pool.report()
    readers = make_readers(chosen)
    print("ready", os.getpid(), flush=True)

    due = time.monotonic()
    next_report = due
    turn = 0
    while True:
        now = time.monotonic()
        while next_report <= now:
            pool.report()
            next_report += 1 / SIGHTINGS_PER_SECOND
        reader = readers[turn % READERS]
        page = build_page(reader, pool, time.time())
        # the top of a page is on the screen at once
        reader.remember(identity for identity, _, _ in page[:4])
        if not page:
            log.info("nothing new for %s", reader.name)
        turn += 1
        due = max(due + 1 / READERS_PER_SECOND, now - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
