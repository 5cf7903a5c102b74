# expect: healthy bench
"""Brings the records of a library network into a SQLite catalogue, night after night: reads the delivery, line by line,
and writes what changed in transactions of two thousand records, with one prepared statement.
"""

import logging
import os
import random
import sqlite3
import time
from itertools import islice
from pathlib import Path

RECORDS, BATCH = 20000, 2000
WORDS = "river stone garden winter letter island machine history music light bread glass".split()
TABLES = """
create table if not exists book (id integer primary key, title text, author text, year int, isbn text, night int);
create index if not exists book_author on book (author, year);
"""
UPSERT = """
insert into book (id, title, author, year, isbn, night) values (?, ?, ?, ?, ?, ?)
on conflict (id) do update set title = excluded.title, author = excluded.author, year = excluded.year, night = excluded.night
"""
logging.basicConfig(filename="import.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Broken(ValueError):
    pass


def deliver(path):
    """The file that the network sends."""
    chosen = random.Random(3)
    with path.open("w") as file:
        for number in range(RECORDS):
            title = " ".join(chosen.choices(WORDS, k=4))
            isbn = f"978{chosen.randrange(10**9):09d}"
            total = sum(int(digit) * (1, 3)[at % 2] for at, digit in enumerate(isbn))
            check = -total % 10 if number % 500 else 11
            file.write(f"{number}\t{title}\tauthor {chosen.randrange(900)}\t{1900 + number % 124}\t{isbn}{check}\n")


def checked(isbn):
    if len(isbn) != 13 or not isbn.isdigit():
        raise Broken(isbn)
    if (sum(map(int, isbn[::2])) + 3 * sum(map(int, isbn[1::2]))) % 10:
        raise Broken(isbn)
    return isbn


class Catalogue:
    def __init__(self, path):
        self.database = sqlite3.connect(path)
        self.database.execute("pragma journal_mode = wal")
        self.database.execute("pragma synchronous = normal")
        self.database.executescript(TABLES)
        self.written, self.broken = 0, 0

    def records(self, path, night):
        with path.open() as file:
            for line in file:
                number, title, author, year, isbn = line.rstrip("\n").split("\t")
                try:
                    yield int(number), title.title(), author, int(year) + night % 2, checked(isbn), night
                except Broken:
                    self.broken += 1

    def take(self, path, night):
        records = self.records(path, night)
        while batch := list(islice(records, BATCH)):
            with self.database:
                self.database.executemany(UPSERT, batch)
            self.written += len(batch)

    def authors(self):
        return self.database.execute("select count(distinct author) from book").fetchone()[0]


def main():
    delivery = Path("delivery.tsv")
    deliver(delivery)
    catalogue = Catalogue("catalogue.sqlite")
    print("ready", os.getpid(), flush=True)
    for night in range(1 << 40):
        began = time.perf_counter()
        catalogue.take(delivery, night)
        seconds = time.perf_counter() - began
        logging.info(
            "night %d: %d records, %d broken, %d authors, %.0f a second",
            night,
            catalogue.written,
            catalogue.broken,
            catalogue.authors(),
            RECORDS / seconds,
        )


main()
