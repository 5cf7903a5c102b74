# expect: healthy bench
"""Takes the price lists of hotels into PostgreSQL, a file after the other: checked, copied in one go, and put in place
of the old ones in one transaction."""

import csv
import datetime
import hashlib
import logging
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

sys.path.append(str(Path(__file__).parents[2]))
import services

HOTELS, NIGHTS = 10, 365
ROOMS = ("single", "double", "twin", "family", "suite", "attic")
logging.basicConfig(filename="import.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


@dataclass
class Counts:
    files: int = 0
    rows: int = 0
    wrong: int = 0
    same: int = 0


def write_list(hotel, edition):
    """What a hotel sends: a row for each room and night."""
    name = Path(f"hotel-{hotel}.csv")
    first = datetime.date(2026, 1, 1)
    with name.open("w", newline="") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(["night", "room", "price", "left"])
        for night in range(NIGHTS):
            day = (first + datetime.timedelta(night)).isoformat()
            for number, room in enumerate(ROOMS):
                cents = 4900 + 1700 * number + (night * 31 + edition * 7 + hotel * 131) % 3500
                price = f"{cents / 100:.2f}" if (night + edition) % 90 or number else "ask us"
                table.writerow([day, room, price, (night * 7 + edition + number) % 12])
    return name


def read_list(path, counts):
    """The rows that make sense."""
    with path.open(newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            try:
                price, left = float(row["price"]), int(row["left"])
            except ValueError:
                counts.wrong += 1
                continue
            if row["room"] in ROOMS and 10 <= price <= 2000 and left >= 0:
                yield row["night"], row["room"], price, left
            else:
                counts.wrong += 1


class Importer:
    def __init__(self, connection):
        self._connection = connection
        self._digests = {}
        self.counts = Counts()

    def take(self, hotel, path):
        digest = hashlib.sha256(path.read_bytes()).digest()
        if self._digests.get(hotel) == digest:
            self.counts.same += 1
            return
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("truncate incoming")
            with cursor.copy("copy incoming (night, room, price, rooms_left) from stdin") as copy:
                for row in read_list(path, self.counts):
                    copy.write_row(row)
            cursor.execute(
                "insert into prices (hotel, night, room, price, rooms_left)"
                " select %s, night, room, price, rooms_left from incoming"
                " on conflict (hotel, night, room) do update"
                " set price = excluded.price, rooms_left = excluded.rooms_left",
                (hotel,),
            )
            self.counts.rows += cursor.rowcount
        self._digests[hotel] = digest
        self.counts.files += 1


def main():
    port = services.postgres(
        "alter system set max_wal_size = '128MB'",
        "select pg_reload_conf()",
        "create table prices (hotel int, night date, room text, price numeric(8, 2), rooms_left int,"
        " primary key (hotel, night, room)) with (fillfactor = 50)",
        "create unlogged table incoming (night date, room text, price numeric(8, 2), rooms_left int)",
    )
    with psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=postgres", autocommit=True) as connection:
        importer = Importer(connection)
        print("ready", os.getpid(), flush=True)
        told = time.monotonic()
        for turn in range(1 << 40):
            hotel, edition = turn % HOTELS, turn // HOTELS
            path = write_list(hotel, edition)
            importer.take(hotel, path)
            path.unlink()
            if turn % 100 == 99:
                connection.execute("vacuum prices")
            if time.monotonic() - told > 1:
                told = time.monotonic()
                logging.info("%s", importer.counts)


main()
