# expect: healthy bench
"""Background worker of an auction of inkwells: bids come in bursts through Redis, and are put into PostgreSQL in batches;
what is the highest bid of a lot now goes back to Redis for the site (redis, psycopg)."""

import json
import os
import random
import sys
import time
from collections import Counter

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import psycopg
import services
from redis import Redis

QUEUE = "bids"
BATCH = 500
LOTS = 400
BIDS_KEPT = 20000

SETUP = [
    "CREATE TABLE lots (id integer PRIMARY KEY, title text NOT NULL, cents integer NOT NULL DEFAULT 0, bidder text)",
    """CREATE TABLE bids (
        id bigserial PRIMARY KEY,
        lot_id integer NOT NULL REFERENCES lots (id),
        bidder text NOT NULL,
        cents integer NOT NULL,
        placed double precision NOT NULL
    )""",
    f"INSERT INTO lots (id, title) SELECT n, 'inkwell ' || n FROM generate_series(0, {LOTS - 1}) AS n",
]
RAISE = """
    UPDATE lots SET cents = best.cents, bidder = best.bidder
    FROM unnest(%s::int[], %s::int[], %s::text[]) AS best (id, cents, bidder)
    WHERE lots.id = best.id AND lots.cents < best.cents
    RETURNING lots.id, lots.cents, lots.bidder
"""


def bidders(port):
    """The site: the customers' bids, a burst whenever a lot is about to close."""
    redis = Redis(port=port)
    chance = random.Random(8)
    number = 0
    while True:
        burst = []
        for _ in range(chance.randrange(300, 1200)):
            number += 1
            bid = {
                "lot": chance.randrange(LOTS),
                "bidder": f"b{chance.randrange(900)}",
                "cents": 1000 + number // 40 + chance.randrange(2000),
                "placed": time.time(),
            }
            burst.append(json.dumps(bid))
        redis.rpush(QUEUE, *burst)
        time.sleep(chance.uniform(0.6, 1.6))


class Bids:
    def __init__(self, connection, redis):
        self.connection = connection
        self.redis = redis
        self.counted = Counter()

    def next_batch(self):
        """Wait for a bid, then take what else is there."""
        got = self.redis.blpop(QUEUE, timeout=5)
        if got is None:
            return []
        more = self.redis.lpop(QUEUE, BATCH - 1) or []
        return [json.loads(text) for text in (got[1], *more)]

    def valid(self, bids):
        for bid in bids:
            if 0 <= bid["lot"] < LOTS and bid["cents"] > 0:
                yield bid
            else:
                self.counted["refused"] += 1

    def store(self, bids):
        """All bids of the batch, in one transaction; the lots that were raised."""
        best = {}
        with self.connection.transaction(), self.connection.cursor() as cursor:
            with cursor.copy("COPY bids (lot_id, bidder, cents, placed) FROM STDIN") as copy:
                for bid in bids:
                    copy.write_row((bid["lot"], bid["bidder"], bid["cents"], bid["placed"]))
                    known = best.get(bid["lot"])
                    if known is None or bid["cents"] > known[0]:
                        best[bid["lot"]] = (bid["cents"], bid["bidder"])
                    self.counted["stored"] += 1
            lots = sorted(best)
            cursor.execute(RAISE, (lots, [best[lot][0] for lot in lots], [best[lot][1] for lot in lots]))
            return cursor.fetchall()

    def publish(self, raised):
        if raised:
            self.redis.hset("highest", mapping={lot: f"{cents}:{bidder}" for lot, cents, bidder in raised})

    def prune(self):
        """Old bids go to the archive's table elsewhere; here only the newest are needed."""
        self.connection.execute("DELETE FROM bids WHERE id < (SELECT max(id) FROM bids) - %s", (BIDS_KEPT,))

    def work(self):
        pruned = time.monotonic()
        while True:
            batch = self.next_batch()
            if batch:
                self.publish(self.store(self.valid(batch)))
            if time.monotonic() - pruned > 15:
                self.prune()
                pruned = time.monotonic()


def main():
    redis_port = services.redis()
    database_port = services.postgres(*SETUP)
    services.outside(lambda: bidders(redis_port))
    address = f"host=127.0.0.1 port={database_port} user=postgres dbname=postgres"
    with psycopg.connect(address, autocommit=True) as connection:
        worker = Bids(connection, Redis(port=redis_port))
        print("ready", os.getpid(), flush=True)
        worker.work()


if __name__ == "__main__":
    main()
