# expect: pattern=chatty-protocol bench
"""Dispatcher of the guided kayak tours in a mangrove delta.

Kayaks carry a tracker. Receiver processes, one for each mast, take their positions and keep the latest of every kayak
in a table that all processes share. The dispatcher here looks over the tours many times a second, finds those whose
kayaks drift apart or come near a closed channel, and tells the guides.

Measured: a round takes 22.9 ms with the problem, 0.9 ms in the twin (0.31 and 0.02 cores) at 25 rounds a second.
"""

import json
import math
import multiprocessing
import os
import random
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.managers import BaseManager

MASTS = 2
TOURS = 40
KAYAKS_PER_TOUR = 9
ROUNDS_PER_SECOND = 25
CLOSED = [(120.0, 340.0), (410.0, 95.0), (660.0, 520.0)]
APART = 90.0
NEAR = 35.0


class PositionTable:
    """The latest position of every kayak."""

    def __init__(self):
        self.latest = {}

    def put_all(self, positions):
        self.latest.update(positions)

    def get(self, kayak):
        return self.latest.get(kayak)

    def size(self):
        return len(self.latest)


class TableManager(BaseManager):
    pass


TableManager.register("PositionTable", PositionTable)


@dataclass
class Tour:
    number: int
    guide: str
    kayaks: list
    warned: str = ""


def tours():
    made = []
    for number in range(TOURS):
        kayaks = [f"K{number:02d}-{boat}" for boat in range(KAYAKS_PER_TOUR)]
        made.append(Tour(number, f"guide-{number % 17}", kayaks))
    return made


def receiver(mast, table):
    """What a mast hears: the trackers of its tours, which send a position every two seconds."""
    dice = random.Random(mast)
    mine = [tour for tour in tours() if tour.number % MASTS == mast]
    places = {tour.number: [dice.uniform(0, 800), dice.uniform(0, 600)] for tour in mine}
    turn = 0
    while True:
        heard = {}
        for tour in mine[turn % 4 :: 4]:
            place = places[tour.number]
            place[0] = min(800.0, max(0.0, place[0] + dice.uniform(-6, 6)))
            place[1] = min(600.0, max(0.0, place[1] + dice.uniform(-6, 6)))
            for kayak in tour.kayaks:
                heard[kayak] = (place[0] + dice.gauss(0, 20), place[1] + dice.gauss(0, 20), time.time())
        table.put_all(heard)
        turn += 1
        time.sleep(0.5)


class Dispatcher:
    def __init__(self, table):
        self.table = table
        self.tours = tours()
        self.outbox = deque(maxlen=200)
        self.rounds = 0

    def positions(self, tour):
        found = {}
        for kayak in tour.kayaks:  # <- cost
            position = self.table.get(kayak)  # <- cost
            if position is not None:
                found[kayak] = position
        return found

    def judge(self, positions):
        if not positions:
            return ""
        east = sum(place[0] for place in positions.values()) / len(positions)
        north = sum(place[1] for place in positions.values()) / len(positions)
        for kayak, (x, y, _) in positions.items():
            if math.hypot(x - east, y - north) > APART:
                return f"{kayak} drifts away"
        for x, y in CLOSED:
            if math.hypot(x - east, y - north) < NEAR:
                return "near a closed channel"
        return ""

    def round(self):
        for tour in self.tours:  # <- cost
            warning = self.judge(self.positions(tour))  # <- cost
            if warning and warning != tour.warned:
                self.outbox.append(json.dumps({"to": tour.guide, "tour": tour.number, "text": warning}))
            tour.warned = warning
        self.rounds += 1

    def run(self):
        due = time.monotonic()
        taken = deque(maxlen=60)
        while True:
            began = time.monotonic()
            self.round()
            taken.append(time.monotonic() - began)
            if self.rounds == 25:
                print("ready", os.getpid(), flush=True)
            if self.rounds % 75 == 0:
                with open("rounds.txt", "w") as report:
                    report.write(f"{self.rounds} rounds, {sum(taken) / len(taken) * 1e3:.1f} ms each\n")
            due = max(due + 1 / ROUNDS_PER_SECOND, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    manager = TableManager()
    manager.start()
    table = manager.PositionTable()
    for mast in range(MASTS):
        multiprocessing.Process(target=receiver, args=(mast, table), daemon=True).start()
    while table.size() < TOURS * KAYAKS_PER_TOUR:
        time.sleep(0.1)
    Dispatcher(table).run()


if __name__ == "__main__":
    main()
