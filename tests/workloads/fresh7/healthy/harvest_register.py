# expect: healthy bench
"""Keeps the register of a forest owner: the stems that harvesters report are entered in batches, and reports are made
by stand and by assortment. The register holds the newest days; older ones are summed up and taken out.

Measured: 110 ms of CPU for a day of 12000 stems; it takes what it gets of one core.
"""

import datetime
import itertools
import os
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

STANDS, KEPT_DAYS, BATCH = 180, 14, 2000
ASSORTMENTS = ("saw log", "small saw log", "pulp", "energy", "veneer")

SCHEMA = """
create table stem (
    id integer primary key,
    day integer not null,
    stand integer not null,
    assortment integer not null,
    length real not null,
    middle real not null,
    volume real not null
);
create index stem_by_stand on stem (stand, day, assortment, volume);
create index stem_by_day on stem (day, assortment, volume);
create table month (
    day integer not null,
    assortment integer not null,
    stems integer not null,
    volume real not null,
    primary key (day, assortment)
) without rowid;
"""


class Register:
    def __init__(self, path):
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = normal")
        self._database.executescript(SCHEMA)

    def __enter__(self):
        self._database.execute("begin immediate")
        return self

    def __exit__(self, kind, *_):
        self._database.execute("rollback" if kind else "commit")

    def enter(self, stems):
        self._database.executemany(
            "insert into stem (day, stand, assortment, length, middle, volume) values (?, ?, ?, ?, ?, ?)", stems
        )

    def close_days_before(self, day):
        """Sum up old days, and take their stems out."""
        self._database.execute(
            """insert or replace into month
            select day, assortment, count(*), sum(volume) from stem where day < ? group by day, assortment""",
            (day,),
        )
        self._database.execute("delete from stem where day < ?", (day,))
        self._database.execute("delete from month where day < ?", (day - 365,))

    def of_stand(self, stand, since):
        """Stems and volume of each assortment."""
        return self._database.execute(
            """select assortment, count(*), sum(volume) from stem
            where stand = ? and day >= ? group by assortment order by assortment""",
            (stand, since),
        ).fetchall()

    def busiest(self, day, most=10):
        """The stands with the most wood on a day, and how it is split up."""
        return self._database.execute(
            """select stand, assortment, sum(volume) as wood from stem where stand in
            (select stand from stem where day = ? group by stand order by sum(volume) desc limit ?)
            and day = ? group by stand, assortment order by wood desc""",
            (day, most, day),
        ).fetchall()

    def days(self):
        with closing(self._database.execute("select day, sum(volume) from stem group by day order by day")) as rows:
            return dict(rows)


class Harvesters:
    """What the machines report: each works in some stands on a day."""

    def __init__(self):
        self._chance = random.Random(4)

    def day(self, day, stems=12000):
        chance = self._chance
        stands = chance.choices(range(STANDS), k=20)
        for _ in range(stems):
            middle, length = chance.uniform(0.08, 0.5), chance.choice((2.4, 3.1, 4.1, 5.1))
            assortment = min(4, int((0.5 - middle) * 10))
            yield day, chance.choice(stands), assortment, length, middle, 0.7854 * middle * middle * length


def write_report(path, register, day):
    with path.open("w", encoding="utf-8") as out:
        out.write(f"{datetime.date.fromordinal(730000 + day)}\n")
        for stand, assortment, wood in register.busiest(day):
            out.write(f"{stand}\t{ASSORTMENTS[assortment]}\t{wood:.1f}\n")
        out.writelines(f"{of}\t{wood:.0f}\n" for of, wood in register.days().items())


def batches(rows, size):
    while batch := list(itertools.islice(rows, size)):
        yield batch


def main():
    for old in Path().glob("register.db*"):
        old.unlink()
    register, harvesters = Register("register.db"), Harvesters()
    for day in range(KEPT_DAYS):
        with register:
            register.enter(harvesters.day(day))
    print("ready", os.getpid(), flush=True)
    chance = random.Random(5)
    began = time.perf_counter()
    for day in itertools.count(KEPT_DAYS):
        for batch in batches(harvesters.day(day), BATCH):
            with register:
                register.enter(batch)
            for stand in chance.sample(range(STANDS), 3):  # who looks meanwhile
                register.of_stand(stand, day - 7)
        with register:
            register.close_days_before(day - KEPT_DAYS + 1)
        write_report(Path("report.txt"), register, day)
        each = 1000 * (time.perf_counter() - began) / (day - KEPT_DAYS + 1)
        Path("register.log").write_text(f"{day} days, {each:.1f} ms each\n", encoding="utf-8")


if __name__ == "__main__":
    main()
