# bench: healthy
# Plans the moulds of a marzipan maker: orders come into a folder in bundles, every few seconds one; for each bundle
# a plan is worked out (which figures share a tray, which mould is warmed when), printed labels are packed, and the
# bundle goes into the archive with a checksum for the customer.
#
# Looks costly, and is as it should be: idle most of the time, then at work for a moment; two looks into the folder a
# second; a child process for a bundle (not for an order); a table that is reckoned anew since each bundle is another;
# a collection of garbage after a bundle, when nobody waits; two threads that hash (which does not need the GIL).
# Measured: 4 % of a core, in bursts of some 60 ms.
import gc
import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

EVERY = 1.5  # seconds between two bundles
ORDERS = 1800
TRAY = 40  # places
ARCHIVED = 12
FIGURES = {"pig": 3, "potato": 1, "rose": 2, "carrot": 1, "pear": 2, "heart": 4, "loaf": 6, "bear": 5, "owl": 3}
FIGURES |= {"piglet": 2, "mouse": 1}  # places in a tray
WARMING = {"pig": 40, "potato": 5, "rose": 55, "carrot": 15, "pear": 20, "heart": 25, "loaf": 10, "bear": 60, "owl": 30}
WARMING |= {"piglet": 35, "mouse": 8}  # minutes


class BadBundle(ValueError):
    pass


@dataclass(slots=True)
class Order:
    number: int
    figure: str
    pieces: int
    due: int

    @property
    def places(self):
        return FIGURES[self.figure] * self.pieces


@dataclass(slots=True)
class Tray:
    free: int = TRAY
    orders: list = field(default_factory=list)


def orders_of(text):
    try:
        told = json.loads(text)
        orders = [Order(o["number"], o["figure"], o["pieces"], o["due"]) for o in told["orders"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BadBundle(f"unreadable: {error}") from error
    for order in orders:
        if order.figure not in FIGURES or not 0 < order.places <= TRAY:
            raise BadBundle(f"order {order.number} cannot be made")
    return orders


def fill_trays(orders):
    """Best fit, the largest orders first; the trays are kept by what is free in them."""
    trays, frees = [], []
    for order in sorted(orders, key=lambda order: order.places, reverse=True):
        at = bisect_left(frees, order.places)
        if at == len(frees):
            tray = Tray()
        else:
            tray = trays.pop(at)
            frees.pop(at)
        tray.orders.append(order)
        tray.free -= order.places
        at = bisect_left(frees, tray.free)
        trays.insert(at, tray)
        frees.insert(at, tray.free)
    return trays


@lru_cache(maxsize=256)
def change(one, other):
    """Minutes to go from one mould to another."""
    return 0 if one == other else 4 + abs(WARMING[one] - WARMING[other]) // 3


def sequence(trays):
    """In which order the moulds are warmed: the cheapest way through all figures (Held and Karp)."""
    figures = sorted({order.figure for tray in trays for order in tray.orders})
    best = {(1 << n, n): (WARMING[figure], None) for n, figure in enumerate(figures)}
    for done in range(1, 1 << len(figures)):
        for last, figure in enumerate(figures):
            known = best.get((done, last))
            if known is None:
                continue
            for following, other in enumerate(figures):
                if done >> following & 1:
                    continue
                cost, key = known[0] + change(figure, other), (done | 1 << following, following)
                if key not in best or cost < best[key][0]:
                    best[key] = (cost, (done, last))
    everything = (1 << len(figures)) - 1
    at = min(((everything, last) for last in range(len(figures))), key=lambda key: best[key][0])
    minutes, way = best[at][0], []
    while at is not None:
        way.append(figures[at[1]])
        at = best[at][1]
    return minutes, way[::-1]


def labels(trays, way):
    rank = {figure: place for place, figure in enumerate(way)}
    lines = []
    for number, tray in enumerate(trays, 1):
        for order in sorted(tray.orders, key=lambda order: (rank[order.figure], order.due)):
            lines.append(
                f"tray {number:>3}  order {order.number:>7}  {order.pieces:>2} x {order.figure:<8} due {order.due}"
            )
    return "\n".join(lines) + "\n"


class Workshop:
    def __init__(self, inbox, archive):
        self.inbox = inbox
        self.archive = archive
        self.archived = deque()
        self.hashers = ThreadPoolExecutor(2, thread_name_prefix="hash")
        self.minutes = deque(maxlen=50)

    def pack(self, path):
        subprocess.run(["gzip", "-f", "-6", str(path)], check=True)
        return path.with_name(f"{path.name}.gz")

    def checksum(self, path):
        return path.name, hashlib.sha256(path.read_bytes()).hexdigest()

    def keep(self, paths):
        sums = dict(self.hashers.map(self.checksum, paths))
        sheet = paths[0].with_suffix(".sums")
        sheet.write_text("".join(f"{value}  {name}\n" for name, value in sums.items()))
        self.archived.append([*paths, sheet])
        if len(self.archived) > ARCHIVED:
            for old in self.archived.popleft():
                old.unlink(missing_ok=True)

    def plan(self, path):
        orders = orders_of(path.read_text())
        trays = fill_trays(orders)
        minutes, way = sequence(trays)
        self.minutes.append(minutes)
        sheet = self.archive / f"{path.stem}.labels"
        sheet.write_text(labels(trays, way))
        kept = self.archive / path.name
        path.rename(kept)
        self.keep([kept, self.pack(sheet)])

    def look(self):
        for path in sorted(self.inbox.glob("*.json")):
            try:
                self.plan(path)
            except BadBundle as error:
                print(f"{path.name}: {error}", file=sys.stderr)
                path.unlink()
            gc.collect()


def shops(folder):
    rng = random.Random(8)
    number, due = 0, time.monotonic()
    while True:
        orders = []
        for _ in range(ORDERS):
            figure = rng.choice(list(FIGURES))
            pieces = rng.randrange(1, TRAY // FIGURES[figure] + 1)
            orders.append({"number": number, "figure": figure, "pieces": pieces, "due": rng.randrange(30)})
            number += 1
        part = folder / f".{number}.part"
        part.write_text(json.dumps({"orders": orders}))
        part.rename(folder / f"bundle-{number}.json")
        due += EVERY
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    inbox, archive = Path("inbox").resolve(), Path("archive").resolve()
    for folder in (inbox, archive):
        folder.mkdir(exist_ok=True)
    workshop = Workshop(inbox, archive)
    services.outside(lambda: shops(inbox))
    stop, looks = threading.Event(), 0
    while not stop.wait(0.5):
        workshop.look()
        looks += 1
        if looks == 8:
            print(f"ready {os.getpid()}", flush=True)


if __name__ == "__main__":
    main()
