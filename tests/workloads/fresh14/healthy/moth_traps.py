# expect: healthy bench
"""Nightly counts of light traps for moths: each tray's counts go into the register (a batch in one transaction), and the
flight season of the species is then worked out anew from what the register has of them, a family at a time.

Measured: 28 % of a core; one executemany and one SELECT some eight times a second.
"""

import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

FAMILIES = ("Noctuidae", "Geometridae", "Erebidae", "Sphingidae", "Notodontidae")
SPECIES = 60  # of each family
TRAPS = 40
NIGHTS = 120


@dataclass(frozen=True)
class Season:
    species: str
    first: float
    median: float
    last: float
    total: int


class Register:
    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.executescript(
            """
            CREATE TABLE species (id INTEGER PRIMARY KEY, family TEXT, name TEXT);
            CREATE TABLE caught (trap INTEGER, night INTEGER, species INTEGER, moths INTEGER,
                                 PRIMARY KEY (species, night, trap)) WITHOUT ROWID;
            """
        )

    def name(self, rows):
        with self.db:
            self.db.executemany("INSERT INTO species (id, family, name) VALUES (?, ?, ?)", rows)

    def known(self):
        return {name: number for number, name in self.db.execute("SELECT id, name FROM species")}

    def enter(self, rows):
        with self.db:
            self.db.executemany(
                "INSERT INTO caught VALUES (?, ?, ?, ?)"
                " ON CONFLICT (species, night, trap) DO UPDATE SET moths = excluded.moths",
                rows,
            )

    def by_night(self, family):
        """(species, night, moths) of a family, sorted."""
        return self.db.execute(
            "SELECT s.name, c.night, sum(c.moths) FROM species s JOIN caught c ON c.species = s.id"
            " WHERE s.family = ? GROUP BY s.id, c.night ORDER BY s.name, c.night",
            (family,),
        )


class Trays:
    """What the recorders typed in: a line a species, trap and night."""

    def __init__(self, seed=21):
        self.dice = random.Random(seed)
        self.names = [f"{family[:4]}. {number}" for family in FAMILIES for number in range(SPECIES)]

    def batch(self, lines):
        for _ in range(lines):
            number = self.dice.randrange(len(self.names))
            night = int(self.dice.triangular(0, NIGHTS - 1, number % NIGHTS))
            yield f"{self.dice.randrange(TRAPS)};{night};{self.names[number]};{self.dice.randrange(1, 30)}"


def parse(lines, known):
    rows, unknown = [], 0
    for line in lines:
        try:
            trap, night, name, moths = line.split(";")
            rows.append((int(trap), int(night), known[name], int(moths)))
        except (ValueError, KeyError):
            unknown += 1
    return rows, unknown


def quantile(nights, total, share):
    want, so_far = total * share, 0
    for night, moths in nights:
        if so_far + moths >= want:
            return night + (want - so_far) / moths
        so_far += moths
    return float(nights[-1][0])


def season(species, rows):
    nights = [(night, moths) for _, night, moths in rows]
    total = sum(moths for _, moths in nights)
    marks = (quantile(nights, total, share) for share in (0.05, 0.5, 0.95))
    return Season(species, *marks, total)


def seasons(register, family):
    return [season(species, rows) for species, rows in groupby(register.by_night(family), itemgetter(0))]


def overlap(one, other):
    """How much of their seasons two species share, by days."""
    shared = min(one.last, other.last) - max(one.first, other.first)
    return max(0.0, shared) / max(1.0, max(one.last, other.last) - min(one.first, other.first))


def closest(found):
    """The pairs of a family that fly together: neighbours by the median are looked at, three to each side."""
    ordered = sorted(found, key=lambda flight: flight.median)
    pairs = []
    for at, one in enumerate(ordered):
        pairs += [(overlap(one, other), one.species, other.species) for other in ordered[at + 1 : at + 4]]
    return max(pairs, default=None)


def main():
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    register = Register(Path(tempfile.mkdtemp(prefix="moths-")) / "register.db")
    trays = Trays()
    register.name((number, FAMILIES[number // SPECIES], name) for number, name in enumerate(trays.names))
    known = register.known()
    register.enter(parse(trays.batch(60000), known)[0])
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    for turn in range(1 << 40):
        rows, unknown = parse(trays.batch(3000), known)
        register.enter(rows)
        if unknown:
            print(f"{unknown} lines name no known species", file=sys.stderr)
        found = seasons(register, FAMILIES[turn % len(FAMILIES)])
        if closest(found) is None:
            print("no flight seasons yet", file=sys.stderr)
        due = max(due + 0.12, time.monotonic())
        if ended.wait(due - time.monotonic()):
            break


if __name__ == "__main__":
    main()
