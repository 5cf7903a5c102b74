# expect: healthy bench
"""Verderers' courts: loads the presentments of each sitting (one file of fines a second from the courts' clerks) into
PostgreSQL, resolves the officer who reported each, and keeps totals by forest walk up to date.

Measured: a sitting of 7000 rows takes 400 to 680 ms and the loader 0.23 to 0.27 cores as it was, 42 to 85 ms and 0.04 cores with the
change.
"""

import logging
import os
import random
import sys
import time
from dataclasses import dataclass
from decimal import Decimal

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import psycopg

import services

ROWS_PER_SITTING = 7000
SITTING_EVERY = 1.0
WALKS = ["Bolderwood", "Burley", "Denny", "Eyeworth", "Holmsley", "Ladycross", "Rhinefield", "Wilverley"]
OFFENCES = {
    "estover": Decimal("4.50"),
    "pannage": Decimal("2.25"),
    "vert": Decimal("12.00"),
    "venison": Decimal("40.00"),
}

SCHEMA = [
    "CREATE TABLE officer (id serial PRIMARY KEY, badge text UNIQUE NOT NULL, walk text NOT NULL, sworn boolean NOT NULL)",
    "CREATE TABLE staged_fine (sitting int, seq int, officer_id int, offence text, amount numeric(10,2))",
    "CREATE TABLE walk_total (walk text, offence text, fines bigint, amount numeric(14,2), PRIMARY KEY (walk, offence))",
]

log = logging.getLogger("verderer")


@dataclass(slots=True)
class Presentment:
    seq: int
    badge: str
    offence: str
    animals: int


@dataclass(slots=True)
class Fine:
    seq: int
    officer_id: int
    offence: str
    amount: Decimal


class Clerk:
    """Stands in for the clerks' upload: the presentments of one sitting."""

    def __init__(self, badges):
        self.badges = badges
        self.random = random.Random(1877)

    def sitting(self):
        offences = list(OFFENCES)
        choose = self.random.choices(self.badges, k=ROWS_PER_SITTING)
        return [Presentment(seq, badge, offences[seq % len(offences)], 1 + seq % 5) for seq, badge in enumerate(choose)]


class Loader:
    def __init__(self, connection):
        self.connection = connection
        self.rejected = 0

    def load(self, number, presentments):
        with self.connection.transaction(), self.connection.cursor() as cursor:
            fines = self.resolve(cursor, presentments)
            self.stage(cursor, number, fines)
            self.publish(cursor, number)
        return len(fines)

    def resolve(self, cursor, presentments):
        badges = list({row.badge for row in presentments})
        cursor.execute("SELECT badge, id, sworn FROM officer WHERE badge = ANY(%s)", (badges,))
        officers = {badge: (officer_id, sworn) for badge, officer_id, sworn in cursor}
        fines = []
        for row in presentments:
            officer = officers.get(row.badge)
            if officer is None or not officer[1]:
                self.rejected += 1
                continue
            fines.append(Fine(row.seq, officer[0], row.offence, OFFENCES[row.offence] * row.animals))
        return fines

    def stage(self, cursor, number, fines):
        cursor.execute("TRUNCATE staged_fine")
        with cursor.copy("COPY staged_fine (sitting, seq, officer_id, offence, amount) FROM STDIN") as copy:
            for fine in fines:
                copy.write_row((number, fine.seq, fine.officer_id, fine.offence, fine.amount))

    def publish(self, cursor, number):
        cursor.execute(
            """
            INSERT INTO walk_total (walk, offence, fines, amount)
            SELECT officer.walk, staged_fine.offence, count(*), sum(staged_fine.amount)
            FROM staged_fine JOIN officer ON officer.id = staged_fine.officer_id
            WHERE staged_fine.sitting = %s
            GROUP BY officer.walk, staged_fine.offence
            ON CONFLICT (walk, offence) DO UPDATE
            SET fines = walk_total.fines + excluded.fines, amount = walk_total.amount + excluded.amount
            """,
            (number,),
        )


def prepare(connection):
    badges = [f"NF-{number:05d}" for number in range(20000)]
    with connection.cursor() as cursor:
        with cursor.copy("COPY officer (badge, walk, sworn) FROM STDIN") as copy:
            for number, badge in enumerate(badges):
                copy.write_row((badge, WALKS[number % len(WALKS)], number % 97 != 0))
        cursor.execute("ANALYZE officer")
    connection.commit()
    return badges


def main():
    logging.basicConfig(filename="verderer.log", level=logging.INFO, format="%(asctime)s %(message)s")
    port = services.postgres(*SCHEMA)
    connection = psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres")
    badges = prepare(connection)
    clerk = Clerk(badges)
    loader = Loader(connection)
    loader.load(0, clerk.sitting())
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    number = 0
    while True:
        number += 1
        presentments = clerk.sitting()
        began = time.monotonic()
        loaded = loader.load(number, presentments)
        took = time.monotonic() - began
        log.info("sitting %d: %d loaded, %d rejected so far, %.0f ms", number, loaded, loader.rejected, took * 1000)
        due = max(due + SITTING_EVERY, time.monotonic() - SITTING_EVERY)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
