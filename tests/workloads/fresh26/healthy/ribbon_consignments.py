# expect: healthy bench
"""Sales of ribbon on consignment: the shops' tills send each sale as it is made, as a line of JSON on a kept connection.

The sums of a consignment (metres sold, turnover, the weaver's share) are kept in memory and written to the database
once a second, all changed ones at once, for the reports of the weavers.
"""

import json
import os
import random
import socket
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

SALES_PER_SECOND = 40_000
TILLS = 4
CONSIGNMENTS = 600

SCHEMA = """
CREATE TABLE consignment (
    number INTEGER PRIMARY KEY, sales INTEGER NOT NULL, centimetres INTEGER NOT NULL, cents INTEGER NOT NULL,
    share INTEGER NOT NULL
);
"""

STORE = """
INSERT INTO consignment (number, sales, centimetres, cents, share) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (number) DO UPDATE SET sales = excluded.sales, centimetres = excluded.centimetres, cents = excluded.cents,
    share = excluded.share
"""


class Sums:
    """The sums of all consignments, and which have changed since they were written."""

    def __init__(self):
        self.lock = threading.Lock()
        self.all = {}
        self.changed = set()
        self.refused = 0

    def add(self, sales):
        with self.lock:
            for sale in sales:
                try:
                    number, centimetres, cents = sale["consignment"], sale["centimetres"], sale["cents"]
                except KeyError:
                    self.refused += 1
                    continue
                sums = self.all.get(number)
                if sums is None:
                    sums = self.all[number] = [0, 0, 0]
                sums[0] += 1
                sums[1] += centimetres
                sums[2] += cents
                self.changed.add(number)

    def take_changed(self):
        with self.lock:
            rows = [(number, *self.all[number]) for number in self.changed]
            self.changed.clear()
        return rows


def read(line, sums):
    """The sales of one till, as many at a time as have come."""
    rest = b""
    with line:
        while True:
            got = line.recv(1 << 16)
            if not got:
                return
            whole, _, rest = (rest + got).rpartition(b"\n")
            if whole:
                sums.add(json.loads(b"[" + whole.replace(b"\n", b",") + b"]"))


def write(sums, path):
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(SCHEMA)
    while True:
        time.sleep(1)
        rows = [
            (number, count, centimetres, cents, cents * (60 if cents > 1_000_000 else 55) // 100)
            for number, count, centimetres, cents in sums.take_changed()
        ]
        if rows:
            with db:
                db.executemany(STORE, rows)


def till(port, number):
    """A shop's till (outside): sends its sales a few at a time."""
    chance = random.Random(number)
    batches = []
    for _ in range(60):
        lines = []
        for _ in range(SALES_PER_SECOND // TILLS // 20):
            sale = {
                "till": number,
                "consignment": chance.randrange(CONSIGNMENTS),
                "ribbon": chance.choice(("grosgrain", "satin", "velvet", "organza")),
                "centimetres": chance.randrange(20, 900),
                "cents": chance.randrange(50, 4000),
            }
            lines.append(json.dumps(sale, separators=(",", ":")))
        batches.append(("\n".join(lines) + "\n").encode())
    with socket.create_connection(("127.0.0.1", port)) as line:
        due = time.monotonic()
        at = 0
        while True:
            line.sendall(batches[at % len(batches)])
            at += 1
            due += 1 / 20
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    for number in range(TILLS):
        services.outside(lambda number=number: till(port, number))
    sums = Sums()
    threading.Thread(target=write, args=(sums, "consignments.db"), daemon=True).start()
    threading.Timer(2.0, lambda: print("ready", os.getpid(), flush=True)).start()
    while True:
        line, _ = server.accept()
        threading.Thread(target=read, args=(line, sums), daemon=True).start()


if __name__ == "__main__":
    main()
