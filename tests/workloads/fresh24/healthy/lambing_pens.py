# bench: healthy
"""Lambing pens: the collars of the ewes tell how they lie, stand and strain; a worker takes the readings from a
stream in Redis, finds the ewes that are about to lamb, and keeps the readings in PostgreSQL.

redis-py and psycopg. What may look costly, and is as it should be: it comes in bursts (the collars wake together, twice
a second), the worker waits in XREADGROUP until there is something, takes up to two hundred at a time, writes them with
one COPY in one transaction, acknowledges them together, and remembers a bounded number of readings for repeats. Old
rows are deleted each minute.

Measured: 1200 readings a second in two bursts, 0.03 cores.
"""

import json
import os
import random
import sys
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

import psycopg
import redis

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

STREAM, GROUP, ALERTS = "collars", "pens", "alerts"
EWES = 400
BURST = 600
EACH_BURST = 0.5
SETUP = (
    "CREATE TABLE reading (ewe int NOT NULL, at double precision NOT NULL, posture text NOT NULL, strain real NOT NULL,"
    " celsius real NOT NULL)",
    "CREATE INDEX ON reading (at)",
    "CREATE TABLE lambing (ewe int PRIMARY KEY, since double precision NOT NULL, score real NOT NULL)",
)


@dataclass(slots=True)
class Reading:
    ewe: int
    at: float
    posture: str
    strain: float
    celsius: float

    @classmethod
    def parse(cls, raw):
        told = json.loads(raw)
        return cls(
            int(told["ewe"]), float(told["at"]), str(told["posture"]), float(told["strain"]), float(told["celsius"])
        )

    def row(self):
        return (self.ewe, self.at, self.posture, self.strain, self.celsius)


@dataclass
class Ewe:
    number: int
    recent: deque = field(default_factory=lambda: deque(maxlen=12))
    since: float = 0.0

    def score(self):
        """Restless, straining, and cooler than she was: a walk over at most a dozen readings."""
        turns, strain = 0, 0.0
        before = None
        for reading in self.recent:
            if before is not None and reading.posture != before.posture:
                turns += 1
            strain += reading.strain
            before = reading
        cooler = self.recent[0].celsius - self.recent[-1].celsius
        return turns * 0.8 + strain / len(self.recent) * 3 + max(0.0, cooler) * 2


class Repeats:
    """The collars send a reading again when the barn was out of reach."""

    def __init__(self, size=4000):
        self.size = size
        self.seen = OrderedDict()

    def new(self, reading):
        key = (reading.ewe, reading.at)
        if key in self.seen:
            return False
        self.seen[key] = None
        if len(self.seen) > self.size:
            self.seen.popitem(last=False)
        return True


class Flock:
    threshold = 12.0

    def __init__(self):
        self.ewes = {}

    def take(self, readings):
        """Those that began to lamb."""
        begun = []
        for reading in readings:
            ewe = self.ewes.setdefault(reading.ewe, Ewe(reading.ewe))
            ewe.recent.append(reading)
            score = ewe.score()
            if score > self.threshold and reading.at - ewe.since > 600:
                ewe.since = reading.at
                begun.append((ewe.number, reading.at, score))
        return begun


class Book:
    """The tables."""

    def __init__(self, dsn):
        self.connection = psycopg.connect(dsn)
        self.swept = time.monotonic()

    def keep(self, readings, begun):
        with self.connection.transaction(), self.connection.cursor() as cursor:
            with cursor.copy("COPY reading FROM STDIN") as copy:
                for reading in readings:
                    copy.write_row(reading.row())
            if begun:
                cursor.executemany(
                    "INSERT INTO lambing VALUES (%s, %s, %s) ON CONFLICT (ewe) DO UPDATE SET since = excluded.since,"
                    " score = excluded.score",
                    begun,
                )

    def sweep(self, seconds=900):
        if time.monotonic() - self.swept > 60:
            with self.connection.transaction():
                self.connection.execute("DELETE FROM reading WHERE at < %s", (time.time() - seconds,))
            self.swept = time.monotonic()


class Worker:
    def __init__(self, port, dsn):
        self.redis = redis.Redis(port=port)
        self.redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        self.book, self.flock, self.repeats = Book(dsn), Flock(), Repeats()
        self.bad = 0

    def parsed(self, messages):
        for _, fields in messages:
            try:
                reading = Reading.parse(fields[b"reading"])
            except (KeyError, ValueError):
                self.bad += 1
                continue
            if self.repeats.new(reading):
                yield reading

    def handle(self, messages):
        readings = list(self.parsed(messages))
        begun = self.flock.take(readings)
        self.book.keep(readings, begun)
        with self.redis.pipeline(transaction=False) as pipeline:
            pipeline.xack(STREAM, GROUP, *(number for number, _ in messages))
            for ewe, at, score in begun:
                pipeline.lpush(ALERTS, json.dumps({"ewe": ewe, "at": at, "score": round(score, 1)}))
            pipeline.ltrim(ALERTS, 0, 499).execute()

    def work(self, until=None):
        while until is None or time.monotonic() < until:
            for _, messages in self.redis.xreadgroup(GROUP, "worker", {STREAM: ">"}, count=200, block=2000) or ():
                self.handle(messages)
            self.book.sweep()


def collars(port):
    sending = redis.Redis(port=port)
    due, turn = time.monotonic(), 0
    while True:
        with sending.pipeline(transaction=False) as pipeline:
            for _ in range(BURST):
                turn += 1
                told = {
                    "ewe": turn % EWES,
                    "at": round(time.time(), 3),
                    "posture": random.choice(("lies", "stands", "stands", "walks")),
                    "strain": round(random.random() ** 3, 3),
                    "celsius": round(39.2 + random.uniform(-0.4, 0.4), 2),
                }
                body = json.dumps(told) if turn % 500 else "{"
                pipeline.xadd(STREAM, {"reading": body}, maxlen=20000, approximate=True)
            pipeline.execute()
        due = max(due + EACH_BURST, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    port = services.redis()
    dsn = f"host=127.0.0.1 port={services.postgres(*SETUP)} user=postgres dbname=postgres"
    worker = Worker(port, dsn)
    services.outside(lambda: collars(port))
    worker.work(time.monotonic() + 6)
    print(f"ready {os.getpid()}", flush=True)
    worker.work()


if __name__ == "__main__":
    main()
