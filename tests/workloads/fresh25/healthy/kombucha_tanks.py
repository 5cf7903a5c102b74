# bench: healthy
# The cellar book of a kombucha brewery, kept in rounds: probes leave a CSV file each, a round takes all files that have
# come, puts the readings into SQLite in one transaction, fits how fast each tank turns sour, and writes the list of
# tanks to rack.
#
# Looks costly, and is as it should be: a sleep between the rounds, a short list of limits that is searched for each
# reading, a look into the folder twice a second, a few thousand rows with executemany and one commit a round, old
# readings deleted once in ten rounds, a file replaced each round.
# Measured: 30,000 readings a second, 15 % of a core.
import contextlib
import csv
import math
import os
import random
import re
import sqlite3
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

TANKS = 60
PROBES = 6
READINGS_PER_FILE = 4000
PAUSE = 0.5
KEEP = 12.0  # seconds
PROBE = re.compile(r"probe-(\d{2})-(\d+)\.csv")

# what a reading must be between, by stage of the brew; the first that fits counts
LIMITS = (
    ("tea", 4.6, 7.2, 15.0, 35.0),
    ("young", 3.6, 4.6, 18.0, 32.0),
    ("ripe", 2.9, 3.6, 18.0, 30.0),
    ("vinegar", 2.2, 2.9, 15.0, 32.0),
)

SCHEMA = """
CREATE TABLE reading (tank INTEGER NOT NULL, at REAL NOT NULL, ph REAL NOT NULL, celsius REAL NOT NULL,
    stage TEXT NOT NULL);
CREATE INDEX reading_at ON reading (at);
CREATE TABLE tank (id INTEGER PRIMARY KEY, slope REAL NOT NULL, level REAL NOT NULL, stage TEXT NOT NULL);
"""


class Misread(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class Reading:
    tank: int
    at: float
    ph: float
    celsius: float
    stage: str


def stage_of(ph, celsius):
    for stage, sour, mild, cold, warm in LIMITS:
        if sour <= ph < mild and cold <= celsius <= warm:
            return stage
    raise Misread(f"pH {ph} at {celsius} degrees")


def read(path):
    """The readings of a file, and how many were nonsense."""
    readings, bad = [], 0
    with path.open(newline="") as file:
        for tank, at, ph, celsius in csv.reader(file):
            try:
                acid, warmth = float(ph), float(celsius)
                readings.append(Reading(int(tank), float(at), acid, warmth, stage_of(acid, warmth)))
            except ValueError:
                bad += 1
    return readings, bad


def fit(readings):
    """Slope and level of the pH of a tank, corrected for warmth."""
    start = readings[0].at
    times = [reading.at - start for reading in readings]
    values = [reading.ph + 0.012 * (reading.celsius - 24) for reading in readings]
    middle = statistics.fmean(times)
    spread = sum((at - middle) ** 2 for at in times)
    level = statistics.fmean(values)
    if not spread:
        return 0.0, level
    return sum((at - middle) * value for at, value in zip(times, values)) / spread, level


class Book:
    def __init__(self, path):
        self.database = sqlite3.connect(path)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.executescript(SCHEMA)

    def enter(self, readings, fits):
        with self.database:
            self.database.executemany(
                "INSERT INTO reading VALUES (?, ?, ?, ?, ?)",
                ((r.tank, r.at, r.ph, r.celsius, r.stage) for r in readings),
            )
            self.database.executemany(
                "INSERT INTO tank VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
                " SET slope = excluded.slope, level = excluded.level, stage = excluded.stage",
                fits,
            )

    def forget(self, before):
        with self.database:
            self.database.execute("DELETE FROM reading WHERE at < ?", (before,))

    def to_rack(self):
        return self.database.execute(
            "SELECT id, stage, round(level, 2), round(slope, 4) FROM tank WHERE level < 3.4 ORDER BY level LIMIT 12"
        ).fetchall()


def write_list(path, rows):
    part = path.with_suffix(".part")
    lines = [f"tank {tank:>3}  {stage:<8} pH {level:.2f}  {slope:+.4f}" for tank, stage, level, slope in rows]
    part.write_text("\n".join(lines) + "\n")
    part.replace(path)


def go_round(folder, book):
    taken, readings, bad = [], [], 0
    for path in sorted(folder.iterdir()):
        if PROBE.fullmatch(path.name):
            found, wrong = read(path)
            readings += found
            bad += wrong
            taken.append(path)
    by_tank = defaultdict(list)
    for reading in readings:
        by_tank[reading.tank].append(reading)
    fits = []
    for tank, own in by_tank.items():
        slope, level = fit(own)
        if math.isfinite(slope):
            fits.append((tank, slope, level, own[-1].stage))
    book.enter(readings, fits)
    write_list(folder.with_name("rack.txt"), book.to_rack())
    for path in taken:
        path.unlink()
    return len(readings), bad


def probes(folder):
    """Each probe leaves a file now and then."""
    rng = random.Random(72)
    rows = [(rng.randrange(TANKS), rng.uniform(2.5, 7.0), rng.uniform(19, 29)) for _ in range(READINGS_PER_FILE)]
    rows[9] = (3, 9.9, 80.0)
    number, due = 0, time.monotonic()
    while True:
        at = time.time()
        text = "".join(f"{tank},{at + n / 1000:.3f},{ph:.3f},{c:.2f}\n" for n, (tank, ph, c) in enumerate(rows))
        part = Path(folder, ".part")
        part.write_text(text)
        part.rename(Path(folder, f"probe-{number % PROBES:02d}-{number}.csv"))
        number += 1
        due += 0.8 / PROBES
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    folder = Path("readings").resolve()
    folder.mkdir(exist_ok=True)
    book = Book("cellar.db")
    services.outside(lambda: probes(folder))
    rounds = 0
    while True:
        with contextlib.suppress(sqlite3.OperationalError):  # (the book is lent out)
            go_round(folder, book)
        rounds += 1
        if rounds % 10 == 0:
            book.forget(time.time() - KEEP)
        if rounds == 5:
            print(f"ready {os.getpid()}", flush=True)
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
