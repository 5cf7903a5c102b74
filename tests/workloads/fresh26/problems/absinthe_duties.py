# expect: pattern=serial-requests bench
"""Excise: assesses the declarations of distilleries. A run takes the thirty declarations that came in, fetches each
one's bond record from the bonded warehouse's API, works out the duty, and writes the assessments to SQLite.

Measured: a run of 30 declarations takes 588 to 632 ms as it was, 68 to 77 ms with the change (CPU 0.03 cores in both).
"""

import itertools
import logging
import os
import sqlite3
import sys
import time
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import httpx

import services

RUN_SIZE = 30
RUN_EVERY = 0.9
API_MILLISECONDS = 18
DUTY_PER_LITRE_OF_ALCOHOL = 17.89
KEPT_RUNS = 500

log = logging.getLogger("absinthe")


@dataclass(frozen=True)
class Declaration:
    number: str
    distillery: int
    bottles: int
    centilitres: int
    strength: float


@dataclass(frozen=True)
class Assessment:
    number: str
    duty: float
    bond: int
    surety: bool


class Inbox:
    """The declarations that the distilleries handed in since the last run."""

    def __init__(self):
        self.sequence = itertools.count(1)

    def take(self, count):
        return [self.declaration(next(self.sequence)) for _ in range(count)]

    def declaration(self, number):
        return Declaration(
            number=f"ABS-{number:08d}",
            distillery=number * 7919 % 211,
            bottles=60 + number * 31 % 900,
            centilitres=(35, 50, 70, 100)[number % 4],
            strength=45.0 + number % 30,
        )


class Warehouse:
    def __init__(self, base_url):
        self.client = httpx.Client(base_url=base_url, timeout=5.0)

    def bond(self, declaration):
        response = self.client.get(f"/bonds/{declaration.distillery}/{declaration.number}")  # <- cost
        response.raise_for_status()
        return response.json()


def assess(declaration, bond):
    litres = declaration.bottles * declaration.centilitres / 100 * declaration.strength / 100
    duty = round(litres * DUTY_PER_LITRE_OF_ALCOHOL, 2)
    return Assessment(declaration.number, duty, bond["price"], bond["price"] * 100 >= duty)


def collect(warehouse, declarations):
    assessments = []
    for declaration in declarations:  # <- cost
        bond = warehouse.bond(declaration)  # <- cost
        assessments.append(assess(declaration, bond))
    return assessments


class Register:
    def __init__(self, path):
        self.database = sqlite3.connect(path)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute(
            "CREATE TABLE assessment (run INTEGER, number TEXT, duty REAL, bond INTEGER, surety INTEGER)"
        )
        self.database.execute("CREATE INDEX assessment_run ON assessment (run)")

    def store(self, run, assessments):
        rows = [(run, one.number, one.duty, one.bond, one.surety) for one in assessments]
        with self.database:
            self.database.executemany("INSERT INTO assessment VALUES (?, ?, ?, ?, ?)", rows)
            self.database.execute("DELETE FROM assessment WHERE run <= ?", (run - KEPT_RUNS,))


def bond_record(path):
    time.sleep(API_MILLISECONDS / 1000)
    number = sum(path.encode())
    return b'{"path": "%s", "price": %d, "released": %s}' % (path.encode(), number * 7 % 400, b"false")


def main():
    logging.basicConfig(filename="absinthe.log", level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    port = services.http_service(bond_record)
    warehouse = Warehouse(f"http://127.0.0.1:{port}")
    register = Register("assessments.db")
    inbox = Inbox()
    register.store(0, collect(warehouse, inbox.take(RUN_SIZE)))
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    for run in itertools.count(1):
        began = time.monotonic()
        assessments = collect(warehouse, inbox.take(RUN_SIZE))
        register.store(run, assessments)
        took = time.monotonic() - began
        short = sum(not one.surety for one in assessments)
        log.info("run %d: %d assessed, %d short of surety, %.0f ms", run, len(assessments), short, took * 1000)
        due = max(due + RUN_EVERY, time.monotonic() - RUN_EVERY)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
