# expect: healthy bench
"""Results of a pumpkin trebuchet league, from a Redis stream into a SQLite file.

The referees' tablets send every shot of a heat at once when the heat is over, so work comes in bursts and the consumers
rest in between. Two threads read as members of one consumer group; they hand whole batches to a third that owns the
file and writes each batch in one transaction.
"""

import logging
import math
import os
import queue
import random
import sqlite3
import sys
import threading
import time

import redis

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

STREAM, GROUP = "shots", "results"
READERS = 2
SHOTS_PER_HEAT = 2400
HEAT_EVERY = 1.5

log = logging.getLogger("trebuchet")


def distance(fields):
    """The distance of a shot in metres, from the angle and speed at release and the wind along the field."""
    angle = math.radians(float(fields[b"angle"]))
    speed = float(fields[b"speed"])
    wind = float(fields[b"wind"])
    height = 6.0
    up = speed * math.sin(angle)
    seconds = (up + math.sqrt(up * up + 2 * 9.81 * height)) / 9.81
    return max(0.0, (speed * math.cos(angle) + 0.2 * wind) * seconds)


class Reader(threading.Thread):
    def __init__(self, name, port, batches):
        super().__init__(name=name, daemon=True)
        self.store = redis.Redis(port=port, socket_timeout=30)
        self.batches = batches

    def run(self):
        while True:
            try:
                told = self.store.xreadgroup(GROUP, self.name, {STREAM: ">"}, count=400, block=10_000)
            except redis.RedisError:
                log.exception("%s cannot read", self.name)
                time.sleep(2)
                continue
            for _, entries in told or ():
                rows = [(fields[b"team"].decode(), int(fields[b"heat"]), distance(fields)) for _, fields in entries]
                self.batches.put(([entry for entry, _ in entries], rows))


class Writer(threading.Thread):
    def __init__(self, port, batches):
        super().__init__(name="writer", daemon=True)
        self.store = redis.Redis(port=port, socket_timeout=30)
        self.batches = batches
        self.written = 0

    def run(self):
        database = sqlite3.connect("league.db")
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute("CREATE TABLE IF NOT EXISTS best (team TEXT PRIMARY KEY, heat INTEGER, metres REAL)")
        while True:
            entries, rows = self.batches.get()
            with database:
                database.executemany(
                    "INSERT INTO best VALUES (?, ?, ?) ON CONFLICT (team) DO UPDATE"
                    " SET heat = excluded.heat, metres = excluded.metres WHERE excluded.metres > metres",
                    rows,
                )
            with self.store.pipeline(transaction=False) as pipe:
                pipe.xack(STREAM, GROUP, *entries)
                pipe.xdel(STREAM, *entries)
                pipe.execute()
            self.written += len(rows)


def tablets(port):
    """The referees' tablets."""
    store = redis.Redis(port=port)
    heat = 0
    while True:
        heat += 1
        with store.pipeline(transaction=False) as pipe:
            for shot in range(SHOTS_PER_HEAT):
                fields = {
                    "team": f"team-{shot % 60}",
                    "heat": heat,
                    "angle": round(random.uniform(30, 55), 1),
                    "speed": round(random.uniform(25, 60), 1),
                    "wind": round(random.uniform(-8, 8), 1),
                }
                pipe.xadd(STREAM, fields)
            pipe.execute()
        time.sleep(HEAT_EVERY)


def main():
    port = services.redis()
    redis.Redis(port=port).xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    batches = queue.Queue(maxsize=20)
    writer = Writer(port, batches)
    writer.start()
    for number in range(READERS):
        Reader(f"reader-{number}", port, batches).start()
    services.outside(lambda: tablets(port))
    while writer.written < 2 * SHOTS_PER_HEAT:
        time.sleep(0.2)
    print("ready", os.getpid(), flush=True)
    writer.join()


if __name__ == "__main__":
    main()
