# bench: healthy
"""The wig workshop of an opera house: the dressers' room sends the wigs of an act all at once, a few seconds apart, and
the workshop draws up for each of them the knotting chart of the lace, blends the hair, packs the chart for the knotters
and files it.

A worker with a pool of four threads on a Redis list. Looks costly, and is as it should be: it waits for wigs without
asking again and again, takes those that are there in one go, files the charts of a burst through one pipeline, and the
threads share a bounded cache of blends whose lock they hold for a moment only.

Measured: 35 wigs a second in bursts of 56, 16 % of a core, 44 MiB.
"""

import hashlib
import json
import math
import os
import random
import signal
import sys
import threading
import time
import zlib
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import redis
import services

QUEUE, CHARTS = "wigs:wanted", "wigs:charts"
AT_ONCE, CHARTS_KEPT = 80, 300
BURST, EVERY = 56, 1.6
SHADES = ("raven", "chestnut", "auburn", "flax", "ash", "silver", "copper", "powder")


class BadOrder(Exception):
    pass


@dataclass(frozen=True)
class Order:
    number: int
    role: str
    head: float
    shades: tuple
    density: int

    @classmethod
    def parse(cls, text):
        try:
            told = json.loads(text)
            order = cls(int(told["number"]), told["role"], float(told["head"]), tuple(told["shades"]), told["density"])
        except (KeyError, ValueError, TypeError) as error:
            raise BadOrder(f"unreadable: {error}") from error
        if not 50 <= order.head <= 66 or not set(order.shades) <= set(SHADES):
            raise BadOrder(f"no wig for a head of {order.head} cm in {order.shades}")
        return order


class Blends:
    """How many strands of which shade make a blend; the latest ones are kept."""

    def __init__(self, most=64):
        self.most = most
        self.lock = threading.Lock()
        self.kept = OrderedDict()
        self.hits = 0

    def get(self, shades, density):
        key = shades, density
        with self.lock:
            if key in self.kept:
                self.kept.move_to_end(key)
                self.hits += 1
                return self.kept[key]
        blend = self.mix(shades, density)
        with self.lock:
            self.kept[key] = blend
            while len(self.kept) > self.most:
                self.kept.popitem(last=False)
        return blend

    @staticmethod
    def mix(shades, density):
        """The pattern in which the strands alternate: the first shade leads, the others follow at equal distances."""
        pattern = bytearray([SHADES.index(shades[0])]) * (density * 16)
        for turn, shade in enumerate(shades[1:], 2):
            pattern[turn :: turn * 2] = bytes([SHADES.index(shade)]) * len(pattern[turn :: turn * 2])
        return bytes(pattern)


class Workshop:
    def __init__(self, store):
        self.store = store
        self.blends = Blends()
        self.pool = ThreadPoolExecutor(4, thread_name_prefix="bench")
        self.running = True
        self.made = self.refused = 0

    def stop(self, *_):
        self.running = False

    def wanted(self):
        """Wait for a wig, and take all that came with it."""
        first = self.store.blpop(QUEUE, timeout=2)
        if first is None:
            return []
        return [first[1], *(self.store.lpop(QUEUE, AT_ONCE - 1) or [])]

    def chart(self, text):
        """The rows of knots, from the nape to the forehead, packed for the knotters' screens."""
        try:
            order = Order.parse(text)
        except BadOrder as error:
            return None, str(error)
        blend = self.blends.get(order.shades, order.density)
        rows = []
        for row in range(int(order.head * 4)):
            width = int(order.density * order.head * math.sin(math.pi * (row + 1) / (order.head * 4 + 2)))
            turn = row * 7 % len(blend)
            strip = (blend[turn:] + blend * (width // len(blend) + 1))[:width]
            rows.append(strip)
        knots = b"\xff".join(rows)
        packed = zlib.compress(knots, 6)
        seal = hashlib.blake2b(knots, digest_size=12).hexdigest()
        return {"wig": order.number, "role": order.role, "knots": len(knots), "seal": seal}, packed

    def file(self, charts):
        """Write the charts of a burst, and let go of old ones."""
        with self.store.pipeline(transaction=False) as batch:
            for told, packed in charts:
                batch.set(f"chart:{told['wig']}", packed, ex=60)
                batch.lpush(CHARTS, json.dumps(told))
            batch.ltrim(CHARTS, 0, CHARTS_KEPT - 1)
            batch.execute()

    def work(self):
        while self.running:
            try:
                wanted = self.wanted()
            except redis.ConnectionError:
                time.sleep(1)
                continue
            done = list(self.pool.map(self.chart, wanted))
            charts = [(told, packed) for told, packed in done if told is not None]
            if charts:
                self.file(charts)
            self.made += len(charts)
            self.refused += len(done) - len(charts)
        self.pool.shutdown()


def dressers(port):
    """The wigs of an act together; acts follow each other."""
    dice = random.Random(12)
    store = redis.Redis(port=port)
    roles = ("Queen of the Night", "Papageno", "Second Lady", "Slave", "Sarastro", "Priest", "Armoured Man")
    due, number = time.monotonic(), 0
    while True:
        orders = []
        for _ in range(BURST):
            number += 1
            told = {
                "number": number % 5000,
                "role": dice.choice(roles),
                "head": dice.randrange(53, 63),
                "shades": dice.sample(SHADES, 2),
                "density": dice.randrange(90, 140, 10),
            }
            orders.append(json.dumps(told))
        store.rpush(QUEUE, *orders)
        due += EVERY
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    redis_port = services.redis()
    workshop = Workshop(redis.Redis(port=redis_port))
    signal.signal(signal.SIGTERM, workshop.stop)
    services.outside(lambda: dressers(redis_port))
    threading.Timer(2.0, lambda: print(f"ready {os.getpid()}", flush=True)).start()
    workshop.work()
