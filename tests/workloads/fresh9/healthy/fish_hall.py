# expect: healthy bench
"""The clock of a fish auction: bids from the hall and from buyers at home come as entries of a Redis stream; each lot
goes to the highest bid, the sales are booked in SQLite, and the prices of the day go back to Redis for the boards.

Measured: 800 bids a second in bursts, 0.025 of a core; ten rounds of Redis and one commit a second.
"""

import os
import random
import sqlite3
import sys
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis
from redis.exceptions import ResponseError

sys.path.append(str(Path(__file__).parents[2]))
import services

SPECIES = ("cod", "monkfish", "sole", "turbot", "gurnard", "langoustine", "squid")
STREAM, GROUP = "bids", "clock"
LOTS, KEPT = 400, 30


@dataclass
class Lot:
    """One box or several of a kind, and the best bid for it so far."""

    number: int
    species: str
    kilos: int
    bids: int = 0
    cents: int = 0
    buyer: str = ""

    def take(self, cents: int, buyer: str) -> bool:
        self.bids += 1
        if cents <= self.cents:
            return False
        self.cents, self.buyer = cents, buyer
        return True


@dataclass
class Prices:
    """The last prices of each kind, for the boards."""

    last: dict[str, deque] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT)))

    def add(self, species: str, cents: int) -> None:
        self.last[species].append(cents)

    def board(self) -> dict[str, int]:
        return {species: sum(cents) // len(cents) for species, cents in self.last.items()}


class Ledger:
    """The sales. Those of a second are booked together; who was told of a sale is told again after a crash."""

    ROWS = 20_000

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(
            "CREATE TABLE sale (slot INTEGER PRIMARY KEY, lot INT, species TEXT, kilos INT, cents INT, buyer TEXT)"
        )
        self.booked = 0

    def book(self, lots: list[Lot]) -> None:
        rows = [
            ((self.booked + at) % self.ROWS, lot.number, lot.species, lot.kilos, lot.cents, lot.buyer)
            for at, lot in enumerate(lots)
        ]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO sale VALUES (?, ?, ?, ?, ?, ?)", rows)
        self.booked += len(rows)


class Clock:
    BIDS = 25  # after so many a lot is sold

    def __init__(self, store: Redis, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        self._chance = random.Random(9)
        self._prices = Prices()
        self._lots = [self._next(number) for number in range(LOTS)]
        self._sold: list[Lot] = []
        self.bids = self.odd = 0

    def _next(self, number: int) -> Lot:
        return Lot(number, self._chance.choice(SPECIES), self._chance.randint(10, 400))

    def _take(self, entry: dict[bytes, bytes]) -> None:
        try:
            place, cents, buyer = int(entry[b"lot"]), int(entry[b"cents"]), entry[b"buyer"].decode()
            lot = self._lots[place]
        except (KeyError, ValueError, IndexError):
            self.odd += 1
            return
        self.bids += 1
        lot.take(cents, buyer)
        if lot.bids >= self.BIDS:
            self._sold.append(lot)
            self._prices.add(lot.species, lot.cents)
            self._lots[place] = self._next(lot.number + LOTS)

    def _settle(self) -> None:
        self._ledger.book(self._sold)
        with self._store.pipeline(transaction=False) as batch:
            if self._sold:
                batch.hset("board", mapping=self._prices.board())
            batch.hset("clock", mapping={"bids": self.bids, "sold": self._ledger.booked, "odd": self.odd})
            batch.xtrim(STREAM, maxlen=5000, approximate=True)
            batch.execute()
        self._sold.clear()

    def run(self) -> None:
        """Wait for bids, a second at most; settle once a second, whether there were some or not."""
        due = time.monotonic() + 1
        while True:
            found = self._store.xreadgroup(GROUP, "one", {STREAM: ">"}, count=500, block=1000)
            for _, entries in found or ():
                for _, entry in entries:
                    self._take(entry)
                self._store.xack(STREAM, GROUP, *(number for number, _ in entries))
            if time.monotonic() >= due:
                due = time.monotonic() + 1
                self._settle()


def hall(port: int) -> None:
    """The buyers: quiet, and then everybody at once."""
    chance = random.Random(3)
    store = Redis(port=port)
    while True:
        with store.pipeline(transaction=False) as batch:
            for _ in range(chance.randint(60, 260)):
                lot, cents = chance.randrange(LOTS), chance.randint(200, 4000)
                batch.xadd(STREAM, {"lot": lot, "cents": cents, "buyer": f"b{chance.randrange(90)}"})
            batch.execute()
        time.sleep(0.2)


def main() -> None:
    port = services.redis()
    store = Redis(port=port)
    try:
        store.xgroup_create(STREAM, GROUP, mkstream=True)
    except ResponseError:
        pass  # it is there from before
    services.outside(lambda: hall(port))
    print("ready", os.getpid(), flush=True)
    Clock(store, Ledger("sales.sqlite")).run()


if __name__ == "__main__":
    main()
