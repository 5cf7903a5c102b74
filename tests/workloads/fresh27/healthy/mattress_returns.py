# expect: healthy bench
"""Takes the returns of a mattress seller's carriers, as they are scanned, and keeps the reports for the buyers.

The carriers send JSON lines over TCP. Each return is checked and counted by model and by reason; once a second the
new counts are added to those in the database in one transaction, on a thread of its own.
"""

import asyncio
import contextlib
import json
import logging
import os
import random
import socket
import sqlite3
import sys
import time
from collections import Counter, deque

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

CARRIERS = 6
RETURNS_A_SECOND = 60000
MODELS = [f"{name}-{width}" for name in ("Alder", "Birch", "Cedar", "Drift", "Ember") for width in (90, 140, 160, 180)]
REASONS = ("too soft", "too hard", "smell", "wrong size", "stains", "changed mind", "torn cover")

log = logging.getLogger("mattress_returns")


def carrier(port, number):
    """A carrier's depot: it sends what it scanned, twenty times a second."""
    chance = random.Random(number)
    lines = []
    for at in range(3000):
        one = {"id": f"R{number}{at:06}", "model": chance.choice(MODELS), "reason": chance.choice(REASONS)}
        one |= {"nights": chance.randrange(110), "cents": chance.randrange(19900, 129900), "photos": ["a.jpg", "b.jpg"]}
        lines.append(json.dumps(one).encode() + b"\n")
    lines[11] = b'{"id": "torn label"}\n'
    each = RETURNS_A_SECOND // CARRIERS // 20
    with socket.create_connection(("127.0.0.1", port)) as line:
        due, at = time.monotonic(), 0
        while True:
            line.sendall(b"".join(lines[at : at + each]))
            at = (at + each) % (len(lines) - each)
            due += 0.05
            time.sleep(max(0.0, due - time.monotonic()))


class Totals:
    """What the buyers look at: pieces, euro cents and nights slept for each model and reason."""

    def __init__(self):
        self.pieces = Counter()
        self.cents = Counter()
        self.nights = Counter()
        self.refused = 0

    def count(self, model, reason, cents, nights):
        key = model, reason
        self.pieces[key] += 1
        self.cents[key] += cents
        self.nights[key] += nights

    def rows(self):
        return [(*key, pieces, self.cents[key], self.nights[key]) for key, pieces in self.pieces.items()]


class Store:
    """The database; used on one thread at a time."""

    def __init__(self):
        self.database = sqlite3.connect("returns.db", check_same_thread=False)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = NORMAL")
        self.database.execute(
            "CREATE TABLE IF NOT EXISTS returns (model TEXT, reason TEXT, pieces INTEGER, cents INTEGER,"
            " nights INTEGER, PRIMARY KEY (model, reason)) WITHOUT ROWID"
        )

    def add(self, totals):
        with self.database:
            self.database.executemany(
                "INSERT INTO returns VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET pieces = pieces + excluded.pieces,"
                " cents = cents + excluded.cents, nights = nights + excluded.nights",
                totals.rows(),
            )
        worst = self.database.execute(
            "SELECT model, sum(pieces), sum(cents) / 100, sum(nights) / sum(pieces) FROM returns"
            " GROUP BY 1 ORDER BY 2 DESC"
        ).fetchall()
        with open("report.new", "w", encoding="utf-8") as file:
            json.dump({"models": worst, "refused in the last second": totals.refused}, file)
        os.replace("report.new", "report.json")


class Intake:
    def __init__(self):
        self.totals = Totals()
        self.torn = deque(maxlen=100)

    def take(self, line):
        try:
            one = json.loads(line)
            self.totals.count(one["model"], one["reason"], one["cents"], one["nights"])
        except (ValueError, KeyError):
            self.totals.refused += 1
            self.torn.append(line)

    async def serve(self, reader, writer):
        rest = b""
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(1 << 16):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self.take(line)
        writer.close()

    async def save(self, store):
        while True:
            await asyncio.sleep(1)
            totals, self.totals = self.totals, Totals()
            begun = time.monotonic()
            await asyncio.to_thread(store.add, totals)
            log.info("%d returns in %.3f s", totals.pieces.total(), time.monotonic() - begun)


async def main():
    logging.basicConfig(filename="intake.log", level=logging.INFO, format="%(asctime)s %(message)s")
    intake = Intake()
    server = await asyncio.start_server(intake.serve, "127.0.0.1", 0, limit=1 << 18)
    port = server.sockets[0].getsockname()[1]
    for number in range(CARRIERS):
        services.outside(lambda number=number: carrier(port, number))
    saving = asyncio.create_task(intake.save(Store()))
    await asyncio.sleep(1.5)
    print("ready", os.getpid(), flush=True)
    await saving


if __name__ == "__main__":
    asyncio.run(main())
