# expect: pattern=sync-write bench
"""The commission bids of a stamp auction house: agents and collectors hand in sheets with their highest bids before the
sale. The book keeps them, works out where each lot stands, and acknowledges a sheet as a whole.
Measured: a sheet takes 80 ms, nearly all of it waiting for the disk; 6 ms in the twin (on a busy machine).
"""

import os
import random
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

LOTS = 2400
SHEETS_A_SECOND = 10
BIDS_ON_A_SHEET = 150
STEPS = ((100, 5), (300, 10), (1000, 20), (3000, 50), (10_000, 200), (1 << 40, 500))


@dataclass(frozen=True)
class Bid:
    lot: int
    euros: int


@dataclass
class Lot:
    number: int
    start: int
    best: int = 0
    second: int = 0
    holder: int = 0

    def standing(self):
        """What the lot would be called at: one step above the second bid, never above the first."""
        if not self.best:
            return self.start
        return min(self.best, max(self.start, self.second + step_at(self.second)))

    def take(self, paddle, euros):
        if paddle == self.holder:
            self.best = max(self.best, euros)
        elif euros > self.best:
            self.second, self.best, self.holder = self.best, euros, paddle
        elif euros > self.second:
            self.second = euros


def step_at(euros):
    return next(step for limit, step in STEPS if euros < limit)


def rounded(euros):
    """Down to a step that the auctioneer calls."""
    return euros - euros % step_at(euros)


class BidBook:
    """All bids of the sale, on disk, and where the lots stand, in memory."""

    def __init__(self, path, lots):
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(
            "CREATE TABLE bid (lot INTEGER, paddle INTEGER, euros INTEGER, sheet INTEGER, PRIMARY KEY (lot, paddle))"
        )
        self._lots = lots

    def _refused(self, bid):
        lot = self._lots.get(bid.lot)
        if lot is None:
            return "no such lot"
        return f"below {lot.start}" if bid.euros < lot.start else ""

    def enter(self, number, paddle, bids):
        """Book a sheet; the answer for the bidder."""
        refused = {}
        for bid in bids:
            reason = self._refused(bid)
            if reason:
                refused[bid.lot] = reason
                continue
            self._book(number, paddle, bid)  # <- cost
        leading = sum(self._lots[bid.lot].holder == paddle for bid in bids if bid.lot not in refused)
        return {"sheet": number, "taken": len(bids) - len(refused), "leading": leading, "refused": refused}

    def _book(self, number, paddle, bid):
        euros = rounded(bid.euros)
        with self._db:  # <- cost
            self._db.execute(  # <- cost
                "INSERT OR REPLACE INTO bid VALUES (?, ?, ?, ?)",
                (bid.lot, paddle, euros, number),  # <- cost
            )  # <- cost
        self._lots[bid.lot].take(paddle, euros)

    def total(self):
        return sum(lot.standing() for lot in self._lots.values())


class PostRoom:
    """The sheets as they come in by post, mail and from the agents."""

    def __init__(self, lots, chance):
        self._lots = lots
        self._chance = chance
        self.sheets = 0

    def next(self):
        self.sheets += 1
        chosen = self._chance.sample(range(1, LOTS + 20), BIDS_ON_A_SHEET)
        bids = [Bid(lot, self._offer(lot)) for lot in sorted(chosen)]
        return self.sheets, self._chance.randrange(100, 260), bids

    def _offer(self, number):
        lot = self._lots.get(number)
        return int((lot.start if lot else 50) * self._chance.uniform(0.9, 4))


def acknowledgement(answer):
    lines = [f"Sheet {answer['sheet']}: {answer['taken']} bids taken, {answer['leading']} of them leading."]
    lines += [f"  lot {lot}: {reason}" for lot, reason in answer["refused"].items()]
    return "\n".join(lines)


def main():
    folder = Path(tempfile.mkdtemp(prefix="bids-"))
    chance = random.Random(1840)
    lots = {number: Lot(number, chance.choice((20, 40, 80, 150, 400, 1200))) for number in range(1, LOTS + 1)}
    book = BidBook(folder / "sale.db", lots)
    room = PostRoom(lots, chance)
    print("ready", os.getpid(), flush=True)
    spent, told, letter = 0.0, time.monotonic(), ""
    due = time.monotonic()
    while True:
        due = max(due + 1 / SHEETS_A_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))
        number, paddle, bids = room.next()
        began = time.monotonic()
        letter = acknowledgement(book.enter(number, paddle, bids))
        spent += time.monotonic() - began
        if due - told > 3:
            told = due
            state = f"{number} sheets, {spent / number * 1000:.2f} ms each, {book.total()} euros\n"
            (folder / "state.txt").write_text(state + letter)


if __name__ == "__main__":
    main()
