# expect: healthy bench
"""Takes deliveries into a stock in SQLite: in bursts, each in one transaction, with one statement for many rows."""

import logging
import os
import socket
import sqlite3
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

logging.basicConfig(filename="stock.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def suppliers(connection):
    """A delivery of three thousand rows, twice a second."""
    number = 0
    while True:
        number += 1
        rows = (f"{n * 7919 % 5000};{1 + n % 9};{100 + n * number % 900}\n" for n in range(3000))
        connection.sendall(("".join(rows) + "\n").encode())
        time.sleep(0.5)


def deliveries(lines):
    """Lists of (article, count, price); an empty line ends each."""
    rows = []
    for line in lines:
        if line == "\n":
            yield rows
            rows = []
        else:
            article, count, price = map(int, line.split(";"))
            rows.append((article, count, price))


def main():
    here, there = socket.socketpair()
    services.outside(lambda: suppliers(there))
    there.close()
    database = sqlite3.connect("stock.db")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE TABLE stock (article INTEGER PRIMARY KEY, count INTEGER, price INTEGER)")
    put = (
        "INSERT INTO stock VALUES (?, ?, ?)"
        " ON CONFLICT (article) DO UPDATE SET count = count + excluded.count, price = excluded.price"
    )
    print("ready", os.getpid(), flush=True)
    taken = 0
    for rows in deliveries(here.makefile("r", buffering=1 << 16)):
        with database:
            database.executemany(put, rows)
        taken += len(rows)
        worth, scarce = database.execute(
            "SELECT sum(count * price), count(*) FILTER (WHERE count < 20) FROM stock"
        ).fetchone()
        logging.info("%d rows taken, worth %d, %d scarce", taken, worth, scarce)


main()
