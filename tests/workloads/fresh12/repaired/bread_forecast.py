# expect: healthy bench
"""Proposes for each branch of a bakery chain what it should order for tomorrow: from what its tills sold on the same
weekday of the last weeks (the tills count in Redis), by weight, rounded up to whole trays.
Measured: 1.6 ms for each proposal; 3.8 to 4.8 ms in the problem.
"""

import json
import math
import os
import random
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

WEIGHTS = (0.4, 0.3, 0.2, 0.1)  # last week counts most
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KINDS = ("roll", "loaf", "pastry", "cake")
TRAY = {"roll": 40, "loaf": 12, "pastry": 24, "cake": 8}


@dataclass(frozen=True)
class Product:
    code: str
    kind: str

    def trays(self, pieces):
        return math.ceil(pieces / TRAY[self.kind])


class TillCounts:
    """The counters that the tills keep, in Redis."""

    def __init__(self, port):
        self._line = socket.create_connection(("127.0.0.1", port))
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._line.makefile("rb")

    def command(self, *words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            word = str(word).encode()
            parts.append(b"$%d\r\n%b\r\n" % (len(word), word))
        self._line.sendall(b"".join(parts))
        return self._answer()

    def _answer(self):
        head = self._answers.readline()
        kind, rest = head[:1], head[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self._answers.read(size + 2)[:-2].decode()
        if kind == b"*":
            return [self._answer() for _ in range(int(rest))]
        return rest.decode()

    def sold(self, branch, products, day, weeks):
        """For each of the products a list with each week's count."""
        keys = [f"sold:{branch}:{day}:{week}:{product.code}" for product in products for week in weeks]
        counts = [int(count or 0) for count in self.command("MGET", *keys)]
        return [counts[at : at + len(weeks)] for at in range(0, len(counts), len(weeks))]

    def store(self, texts):
        self.command("MSET", *(word for item in texts.items() for word in item))


class Forecast:
    def __init__(self, counts, products):
        self.counts, self.products = counts, products

    def expected(self, weeks, weather):
        """What will be sold: the weighted mean, more if the weeks differ much, and more for fair weather."""
        mean = sum(weight * pieces for weight, pieces in zip(WEIGHTS, weeks))
        spread = max(weeks) - min(weeks)
        return mean * (1 + weather / 50) + 0.15 * spread

    def history(self, branch, day):
        """For each product what was sold on that day, the last week first."""
        weeks = range(1, len(WEIGHTS) + 1)
        return dict(zip(self.products, self.counts.sold(branch, self.products, day, weeks)))

    def proposal(self, branch, day, weather):
        rows = []
        for product, weeks in self.history(branch, day).items():
            trays = product.trays(self.expected(weeks, weather))
            if trays:
                rows.append((product.code, trays, trays * TRAY[product.kind]))
        rows.sort(key=lambda row: (-row[1], row[0]))
        return rows


def tills(counts, branches, products, seed):
    """What the tills of the chain counted in the last weeks."""
    chance = random.Random(seed)
    for branch in branches:
        for day in DAYS:
            counted = {}
            for product in products:
                for week in range(1, len(WEIGHTS) + 1):
                    counted[f"sold:{branch}:{day}:{week}:{product.code}"] = chance.randint(0, 5 * TRAY[product.kind])
            counts.store(counted)


def main():
    counts = TillCounts(services.redis())
    branches = [f"branch-{number:02}" for number in range(30)]
    products = [Product(f"{kind}-{number}", kind) for kind in KINDS for number in range(10)]
    tills(counts, branches, products, 6)
    forecast = Forecast(counts, products)
    chance = random.Random(9)
    done, spent, told = 0, 0.0, time.monotonic()
    print("ready", os.getpid(), flush=True)
    while True:
        began = time.perf_counter()
        day, weather = chance.choice(DAYS), chance.randint(-10, 10)
        plans = {}
        for branch in chance.sample(branches, 10):
            rows = forecast.proposal(branch, day, weather)
            plans[f"proposal:{branch}"] = json.dumps(rows)
        counts.store(plans)
        done += len(plans)
        spent += time.perf_counter() - began
        if time.monotonic() - told > 2:
            told = time.monotonic()
            print(f"{done} proposals, {1000 * spent / done:.2f} ms each", file=sys.stderr)
        time.sleep(0.12)


if __name__ == "__main__":
    main()
