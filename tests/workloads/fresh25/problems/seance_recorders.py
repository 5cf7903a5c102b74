# expect: pattern=process-churn bench
# A society for psychical research leaves recorders in houses that are said to be haunted. Each sends a packed file of
# its field strengths a few times a minute into a drop folder; this tool takes them from there in rounds, looks for
# disturbances, and keeps what it found in SQLite.
#
# Measured: 100 files a second; a round of 40 files takes 200 ms, in the twin 15 ms (3 ms of CPU a file with
# the children, in the twin 0.6 ms).
import argparse
import gzip
import logging
import os
import random
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

log = logging.getLogger("seance")

SAMPLES = 600
FILES_PER_SECOND = 100
NAME = re.compile(r"(?P<house>[a-z]+)-(?P<room>\d+)-(?P<number>\d+)\.emf\.gz")
HOUSES = ("borley", "raynham", "glamis", "chillingham", "pluckley", "berkeley")

SCHEMA = """
CREATE TABLE IF NOT EXISTS recording (digest TEXT PRIMARY KEY, house TEXT NOT NULL, room INTEGER NOT NULL,
    mean REAL NOT NULL, deviation REAL NOT NULL, taken REAL NOT NULL);
CREATE TABLE IF NOT EXISTS disturbance (id INTEGER PRIMARY KEY, digest TEXT NOT NULL, at INTEGER NOT NULL,
    lasted INTEGER NOT NULL, peak REAL NOT NULL);
CREATE INDEX IF NOT EXISTS recording_taken ON recording (taken);
CREATE INDEX IF NOT EXISTS disturbance_digest ON disturbance (digest);
"""


class BadRecording(Exception):
    """A file that is broken, or not from one of our recorders."""


@dataclass(frozen=True)
class Disturbance:
    at: int
    lasted: int
    peak: float


@dataclass(frozen=True)
class Recording:
    digest: str
    house: str
    room: int
    mean: float
    deviation: float
    disturbances: tuple[Disturbance, ...]


class Drop:
    """The folder that the recorders send to; a file appears in it as a whole."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.rejected = self.folder.with_name("rejected")
        self.rejected.mkdir(exist_ok=True)

    def arrived(self):
        return sorted(self.folder.glob("*.emf.gz"))

    def reject(self, path, error):
        log.warning("%s: %s", path.name, error)
        path.replace(self.rejected / path.name)


def fingerprint(path):
    """What a recording is known by, in our records as in those of the other societies."""
    told = subprocess.run(["sha256sum", "--binary", path], capture_output=True, text=True, check=True)  # <- cost
    return told.stdout.split()[0]


def unpack(path):
    try:
        told = subprocess.run(["gzip", "-dc", path], capture_output=True, check=True)  # <- cost
    except subprocess.CalledProcessError as error:
        raise BadRecording(error.stderr.decode(errors="replace").strip()) from error
    return told.stdout.decode("ascii")


def strengths(text):
    try:
        values = [int(value) for value in text.split()]
    except ValueError as error:
        raise BadRecording(str(error)) from error
    if len(values) != SAMPLES:
        raise BadRecording(f"{len(values)} samples")
    return values


def disturbances(values, mean, deviation):
    """Runs of samples that are far off, joined over gaps of one sample."""
    limit, start, last, peak = 3.5 * deviation, None, 0, 0.0
    for at, value in enumerate(values):
        off = abs(value - mean)
        if off > limit:
            start = at if start is None else start
            last, peak = at, max(peak, off)
        elif start is not None and at - last > 1:
            yield Disturbance(start, last - start + 1, round(peak, 2))
            start, peak = None, 0.0
    if start is not None:
        yield Disturbance(start, last - start + 1, round(peak, 2))


def examine(path):
    named = NAME.fullmatch(path.name)
    if named is None:
        raise BadRecording("name unknown")
    values = strengths(unpack(path))
    mean = sum(values) / len(values)
    deviation = statistics.pstdev(values, mean) or 1.0
    found = tuple(disturbances(values, mean, deviation))
    return Recording(fingerprint(path), named["house"], int(named["room"]), mean, deviation, found)


class Records:
    def __init__(self, path, keep):
        self.keep = keep
        self.database = sqlite3.connect(path)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.executescript(SCHEMA)

    def add(self, recordings):
        now = time.time()
        rows = [(r.digest, r.house, r.room, r.mean, r.deviation, now) for r in recordings]
        found = [(r.digest, d.at, d.lasted, d.peak) for r in recordings for d in r.disturbances]
        with self.database:
            self.database.executemany("INSERT OR IGNORE INTO recording VALUES (?, ?, ?, ?, ?, ?)", rows)
            self.database.executemany("INSERT INTO disturbance (digest, at, lasted, peak) VALUES (?, ?, ?, ?)", found)

    def forget(self):
        with self.database:
            limit = time.time() - self.keep
            old = "SELECT digest FROM recording WHERE taken < ?"
            self.database.execute(f"DELETE FROM disturbance WHERE digest IN ({old})", (limit,))
            self.database.execute("DELETE FROM recording WHERE taken < ?", (limit,))

    def restless(self):
        """The rooms with most disturbances."""
        return self.database.execute(
            "SELECT house, room, count(*) FROM disturbance JOIN recording USING (digest) GROUP BY house, room"
            " ORDER BY 3 DESC LIMIT 5"
        ).fetchall()


def go_round(drop, records):
    examined = []
    for path in drop.arrived():
        try:
            examined.append((path, examine(path)))
        except BadRecording as error:
            drop.reject(path, error)
    records.add([recording for _, recording in examined])
    for path, _ in examined:
        path.unlink(missing_ok=True)
    return len(examined)


def recorders(folder):
    """The houses: now and then something walks."""
    rng = random.Random(1937)
    packed = []
    for _ in range(40):
        values = [500 + rng.randrange(-30, 31) for _ in range(SAMPLES)]
        for _ in range(rng.randrange(4)):
            at = rng.randrange(SAMPLES - 12)
            values[at : at + 8] = [900 + rng.randrange(90) for _ in range(8)]
        packed.append(gzip.compress(" ".join(map(str, values)).encode()))
    due = time.monotonic()
    for number in range(1 << 40):
        name = f"{HOUSES[number % len(HOUSES)]}-{number % 7}-{number}.emf.gz"
        part = os.path.join(folder, f".{name}.part")
        with open(part, "wb") as file:
            file.write(packed[number % len(packed)])
        os.rename(part, os.path.join(folder, name))
        due += 1 / FILES_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drop", default="drop")
    parser.add_argument("--database", default="records.db")
    parser.add_argument("--every", type=float, default=0.25, help="seconds between two rounds")
    parser.add_argument("--keep", type=float, default=30, help="seconds that recordings are kept")
    options = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Path(options.drop).mkdir(exist_ok=True)
    drop, records = Drop(options.drop), Records(options.database, options.keep)
    services.outside(lambda: recorders(options.drop))
    rounds = taken = 0
    while not stop.wait(options.every):
        taken += go_round(drop, records)
        rounds += 1
        if rounds % 20 == 0:
            records.forget()
            log.info("%d recordings, %s", taken, records.restless())
        if rounds == 8:
            print(f"ready {os.getpid()}", flush=True)


if __name__ == "__main__":
    main()
