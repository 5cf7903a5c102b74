# expect: healthy bench
"""Wallets of mine scrip: a worker that takes the movements of the company stores from a Redis list and books them on the
miners' wallets, which are kept in the same Redis. A wallet keeps its last 1500 movements. About 140 movements a second.

Measured: 0.45 to 0.48 cores here and 0.06 in the mended one, for the same movements.
"""

import json
import os
import random
import sys
import time

import redis

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

WALLETS = 60
KEPT = 1500
MOVEMENTS_PER_SECOND = 140
QUEUE = "scrip:movements"
REFUSED = "scrip:refused"


def movement(rng, number):
    return {
        "id": number,
        "wallet": rng.randrange(WALLETS),
        "cents": rng.choice((-1, -1, -1, 3)) * rng.randrange(5, 400),
        "store": f"store-{rng.randrange(12)}",
        "text": rng.choice(("lamp oil", "flour", "boots", "wages", "powder", "tobacco")),
        "at": 1_700_000_000 + number,
    }


def stores(port):
    """The tills of the company stores: they push movements at a steady rate."""
    queue = redis.Redis(port=port)
    rng = random.Random(11)
    due = time.monotonic()
    for number in range(1 << 40):
        queue.rpush(QUEUE, json.dumps(movement(rng, number)))
        due += 1 / MOVEMENTS_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))


class WalletStore:
    """The wallets in Redis: a balance, and a list of movements, each. This worker alone writes them."""

    def __init__(self, db):
        self._db = db

    @staticmethod
    def _keys(wallet):
        return f"scrip:balance:{wallet}", f"scrip:movements:{wallet}"

    def create(self, wallet, balance, movements):
        balance_key, movements_key = self._keys(wallet)
        self._db.set(balance_key, balance)
        self._db.rpush(movements_key, *map(json.dumps, movements))

    def book(self, entry):
        """Book it, and return the new balance, or None where the wallet does not suffice."""
        balance_key, movements_key = self._keys(entry["wallet"])
        balance = int(self._db.get(balance_key)) + entry["cents"]
        if balance < 0:
            return None
        kept = {name: entry[name] for name in ("id", "cents", "store", "text", "at")} | {"balance": balance}
        with self._db.pipeline(transaction=True) as pipe:
            pipe.set(balance_key, balance)
            pipe.rpush(movements_key, json.dumps(kept))
            pipe.ltrim(movements_key, -KEPT, -1)
            pipe.execute()
        return balance


class Booker:
    def __init__(self, db, wallets):
        self._db = db
        self._wallets = wallets
        self.booked = 0
        self.refused = 0
        self.turnover = {}

    def take(self):
        _, raw = self._db.blpop(QUEUE)
        return json.loads(raw)

    def run(self):
        while True:
            entry = self.take()
            balance = self._wallets.book(entry)
            if balance is None:
                self.refused += 1
                self._db.hincrby(REFUSED, entry["store"], 1)
                continue
            self.booked += 1
            self.turnover[entry["store"]] = self.turnover.get(entry["store"], 0) + abs(entry["cents"])


def open_wallets(wallets):
    rng = random.Random(1873)
    for wallet in range(WALLETS):
        balance, history = 50_000, []
        for number in range(KEPT):
            entry = movement(rng, number)
            del entry["wallet"]
            balance += entry["cents"]
            history.append(entry | {"balance": balance})
        wallets.create(wallet, balance + 1_000_000, history)


def main():
    port = services.redis()
    db = redis.Redis(port=port)
    wallets = WalletStore(db)
    open_wallets(wallets)
    services.outside(lambda: stores(port))
    print("ready", os.getpid(), flush=True)
    Booker(db, wallets).run()


if __name__ == "__main__":
    main()
