# expect: healthy bench
"""Freight by mule: prices the consignments of mountain villages, which come in through a list in Redis. The price
depends on the hours that a train of mules needs from the depot on the trails, on the weight, and on what is carried.

Measured: at 75 consignments a second 0.42 to 0.54 cores before, 0.04 cores after.
"""

import heapq
import json
import logging
import os
import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import redis

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

SIDE = 60
DEPOTS = 9
RATE = 75
PER_HOUR = 410
LOAD_OF_A_MULE = 75
GOODS = {"salt": 1.0, "wool": 0.9, "glass": 1.7, "cheese": 1.15, "slate": 1.05, "letters": 0.5}

log = logging.getLogger("freight")


@dataclass(frozen=True)
class Consignment:
    number: int
    depot: int
    village: int
    goods: str
    kilos: int


class Trails:
    """The trails between the villages, with the hours that they take."""

    def __init__(self, seed=11):
        chance = random.Random(seed)
        self.heights = [chance.randrange(600, 2900) for _ in range(SIDE * SIDE)]
        self.ways = defaultdict(list)
        for village in range(SIDE * SIDE):
            row, column = divmod(village, SIDE)
            for other, there in ((village + 1, column + 1 < SIDE), (village + SIDE, row + 1 < SIDE)):
                if there and chance.random() < 0.9:
                    kilometres = chance.uniform(1.5, 6)
                    self.ways[village].append((other, self.hours(village, other, kilometres)))
                    self.ways[other].append((village, self.hours(other, village, kilometres)))

    def hours(self, start, end, kilometres):
        climb = self.heights[end] - self.heights[start]
        return kilometres / 4.2 + (climb / 350 if climb > 0 else -climb / 700)

    @cache
    def hours_from(self, depot):
        """The hours from the depot to each village that can be reached."""
        reached = {}
        heap = [(0.0, depot)]
        while heap:
            hours, village = heapq.heappop(heap)
            if village in reached:
                continue
            reached[village] = hours
            for other, more in self.ways[village]:
                if other not in reached:
                    heapq.heappush(heap, (hours + more, other))
        return reached


class Pricing:
    def __init__(self, trails):
        self.trails = trails

    def price(self, consignment):
        hours = self.trails.hours_from(consignment.depot).get(consignment.village)
        if hours is None:
            return None
        mules = -(-consignment.kilos // LOAD_OF_A_MULE)
        days = int(hours // 9)
        cents = PER_HOUR * hours * (1 + 0.6 * (mules - 1)) * GOODS[consignment.goods]
        return round(cents + days * 1800), hours


def feed(port, depots):
    """The offices in the villages, which hand in consignments."""
    connection = redis.Redis(port=port)
    chance = random.Random(5)
    due = time.monotonic()
    for number in range(1 << 40):
        connection.rpush(
            "consignments",
            json.dumps(
                {
                    "number": number,
                    "depot": chance.choice(depots),
                    "village": chance.randrange(SIDE * SIDE),
                    "goods": chance.choice(list(GOODS)),
                    "kilos": chance.randrange(10, 400),
                }
            ),
        )
        due += 1 / RATE
        time.sleep(max(0.0, due - time.monotonic()))


def work(connection, pricing):
    while True:
        _, text = connection.blpop("consignments")
        consignment = Consignment(**json.loads(text))
        priced = pricing.price(consignment)
        with connection.pipeline(transaction=False) as pipeline:
            if priced is None:
                log.warning("no way to village %d", consignment.village)
                pipeline.incr("unreachable")
            else:
                cents, hours = priced
                said = json.dumps({"cents": cents, "hours": round(hours, 1)})
                pipeline.set(f"price:{consignment.number}", said, ex=60)
                pipeline.incr("priced")
            pipeline.execute()


def main():
    logging.basicConfig(level=logging.ERROR)
    port = services.redis()
    trails = Trails()
    depots = random.Random(2).sample(range(SIDE * SIDE), DEPOTS)
    services.outside(lambda: feed(port, depots))
    print("ready", os.getpid(), flush=True)
    work(redis.Redis(port=port), Pricing(trails))


if __name__ == "__main__":
    main()
