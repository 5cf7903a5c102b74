# expect: pattern=sync-write bench
"""Chronicle of "Kraken Skirmish": takes what happened in the sea fights from the queue of the game servers (a Redis
list), four times a second, and keeps it in SQLite for replays and for the points of the fleets.

Measured: 800 events (200 at a time) are written in 1.3 to 9 s, by how busy the disk is; with the twin in 0.02 to 0.04 s. CPU 0.10 and 0.01 cores.
"""

import itertools
import json
import os
import random
import sqlite3
import sys
import time

import redis

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

QUEUE = "skirmish:events"
EVENTS_PER_SECOND = 300
ROUND = 0.25
KEPT = 60000

POINTS = {"ram": 5, "broadside": 2, "tentacle": 3, "board": 8, "sink": 25, "flee": -4}

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, fight INTEGER NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL,
    ship TEXT NOT NULL, target TEXT, damage INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fleets (name TEXT PRIMARY KEY, points INTEGER NOT NULL, fights INTEGER NOT NULL);
"""


def game_servers(port):
    """What the game servers do: fights that go on, a little burst of events every 50 ms."""
    queue = redis.Redis(port=port)
    due = time.monotonic()
    for burst in itertools.count():
        events = []
        for number in range(EVENTS_PER_SECOND // 20):
            ship, target = random.sample(range(160), 2)
            events.append(
                json.dumps(
                    {
                        "fight": burst // 40 * 12 + number % 12,
                        "at": time.time(),
                        "kind": random.choice(list(POINTS)),
                        "ship": f"fleet{ship % 16}/ship{ship}",
                        "target": f"fleet{target % 16}/ship{target}",
                        "damage": random.randrange(90),
                    }
                )
            )
        queue.rpush(QUEUE, *events)
        due += 0.05
        time.sleep(max(0.0, due - time.monotonic()))


class Chronicle:
    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.executescript(SCHEMA)
        self.written = 0
        self.refused = 0

    @staticmethod
    def read(text):
        event = json.loads(text)
        if event["kind"] not in POINTS or not event["ship"].startswith("fleet"):
            raise ValueError(event["kind"])
        return event

    def write(self, event):
        self.db.execute(
            "INSERT INTO events (fight, at, kind, ship, target, damage) VALUES (?, ?, ?, ?, ?, ?)",
            (event["fight"], event["at"], event["kind"], event["ship"], event["target"], event["damage"]),
        )
        self.db.execute(
            """INSERT INTO fleets VALUES (?, ?, 1)
               ON CONFLICT (name) DO UPDATE SET points = points + excluded.points, fights = fights + 1""",
            (event["ship"].partition("/")[0], POINTS[event["kind"]] + event["damage"] // 10),
        )
        self.written += 1

    def take(self, texts):
        for text in texts:  # <- cost
            try:
                event = self.read(text)
            except (ValueError, KeyError):
                self.refused += 1
                continue
            self.write(event)
            self.db.commit()  # <- cost

    def forget(self):
        """Replays of old fights aren't asked for any more."""
        self.db.execute("DELETE FROM events WHERE number <= (SELECT max(number) FROM events) - ?", (KEPT,))
        self.db.commit()


def main():
    port = services.redis()
    services.outside(lambda: game_servers(port))
    queue = redis.Redis(port=port)
    chronicle = Chronicle("skirmish.db")
    due = time.monotonic()
    for number in itertools.count(1):
        if number == 2:
            print("ready", os.getpid(), flush=True)
        texts = queue.lpop(QUEUE, 300)
        if texts:
            chronicle.take(texts)
        if number % 40 == 0:
            chronicle.forget()
        due = max(due + ROUND, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
