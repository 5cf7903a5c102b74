# expect: healthy bench
"""Feed of reservations for desert caravanserais: partners put batches of changes onto a Redis list; this worker waits for
them, checks them, and brings each batch into the SQLite file of the front desk in one transaction.
"""

import json
import os
import random
import sqlite3
import sys
import time
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import redis
import services

QUEUE = "reservations:in"
HOUSES = ["tamerza", "douz", "ksar-ghilane", "matmata", "chenini"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS reservation (
    partner TEXT NOT NULL, reference TEXT NOT NULL, house TEXT NOT NULL, guest TEXT NOT NULL,
    arrival TEXT NOT NULL, nights INTEGER NOT NULL, camels INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (partner, reference)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_arrival ON reservation (house, arrival);
CREATE TABLE IF NOT EXISTS refused (at REAL NOT NULL, partner TEXT NOT NULL, why TEXT NOT NULL, many INTEGER NOT NULL);
"""
UPSERT = """
INSERT INTO reservation VALUES (:partner, :reference, :house, :guest, :arrival, :nights, :camels, :state)
ON CONFLICT (partner, reference) DO UPDATE SET
    house = excluded.house, guest = excluded.guest, arrival = excluded.arrival, nights = excluded.nights,
    camels = excluded.camels, state = excluded.state
"""


@dataclass
class Outcome:
    good: list
    wrong: dict


def open_desk(path):
    desk = sqlite3.connect(path)
    desk.execute("PRAGMA journal_mode = WAL")
    desk.execute("PRAGMA synchronous = NORMAL")
    desk.executescript(SCHEMA)
    return desk


def fault(change):
    if change["house"] not in HOUSES:
        return "unknown house"
    if not 1 <= change["nights"] <= 30:
        return "impossible stay"
    if change["state"] not in ("booked", "changed", "cancelled"):
        return "unknown state"
    return None


def check(batch):
    good, wrong = [], {}
    for change in batch["changes"]:
        why = fault(change)
        if why:
            wrong[why] = wrong.get(why, 0) + 1
        else:
            good.append({**change, "partner": batch["partner"]})
    return Outcome(good, wrong)


def store(desk, batch, outcome):
    with desk:
        desk.executemany(UPSERT, outcome.good)
        if outcome.wrong:
            rows = [(time.time(), batch["partner"], why, many) for why, many in outcome.wrong.items()]
            desk.executemany("INSERT INTO refused VALUES (?, ?, ?, ?)", rows)


def work(queue, desk):
    while True:
        _, text = queue.blpop(QUEUE)
        batch = json.loads(text)
        store(desk, batch, check(batch))


def partners(port):
    """Every few seconds a partner sends what has changed on its side."""
    queue = redis.Redis(port=port)
    rest = random.Random(11)
    while True:
        partner = rest.choice(["dunes.example", "oasis.example", "silkroad.example"])
        changes = [
            {
                "reference": f"C{rest.randrange(4000):05d}",
                "house": rest.choice(HOUSES) if rest.random() > 0.01 else "atlantis",
                "guest": f"Traveller {rest.randrange(9000)}",
                "arrival": f"2027-{rest.randrange(1, 13):02d}-{rest.randrange(1, 29):02d}",
                "nights": rest.randrange(1, 9),
                "camels": rest.randrange(5),
                "state": rest.choice(["booked", "booked", "changed", "cancelled"]),
            }
            for _ in range(rest.randrange(100, 600))
        ]
        queue.rpush(QUEUE, json.dumps({"partner": partner, "changes": changes}))
        time.sleep(rest.uniform(0.8, 2.4))


def main():
    port = services.redis()
    desk = open_desk("frontdesk.sqlite")
    services.outside(lambda: partners(port))
    queue = redis.Redis(port=port)
    time.sleep(1)
    print("ready", os.getpid(), flush=True)
    work(queue, desk)


main()
