# expect: healthy bench
"""Assesses the yearly levy of a drainage district: parcels of land are read a page at a time, what each owes is worked
out by its area, use and height, and a page's assessments are written in one transaction.

Measured: a page of 1,500 parcels takes 13 ms of a core, for the sums and the rows; the pause after it 50.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

PARCELS, PAGE = 30_000, 1_500
CENT = Decimal("0.01")
RATES = {"arable": Decimal("38.20"), "grass": Decimal("31.75"), "built": Decimal("412.00"), "wood": Decimal("9.10")}
SCHEMA = """
CREATE TABLE parcel (id INTEGER PRIMARY KEY, owner INTEGER, use TEXT, square_metres INTEGER, centimetres INTEGER);
CREATE TABLE assessment (parcel INTEGER, year INTEGER, owner INTEGER, cents INTEGER, PRIMARY KEY (parcel, year))
    WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Parcel:
    id: int
    owner: int
    use: str
    square_metres: int
    centimetres: int


class District:
    """The register of the district, in a database of its own."""

    def __init__(self, path: Path) -> None:
        self._data = sqlite3.connect(path, isolation_level=None)
        self._data.execute("PRAGMA journal_mode = WAL")
        self._data.execute("PRAGMA synchronous = NORMAL")
        self._data.executescript(SCHEMA)

    def fill(self, number: int) -> None:
        chance = random.Random(1287)
        uses = list(RATES)
        rows = (
            (chance.randrange(number // 3), chance.choice(uses), chance.randint(200, 90_000), chance.randint(-250, 400))
            for _ in range(number)
        )
        with self._transaction():
            self._data.executemany(
                "INSERT INTO parcel (owner, use, square_metres, centimetres) VALUES (?, ?, ?, ?)", rows
            )

    def _transaction(self) -> sqlite3.Connection:
        self._data.execute("BEGIN IMMEDIATE")
        return self._data

    def pages(self) -> Iterator[list[Parcel]]:
        """All parcels; each page begins after the last of the page before."""
        after = 0
        while True:
            rows = self._data.execute("SELECT * FROM parcel WHERE id > ? ORDER BY id LIMIT ?", (after, PAGE)).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            yield [Parcel(*row) for row in rows]

    def assess(self, year: int, due: list[tuple[Parcel, Decimal]]) -> None:
        with self._transaction():
            self._data.executemany(
                "INSERT INTO assessment VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET cents = excluded.cents",
                [(parcel.id, year, parcel.owner, int(amount * 100)) for parcel, amount in due],
            )

    def close_year(self, year: int) -> tuple[int, int]:
        """How many owe how much; what is older than the law asks for goes."""
        with self._transaction():
            self._data.execute("DELETE FROM assessment WHERE year <= ?", (year - 3,))
        asked = "SELECT count(DISTINCT owner), sum(cents) FROM assessment WHERE year = ?"
        return self._data.execute(asked, (year,)).fetchone()


class Tariff:
    """What a hectare costs in a year; low land is pumped dry and pays more."""

    def __init__(self, year: int) -> None:
        risen = Decimal("1.02") ** (year % 10)
        self._rates = {use: rate * risen for use, rate in RATES.items()}
        self._least = Decimal("7.50")

    def levy(self, parcel: Parcel) -> Decimal:
        hectares = Decimal(parcel.square_metres) / 10_000
        amount = self._rates[parcel.use] * hectares
        if parcel.centimetres < 0:
            amount += amount * min(-parcel.centimetres, 200) / 400
        elif parcel.centimetres > 250:
            amount /= 2
        return max(self._least, amount.quantize(CENT, ROUND_HALF_UP))


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="levy-") as folder:
        district = District(Path(folder) / "district.db")
        district.fill(PARCELS)
        print("ready", os.getpid(), flush=True)
        year = 2025
        while True:
            year += 1
            tariff, spent = Tariff(year), 0.0
            for page in district.pages():
                began = time.perf_counter()
                district.assess(year, [(parcel, tariff.levy(parcel)) for parcel in page])
                spent += time.perf_counter() - began
                time.sleep(0.05)  # others work with the register as well
            owners, cents = district.close_year(year)
            page_ms = round(1000 * spent * PAGE / PARCELS, 2)
            summary = {"year": year, "owners": owners, "cents": cents, "page_ms": page_ms}
            Path("levy.json").write_text(json.dumps(summary))


if __name__ == "__main__":
    main()
