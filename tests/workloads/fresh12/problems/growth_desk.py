# expect: pattern=gil-contention bench
"""The growth desk of a forest inventory: crews ask from their tablets what is known of a stand while they are at work
in it, and beside that the desk projects the growth of all stands for the next decades, tree by tree, stand by stand.
Measured: a round of 24 stands takes 240 ms, and 560 answers a second are given; in the twin 130 ms and 860.
"""

import json
import math
import os
import random
import signal
import socketserver
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

SPECIES = {"spruce": (38.0, 0.031, 0.62), "beech": (34.0, 0.024, 0.68), "pine": (31.0, 0.036, 0.59)}
STANDS, TREES, YEARS, ROUND, EVERY = 240, 90, 40, 24, 0.5


@dataclass(frozen=True)
class Tree:
    species: str
    centimetres: float

    @property
    def basal_area(self):
        return math.pi * (self.centimetres / 200) ** 2  # <- cost


@dataclass(frozen=True)
class Stand:
    number: int
    hectares: float
    trees: tuple


def grown(tree, shade):
    """The tree a year later: thick and shaded ones grow less."""
    limit, speed, form = SPECIES[tree.species]  # <- cost
    gain = speed * tree.centimetres * math.log1p(4 * limit / tree.centimetres) * (1 - form * shade)  # <- cost
    return Tree(tree.species, tree.centimetres + max(0.02, gain))  # <- cost


def volume(tree):
    limit, speed, form = SPECIES[tree.species]
    height = 1.3 + limit * (1 - math.exp(-speed * 1.6 * tree.centimetres))
    return tree.basal_area * height * form * 0.75


def project(stand):
    """Cubic metres a hectare for each decade to come."""
    trees, decades = list(stand.trees), []
    for year in range(1, YEARS + 1):
        area = sum(tree.basal_area for tree in trees)  # <- cost
        taller, grove = 0.0, []
        for tree in sorted(trees, key=lambda tree: -tree.centimetres):  # <- cost
            grove.append(grown(tree, min(0.95, taller / (area + 0.1))))  # <- cost
            taller += tree.basal_area  # <- cost
        trees = grove
        if year % 10 == 0:
            decades.append(round(sum(volume(tree) for tree in trees) / stand.hectares, 1))
    return stand.number, decades


class Inventory:
    """The stands, and what was projected for them last."""

    def __init__(self, stands):
        self.stands = stands
        self._projected = {}

    def keep(self, number, decades):
        self._projected[number] = decades

    def card(self, number):
        stand = self.stands[number]
        thickest = max(tree.centimetres for tree in stand.trees)
        card = {"stand": number, "trees": len(stand.trees), "thickest": round(thickest, 1)}
        return card | {"decades": self._projected.get(number)}


class Tablet(socketserver.StreamRequestHandler):
    """A crew's line: it asks 'stand 17' and is answered with the card, then an empty line."""

    disable_nagle_algorithm = True

    def handle(self):
        for line in self.rfile:  # <- cost
            try:
                answer = self.server.inventory.card(int(line.split()[1]))
            except (IndexError, ValueError, KeyError):
                answer = {"error": "which stand?"}
            self.wfile.write(json.dumps(answer).encode() + b"\n\n")  # <- cost
            self.server.answered += 1


class Desk(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, inventory):
        super().__init__(("127.0.0.1", 0), Tablet)
        self.inventory = inventory
        self.answered = 0

    def handle_error(self, *_):
        pass  # a crew went out of reach


class Projection:
    """Goes through the stands, some at a time."""

    def __init__(self, inventory, pool):
        self._inventory, self._pool = inventory, pool
        self._next = self.done = 0
        self.spent = 0.0

    def round(self):
        began = time.perf_counter()
        stands = [self._inventory.stands[(self._next + at) % STANDS] for at in range(ROUND)]
        for number, decades in self._pool.map(project, stands):  # <- cost
            self._inventory.keep(number, decades)
        self._next += ROUND
        self.done += 1
        self.spent += time.perf_counter() - began


def some_stands(chance):
    stands = {}
    for number in range(STANDS):
        trees = tuple(Tree(chance.choice(list(SPECIES)), chance.uniform(7, 60)) for _ in range(TREES))
        stands[number] = Stand(number, chance.uniform(0.1, 0.4), trees)
    return stands


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    inventory = Inventory(some_stands(random.Random(4)))
    desk = Desk(inventory)
    questions = [f"stand {number}" for number in range(STANDS)]
    services.outside(lambda: clients.ask_lines(desk.server_address[1], questions, 4, 0.004))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:  # <- cost
        threading.Thread(target=desk.serve_forever, daemon=True).start()
        projection = Projection(inventory, pool)
        projection.round()  # <- cost
        print("ready", os.getpid(), flush=True)
        due = began = time.monotonic()
        while True:
            projection.round()  # <- cost
            if projection.done % 8 == 0:
                rate = desk.answered / (time.monotonic() - began)
                text = f"{rate:.0f} answers a second, a round takes {projection.spent / projection.done:.3f} s\n"
                Path(folder, "desk.txt").write_text(text)
            due = max(due + EVERY, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
