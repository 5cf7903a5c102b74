# bench: healthy
"""A caster of tin soldiers: shops send their orders in bursts when their tills close, and the foundry works out the
moulds, the alloy, and a packing list with a seal for each.

Bursty: orders come over Redis (the worker waits in BLPOP), a pool of two threads packs and seals (zlib and hashes,
which leave the interpreter to others), and results go back in one pipeline for each burst. A lock guards the stock of
alloy for some microseconds at a time.

Measured: a burst of 400 orders every 1.5 s; 12 % of a core.
"""

import hashlib
import json
import os
import random
import sys
import threading
import time
import zlib
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import redis

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

ORDERS, LISTS = "orders", "lists"
BURST = 400
EVERY = 1.5
KEPT_SECONDS = 60

# name, grams of alloy, soldiers in a cast
MOULDS = (
    ("drummer", 38.0, 6),
    ("hussar", 92.0, 3),
    ("fusilier", 41.5, 6),
    ("ensign", 55.0, 4),
    ("gunner", 47.0, 5),
    ("piper", 44.0, 5),
    ("sapper", 39.5, 6),
)


class BadOrder(ValueError):
    pass


@dataclass(frozen=True)
class Order:
    number: int
    shop: str
    lines: tuple[tuple[str, int], ...]

    @classmethod
    def parse(cls, raw):
        try:
            told = json.loads(raw)
            lines = tuple((str(name), int(pieces)) for name, pieces in told["lines"])
            return cls(int(told["number"]), told["shop"], lines)
        except (KeyError, TypeError, ValueError) as error:
            raise BadOrder(raw[:80]) from error


def mould(name):
    """One of seven, by its name."""
    for known, grams, in_cast in MOULDS:
        if known == name:
            return grams, in_cast
    raise BadOrder(f"no mould {name}")


class Alloy:
    """What is in the crucible; it is filled up once a burst."""

    def __init__(self, grams):
        self.lock = threading.Lock()
        self.full = self.grams = grams
        self.short = 0

    def pour(self, grams):
        with self.lock:
            if grams > self.grams:
                self.short += 1
                return False
            self.grams -= grams
            return True

    def fill(self):
        with self.lock:
            self.grams = self.full


class Paints:
    """The paint of a regiment, mixed from its name; the newest stay mixed."""

    def __init__(self, most=128):
        self.most, self.mixed, self.lock = most, OrderedDict(), threading.Lock()

    def mix(self, regiment):
        with self.lock:
            if regiment in self.mixed:
                self.mixed.move_to_end(regiment)
                return self.mixed[regiment]
        paint = hashlib.scrypt(regiment.encode(), salt=b"tin", n=64, r=4, p=1, dklen=3).hex()
        with self.lock:
            self.mixed[regiment] = paint
            if len(self.mixed) > self.most:
                self.mixed.popitem(last=False)
        return paint


class Foundry:
    def __init__(self, alloy, paints):
        self.alloy, self.paints = alloy, paints
        self.shops = Counter()

    def casts(self, order):
        rows, grams = [], 0.0
        for name, pieces in order.lines:
            each, in_cast = mould(name)
            casts = -(-pieces // in_cast)
            grams += casts * in_cast * each
            rows.append({"mould": name, "pieces": pieces, "casts": casts})
        return rows, grams

    def packing_list(self, order):
        rows, grams = self.casts(order)
        paint = self.paints.mix(f"{order.shop}-{order.number % 40}")
        poured = self.alloy.pour(grams)
        soldiers = [f"{row['mould']} no. {n + 1} paint {paint}" for row in rows for n in range(row["pieces"])]
        packed = zlib.compress("\n".join(soldiers).encode(), 6)
        seal = hashlib.sha256(packed).hexdigest()
        state = "cast" if poured else "waits for alloy"
        head = json.dumps({"order": order.number, "state": state, "rows": rows, "seal": seal}).encode()
        return order, len(head).to_bytes(4, "big") + head + packed


class Worker:
    def __init__(self, store, foundry, threads=2):
        self.store, self.foundry = store, foundry
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="packer")
        self.bad = self.done = 0

    def burst(self):
        """What waits now: the first is waited for, the rest is there with it or comes soon after."""
        first = self.store.blpop(ORDERS, timeout=5)
        if first is None:
            return []
        time.sleep(0.02)
        return [first[1], *(self.store.lpop(ORDERS, BURST) or ())]

    def orders(self, raws):
        for raw in raws:
            try:
                yield Order.parse(raw)
            except BadOrder:
                self.bad += 1

    def work_once(self):
        orders = list(self.orders(self.burst()))
        with self.store.pipeline(transaction=False) as batch:
            for order, told in self.pool.map(self.foundry.packing_list, orders):
                self.foundry.shops[order.shop] += 1
                batch.set(f"{LISTS}:{order.number % 5000}", told, ex=KEPT_SECONDS)
                self.done += 1
            batch.execute()
        self.foundry.alloy.fill()


def shops(port):
    """The shops, whose tills close at the same time again and again."""
    rng = random.Random(1805)
    store = redis.Redis(port=port)
    due, number = time.monotonic(), 0
    while True:
        burst = []
        for _ in range(BURST):
            number += 1
            lines = [(rng.choice(MOULDS)[0], rng.randrange(20, 260)) for _ in range(rng.randrange(3, 8))]
            burst.append(json.dumps({"number": number, "shop": f"shop-{rng.randrange(24)}", "lines": lines}))
        store.rpush(ORDERS, *burst)
        due = max(due + EVERY, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    port = services.redis()
    services.outside(lambda: shops(port))
    store = redis.Redis(port=port)
    worker = Worker(store, Foundry(Alloy(9e7), Paints()))
    for _ in range(2):
        worker.work_once()
    print(f"ready {os.getpid()}", flush=True)
    while True:
        worker.work_once()


if __name__ == "__main__":
    main()
