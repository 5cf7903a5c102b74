# expect: pattern=hot-loop bench
"""The stock of a cigar merchant: every second the shops leave a file of what came in and went out; the oldest sticks of
a vitola leave first. After each file the shelf list and the list of boxes that should be turned are written anew.

Measured: 0.33 s of CPU for the 2400 movements of a second (0.34 cores); in the twin 0.01 s.
"""

import csv
import logging
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside  # noqa: E402

log = logging.getLogger("humidor_stock")

VITOLAS = ("robusto", "corona", "lancero", "torpedo", "churchill", "panetela", "perfecto", "toro")
HOUSES = ("Vuelta", "Estero", "Cibao", "Jalapa", "Danli", "San Andres")
BOX = 25
BOXES = 3600
MOVEMENTS = 2200
PERIOD = 1.0
LOOK_SECONDS = 0.25
REPORTS_KEPT = 6


class BadFile(Exception):
    pass


@dataclass(slots=True)
class Box:
    serial: int
    cigar: tuple[str, str]
    arrived: int
    sticks: int
    turned: int = 0

    def moisture(self, today):
        """Falls between two turnings."""
        return 69.0 - 0.11 * min(30, today - self.turned)


@dataclass(frozen=True, slots=True)
class Movement:
    day: int
    way: str
    cigar: tuple[str, str]
    sticks: int

    @classmethod
    def parse(cls, row):
        try:
            day, way, house, vitola, sticks = row
            return cls(int(day), way, (house, vitola), int(sticks))
        except ValueError as error:
            raise BadFile(f"row {row!r}") from error


class Humidor:
    """The boxes, and what leaves them."""

    def __init__(self):
        self.boxes = []
        self.serial = 0
        self.short = Counter()

    def lay_in(self, cigar, day, sticks=BOX):
        self.serial += 1
        self.boxes.append(Box(self.serial, cigar, day, sticks, day))

    def oldest(self, cigar):
        laid = [box for box in self.boxes if box.cigar == cigar]  # <- cost
        return min(laid, key=lambda box: box.arrived, default=None)

    def take(self, cigar, sticks):
        """Sticks leave the oldest box, then the next."""
        while sticks:
            box = self.oldest(cigar)  # <- cost
            if box is None:
                self.short[cigar] += sticks
                return
            taken = min(sticks, box.sticks)
            box.sticks -= taken
            sticks -= taken
            if not box.sticks:
                self.boxes.remove(box)

    def book(self, movement):
        if movement.way == "in":
            self.lay_in(movement.cigar, movement.day, movement.sticks)
        elif movement.way == "out":
            self.take(movement.cigar, movement.sticks)
        else:
            raise BadFile(f"way {movement.way!r}")


class Shelf:
    """What the merchant reads in the morning."""

    def __init__(self, humidor, today):
        self.today = today
        self.sticks = Counter()
        self.ages = Counter()
        self.dry = []
        for box in humidor.boxes:
            self.sticks[box.cigar] += box.sticks
            self.ages[box.cigar] += (today - box.arrived) * box.sticks
            if box.moisture(today) < 66.5:
                self.dry.append(box)

    def turn(self):
        self.dry.sort(key=lambda box: box.turned)
        turned = self.dry[:200]
        for box in turned:
            box.turned = self.today
        return turned

    def write(self, folder):
        target = folder / f"shelf-{self.today % REPORTS_KEPT}.csv"
        fresh = target.with_suffix(".part")
        with open(fresh, "w", newline="") as out:
            writer = csv.writer(out)
            for cigar, sticks in sorted(self.sticks.items()):
                writer.writerow([*cigar, sticks, round(self.ages[cigar] / max(1, sticks), 1)])
            writer.writerows([box.serial, "turn", box.turned] for box in self.turn())
        os.replace(fresh, target)


class Inbox:
    """The files of the shops, in their order."""

    def __init__(self, folder):
        self.folder = folder

    def waiting(self):
        return sorted(path for path in self.folder.iterdir() if path.suffix == ".csv")

    def read(self, path):
        with open(path, newline="") as lines:
            return [Movement.parse(row) for row in csv.reader(lines)]


class StockKeeper:
    def __init__(self, inbox, reports):
        self.inbox = inbox
        self.reports = reports
        self.humidor = Humidor()
        for number in range(BOXES):
            self.humidor.lay_in(cigar_of(number), number * 30 // BOXES - 30)

    def settle(self, path):
        begun = time.perf_counter()
        movements = self.inbox.read(path)
        for movement in movements:
            self.humidor.book(movement)
        Shelf(self.humidor, movements[-1].day).write(self.reports)
        log.info("%s: %d movements, %.3f s", path.name, len(movements), time.perf_counter() - begun)

    def work(self):
        while True:
            for path in self.inbox.waiting():
                try:
                    self.settle(path)
                except BadFile as error:
                    log.warning("%s: %s", path.name, error)
                path.unlink()
                yield path
            time.sleep(LOOK_SECONDS)


def cigar_of(number):
    return HOUSES[number % len(HOUSES)], VITOLAS[number // len(HOUSES) % len(VITOLAS)]


def shops(folder):
    """What goes out comes in again by the box, so the stock stays as it is."""
    rng = random.Random(3)
    owed = Counter()
    due = time.monotonic()
    for day in range(1 << 40):
        rows = []
        for _ in range(MOVEMENTS):
            cigar = cigar_of(rng.randrange(len(HOUSES) * len(VITOLAS)))
            sticks = rng.randrange(1, 4)
            rows.append(f"{day},out,{cigar[0]},{cigar[1]},{sticks}\n")
            owed[cigar] += sticks
            if owed[cigar] >= BOX:
                owed[cigar] -= BOX
                rows.append(f"{day},in,{cigar[0]},{cigar[1]},{BOX}\n")
        part = folder / f"{day:09d}.part"
        part.write_text("".join(rows))
        part.rename(part.with_suffix(".csv"))
        due = max(due + PERIOD, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    inbox, reports = Path("inbox"), Path("reports")
    inbox.mkdir()
    reports.mkdir()
    keeper = StockKeeper(Inbox(inbox), reports)
    outside(lambda: shops(inbox))
    settled = keeper.work()
    next(settled)
    print(f"ready {os.getpid()}", flush=True)
    for _ in settled:
        pass


if __name__ == "__main__":
    main()
