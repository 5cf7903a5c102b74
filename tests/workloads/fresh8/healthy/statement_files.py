# expect: healthy bench
"""Writes the statements of a bank's accounts for the printing works: the turnovers of a month stream out of PostgreSQL,
sorted by account, and go into one compressed file for each branch; then there is a rest until the next branch is due.

Measured: a branch of 15,000 turnovers takes 150 ms of a core, a third of the time; 56 MB in all.
"""

import csv
import gzip
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from pathlib import Path

from sqlalchemy import BigInteger, Column, Date, Engine, Integer, MetaData, String, Table, create_engine, select

sys.path.append(str(Path(__file__).parents[2]))
import services

BRANCHES, TURNOVERS = 8, 120_000
SETUP = (
    """CREATE TABLE turnover (
        id bigint PRIMARY KEY, branch int NOT NULL, account int NOT NULL,
        day date NOT NULL, cents bigint NOT NULL, purpose text NOT NULL)""",
    f"""INSERT INTO turnover
        SELECT n, n % {BRANCHES}, n * 7919 % 4001, date '2024-05-01' + (n % 31)::int, n * 6151 % 90000 - 40000,
               'reference ' || n || ' payment to customer ' || n % 977
        FROM generate_series(1::bigint, {TURNOVERS}) AS n""",
    "CREATE INDEX turnover_statement ON turnover (branch, account, day, id)",
    "ANALYZE turnover",
)

turnover = Table(
    "turnover",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("branch", Integer),
    Column("account", Integer),
    Column("day", Date),
    Column("cents", BigInteger),
    Column("purpose", String),
)


def euros(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole:,}.{rest:02}"


class Books:
    """Reads turnovers as they come, a few hundred rows at a time, so that no branch has to fit into memory."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, branch: int) -> Iterator[tuple[int, date, int, str]]:
        query = (
            select(turnover.c.account, turnover.c.day, turnover.c.cents, turnover.c.purpose)
            .where(turnover.c.branch == branch)
            .order_by(turnover.c.account, turnover.c.day, turnover.c.id)
        )
        with self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=500).execute(query)
            for row in rows:
                yield tuple(row)


class Statement:
    """The lines of one account: each turnover with the balance after it, and the sums below."""

    def __init__(self, account: int, opening: int) -> None:
        self._account = account
        self._balance = opening
        self._in = self._out = 0

    def lines(self, rows: Iterable[tuple[int, date, int, str]]) -> Iterator[list[str]]:
        yield ["account", f"{self._account:08}", euros(self._balance)]
        for _, day, cents, purpose in rows:
            self._balance += cents
            if cents < 0:
                self._out -= cents
            else:
                self._in += cents
            yield [day.isoformat(), purpose, euros(cents), euros(self._balance)]
        yield ["sums", euros(self._in), euros(self._out), euros(self._balance)]


class Spool:
    """One file for each branch; the printing works takes it once it has its last name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def write(self, branch: int, lines: Iterable[list[str]]) -> int:
        draft, final = self._folder / f"{branch}.part", self._folder / f"{branch}.csv.gz"
        with gzip.open(draft, "wt", compresslevel=3, newline="") as out:
            csv.writer(out, delimiter=";").writerows(lines)
        draft.replace(final)
        return final.stat().st_size


def statements(books: Books, branch: int, chance: random.Random) -> Iterator[list[str]]:
    for account, rows in groupby(books.of(branch), key=lambda row: row[0]):
        yield from Statement(account, chance.randrange(900_000)).lines(rows)


def main() -> None:
    port = services.postgres(*SETUP)
    engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", pool_size=1)
    books, spool, chance = Books(engine), Spool(Path("spool")), random.Random(12)
    print("ready", os.getpid(), flush=True)
    size, due = 0, time.monotonic()
    while True:
        for branch in range(BRANCHES):
            size += spool.write(branch, statements(books, branch, chance))
            due = max(due + 0.5, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
