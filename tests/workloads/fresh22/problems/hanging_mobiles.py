# expect: pattern=gc-pressure bench
"""Designs hanging mobiles: a toy workshop cuts shapes from sheet metal, and its customers' page asks for a mobile of so
many shapes. The planner picks them from the stock, hangs them in a tree of rods, finds the balance point of each rod,
turns the tiers so that no two touch, and answers with the cutting list.

An asyncio server that takes a wish as a line of JSON; the stock of shapes is held in memory.

Measured: 44 % of a core at 13 wishes a second (33 ms each); in the twin 1.1 % (0.6 ms).
"""

import asyncio
import bisect
import gc
import json
import math
import os
import random
import socket
import sys
import threading
import time
from dataclasses import dataclass, field

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services

STOCK, WISHES_A_SECOND, CUSTOMERS = 24_000, 13, 4
MOTIFS = ("whale", "leaf", "moon", "swallow", "kite", "drop", "fish", "star")
ROD_GRAMS_A_CM = 0.35


class BadWish(Exception):
    pass


@dataclass
class Shape:
    """A shape in the stock, with its outline in millimetres."""

    number: int
    motif: str
    grams: float
    outline: list
    places: dict = field(default_factory=dict)

    @property
    def radius(self):
        return max(math.hypot(x, y) for x, y in self.outline) / 10


class Stock:
    def __init__(self, shapes):
        self.by_motif = {motif: [] for motif in MOTIFS}
        for shape in sorted(shapes, key=lambda shape: shape.grams):
            self.by_motif[shape.motif].append(shape)
        self.weights = {motif: [shape.grams for shape in held] for motif, held in self.by_motif.items()}

    def nearest(self, motif, grams):
        held = self.by_motif[motif]
        return held[min(bisect.bisect_left(self.weights[motif], grams), len(held) - 1)]


class Hanging:
    """What hangs on a string: a shape, or a rod with two of these."""

    def __init__(self, hanger=None):
        self.hanger = hanger

    @property
    def depth(self):
        depth, above = 0, self.hanger
        while above is not None:
            depth, above = depth + 1, above.hanger
        return depth


class Pendant(Hanging):
    def __init__(self, shape, hanger):
        super().__init__(hanger)
        self.shape = shape

    def grams(self):
        return self.shape.grams

    def reach(self):
        return self.shape.radius

    def rods(self):
        return ()


class Rod(Hanging):
    def __init__(self, length, hanger=None):
        super().__init__(hanger)
        self.length = length
        self.left = self.right = None
        self.turn = 0.0

    def grams(self):
        return self.left.grams() + self.right.grams() + self.length * ROD_GRAMS_A_CM

    def balance(self):
        """How far from the left end the string is tied."""
        rod = self.length * ROD_GRAMS_A_CM
        return (self.right.grams() * self.length + rod * self.length / 2) / self.grams()

    def reach(self):
        tied = self.balance()
        return max(tied + self.left.reach(), self.length - tied + self.right.reach())

    def rods(self):
        return (self, *self.left.rods(), *self.right.rods())


class Bench:
    """A mobile hangs on the bench while it is planned, and is taken down afterwards."""

    def __init__(self, stock):
        self.stock = stock
        self.top = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.top = None
        gc.collect()  # <- cost

    def hang(self, motifs, dice):
        self.top = self._hang(motifs, dice, None)
        return self.top

    def _hang(self, motifs, dice, hanger):
        if len(motifs) == 1:
            return Pendant(self.stock.nearest(motifs[0], dice.uniform(4, 60)), hanger)
        rod = Rod(8 + 3.5 * math.log2(len(motifs)), hanger)
        cut = max(1, min(len(motifs) - 1, round(len(motifs) * dice.uniform(0.3, 0.7))))
        rod.left = self._hang(motifs[:cut], dice, rod)
        rod.right = self._hang(motifs[cut:], dice, rod)
        return rod

    def turn_tiers(self):
        """Rods of one tier are turned against each other by what they reach."""
        tiers = {}
        for rod in self.top.rods():
            tier = tiers.setdefault(rod.depth, [])
            tier.append(rod)
            rod.turn = round(math.degrees(math.tau * len(tier) / (1 + rod.reach())) % 360, 1)
        return tiers

    def cutting_list(self):
        for rod in self.top.rods():
            ends = [end.shape.number for end in (rod.left, rod.right) if isinstance(end, Pendant)]
            yield {
                "tier": rod.depth,
                "cm": round(rod.length, 1),
                "tied": round(rod.balance(), 2),
                "turn": rod.turn,
                "shapes": ends,
            }


class Planner:
    def __init__(self, stock):
        self.stock = stock
        self.planned = 0

    def plan(self, wish):
        number, motifs = int(wish["shapes"]), wish["motifs"]
        if not 2 <= number <= 40 or not set(motifs) <= set(MOTIFS):
            raise BadWish(f"cannot hang {number} of {motifs}")
        dice = random.Random(wish.get("taste", 0))
        with Bench(self.stock) as bench:
            top = bench.hang([motifs[n % len(motifs)] for n in range(number)], dice)
            bench.turn_tiers()
            self.planned += 1
            return {"grams": round(top.grams(), 1), "reach": round(top.reach(), 1), "rods": list(bench.cutting_list())}


def cut_shapes(number):
    dice = random.Random(2)
    for at in range(number):
        size = dice.uniform(15, 60)
        outline = [(round(size * math.cos(n), 1), round(size * 0.8 * math.sin(n), 1)) for n in range(6)]
        yield Shape(at, dice.choice(MOTIFS), size * 0.9, outline, {"drawer": at % 300, "free": 1 + at % 7})


async def serve(planner):
    async def customer(reader, writer):
        while line := await reader.readline():
            try:
                answer = planner.plan(json.loads(line))
            except (BadWish, KeyError, ValueError, TypeError) as error:
                answer = {"error": str(error)}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(customer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    services.outside(lambda: page(port))
    await asyncio.sleep(1.5)
    print(f"ready {os.getpid()}", flush=True)
    await server.serve_forever()


def visitor(port, number):
    dice = random.Random(number)
    with socket.create_connection(("127.0.0.1", port)) as line:
        file = line.makefile("rb")
        due = time.monotonic() + number / WISHES_A_SECOND
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + CUSTOMERS / WISHES_A_SECOND, time.monotonic() - 1)
            wish = {"shapes": dice.randrange(8, 24), "motifs": dice.sample(MOTIFS, 3), "taste": dice.randrange(10**6)}
            line.sendall(json.dumps(wish).encode() + b"\n")
            if not file.readline():
                return


def page(port):
    visitors = [threading.Thread(target=visitor, args=(port, number)) for number in range(CUSTOMERS)]
    for thread in visitors:
        thread.start()
    for thread in visitors:
        thread.join()


if __name__ == "__main__":
    asyncio.run(serve(Planner(Stock(cut_shapes(STOCK)))))
