# expect: pattern=sync-write bench
"""The posting run of a bank's back office: files of the clearing come in all day, and each of their entries is booked
on the customer's account and on the clearing account, or sent to the desk that looks into rejected ones.

Measured: a file of 120 entries takes 37 ms (median), nearly all of it waiting for the disk; 4.6 ms in the twin.
"""

import os
import random
import sqlite3
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ACCOUNTS = 3000
ENTRIES = 120
EVERY = 0.5  # seconds between two files of the clearing
CLEARING = 1

SCHEMA = """
CREATE TABLE account (number INTEGER PRIMARY KEY, cents INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE posting (
    id INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    account INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    reference TEXT NOT NULL
);
CREATE TABLE rejected (file TEXT NOT NULL, account INTEGER NOT NULL, cents INTEGER NOT NULL, code TEXT NOT NULL);
CREATE TABLE posted_file (file TEXT PRIMARY KEY, entries INTEGER NOT NULL, cents INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Entry:
    account: int
    cents: int
    reference: str


@dataclass(frozen=True)
class ClearingFile:
    name: str
    entries: list

    @property
    def total(self):
        return sum(entry.cents for entry in self.entries)


class Clearing:
    """What the clearing house sends."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.number = 0

    def fetch(self):
        self.number += 1
        entries = [
            Entry(
                2 + int(ACCOUNTS * self.chance.random() ** 2 * 1.004),
                self.chance.randint(-90_000, 120_000),
                f"E2E-{self.number:06}-{at:04}",
            )
            for at in range(ENTRIES)
        ]
        return ClearingFile(f"CLR{self.number:07}", entries)


class Ledger:
    """Accounts and their postings. A file is in ``posted_file`` once all of it is booked; a run that was broken off
    begins the file anew."""

    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.executescript(SCHEMA)
        self.states = {}

    def open_accounts(self, seed):
        chance = random.Random(seed)
        rows = [(CLEARING, 0, "open")]
        for number in range(2, ACCOUNTS + 2):
            state = "closed" if chance.random() < 0.01 else "blocked" if chance.random() < 0.01 else "open"
            rows.append((number, chance.randint(0, 900_000), state))
        with self.db:
            self.db.executemany("INSERT INTO account VALUES (?, ?, ?)", rows)
        self.states = {number: state for number, _, state in rows}

    def refusal(self, entry):
        """The code with which an entry goes back, or nothing."""
        state = self.states.get(entry.account)
        if state is None:
            return "AC01"
        if state == "closed":
            return "AC04"
        if state == "blocked" and entry.cents < 0:
            return "AC06"
        return None

    def reject(self, name, entry, code):
        row = (name, entry.account, entry.cents, code)
        self.db.execute("INSERT INTO rejected VALUES (?, ?, ?, ?)", row)

    def book(self, name, entry):
        """Both sides of an entry."""
        rows = [
            (name, entry.account, entry.cents, entry.reference),
            (name, CLEARING, -entry.cents, entry.reference),
        ]
        self.db.executemany("INSERT INTO posting (file, account, cents, reference) VALUES (?, ?, ?, ?)", rows)
        sides = [(cents, account) for _, account, cents, _ in rows]
        self.db.executemany("UPDATE account SET cents = cents + ? WHERE number = ?", sides)

    def post(self, file):
        """Book a file; how many of its entries went which way."""
        outcome = Counter()
        for entry in file.entries:
            code = self.refusal(entry)
            if code:
                self.reject(file.name, entry, code)
            else:
                self.book(file.name, entry)
            self.db.commit()  # <- cost
            outcome[code or "booked"] += 1
        self.db.execute("INSERT INTO posted_file VALUES (?, ?, ?)", (file.name, len(file.entries), file.total))
        self.db.commit()
        return outcome

    def proof(self):
        """The clearing account's balance, which the clearing house must confirm."""
        return self.db.execute("SELECT cents FROM account WHERE number = ?", (CLEARING,)).fetchone()[0]


def journal(path, file, outcome, proof, took):
    returned = " ".join(f"{code}:{count}" for code, count in sorted(outcome.items()) if code != "booked")
    path.write_text(
        f"{file.name} booked {outcome['booked']} returned {returned or '-'}\n"
        f"clearing {proof / 100:.2f}\nmilliseconds a file {took * 1000:.1f}\n"
    )


def main():
    with tempfile.TemporaryDirectory(prefix="posting-") as folder:
        ledger = Ledger(Path(folder) / "ledger.db")
        ledger.open_accounts(seed=4)
        clearing = Clearing(seed=11)
        print("ready", os.getpid(), flush=True)
        spent, files = 0.0, 0
        due = time.monotonic()
        while True:
            file = clearing.fetch()
            began = time.monotonic()
            outcome = ledger.post(file)  # <- cost
            spent += time.monotonic() - began
            files += 1
            if files % 6 == 0:
                journal(Path(folder) / "journal.txt", file, outcome, ledger.proof(), spent / files)
            due = max(due + EVERY, time.monotonic() - EVERY)
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
