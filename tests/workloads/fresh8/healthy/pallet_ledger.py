# expect: healthy bench
"""The ledger of a pool of returnable pallets: depots report what they took and gave, a writer gathers the reports and
books them in batches, one transaction each, and a clerk asks for the balances now and then. PostgreSQL keeps the books.

Measured: ten batches a second of some 250 movements each; 2.4 ms for a batch, 1.2 of them on a core.
"""

import os
import queue
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psycopg

sys.path.append(str(Path(__file__).parents[2]))
import services

DEPOTS = 60
KINDS = ("EUR 1", "EUR 6", "Düsseldorf", "quarter", "box")
LARGEST_BATCH = 400
GATHER = 0.1

SETUP = (
    "CREATE TABLE depot (number integer PRIMARY KEY, name text NOT NULL)",
    f"INSERT INTO depot SELECT n, 'depot ' || n FROM generate_series(0, {DEPOTS - 1}) n",
    """CREATE TABLE movement (
        at timestamptz NOT NULL DEFAULT now(), depot integer NOT NULL, kind text NOT NULL, pieces integer NOT NULL)""",
    """CREATE TABLE balance (
        depot integer NOT NULL REFERENCES depot, kind text NOT NULL, pieces bigint NOT NULL,
        PRIMARY KEY (depot, kind)) WITH (fillfactor = 50)""",
)


def connect(port):
    return psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres")


class Depots:
    """Reports as they come in: mostly a few at a time, in the morning of a depot many."""

    def __init__(self, reports, seed):
        self._reports = reports
        self._random = random.Random(seed)

    def report(self):
        while True:
            depot = self._random.randrange(DEPOTS)
            for _ in range(self._random.choice((1, 2, 2, 3, 5, 60))):
                pieces = self._random.randint(1, 33) * self._random.choice((1, -1))
                self._reports.put((depot, self._random.choice(KINDS), pieces))
            time.sleep(0.01)


class Writer:
    """Books what has been reported; what comes within a moment goes into one transaction."""

    def __init__(self, reports, connection):
        self._reports, self._connection = reports, connection
        self.booked = self.batches = 0

    def _gather(self):
        batch = [self._reports.get()]
        until = time.monotonic() + GATHER
        while len(batch) < LARGEST_BATCH:
            try:
                batch.append(self._reports.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                break
        return batch

    def _book(self, batch):
        changes = Counter()
        for depot, kind, pieces in batch:
            changes[depot, kind] += pieces
        ordered = sorted(changes.items())
        depots, kinds = [depot for (depot, _), _ in ordered], [kind for (_, kind), _ in ordered]
        with self._connection.transaction(), self._connection.cursor() as cursor:
            with cursor.copy("COPY movement (depot, kind, pieces) FROM STDIN") as copy:
                copy.write("".join(f"{depot}\t{kind}\t{pieces}\n" for depot, kind, pieces in batch))
            cursor.execute(
                """INSERT INTO balance SELECT * FROM unnest(%s::integer[], %s::text[], %s::bigint[])
                ON CONFLICT (depot, kind) DO UPDATE SET pieces = balance.pieces + excluded.pieces""",
                (depots, kinds, [pieces for _, pieces in ordered]),
            )

    def run(self):
        while True:
            batch = self._gather()
            self._book(batch)
            self.booked += len(batch)
            self.batches += 1


class Clerk:
    """Looks at the balances every other second, and puts old movements away twice a minute."""

    def __init__(self, connection):
        self._connection = connection

    def balances(self):
        with self._connection.transaction():
            return self._connection.execute(
                """SELECT depot.name, sum(balance.pieces), max(balance.pieces) FROM depot JOIN balance
                ON balance.depot = depot.number GROUP BY depot.name ORDER BY 2 DESC LIMIT 10"""
            ).fetchall()

    def put_away(self):
        with self._connection.transaction():
            self._connection.execute("DELETE FROM movement WHERE at < now() - interval '60 seconds'")


def main():
    port = services.postgres(*SETUP)
    reports = queue.Queue(maxsize=5000)
    writer, clerk = Writer(reports, connect(port)), Clerk(connect(port))
    for work in (Depots(reports, 1).report, Depots(reports, 2).report, writer.run):
        threading.Thread(target=work, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    for turn in range(1 << 40):
        time.sleep(2)
        lines = [f"{name}: {total} pieces, {most} of one kind" for name, total, most in clerk.balances()]
        lines.append(f"{writer.booked} movements in {writer.batches} batches")
        Path("balances.txt").write_text("\n".join(lines))
        if turn % 15 == 14:
            clerk.put_away()


if __name__ == "__main__":
    main()
