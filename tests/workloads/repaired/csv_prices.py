# expect: healthy bench
"""Imports a price list: five hundred rows of the file go to the database at once."""

import csv
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import pg8000.native
import services

PORT = services.postgres("CREATE UNLOGGED TABLE prices (article int PRIMARY KEY, price numeric, valid text)")
with open("prices.csv", "w") as file:
    file.writelines(f"{number},{number % 900 / 7:.2f},from day {number % 365}\n" for number in range(2000))
database = pg8000.native.Connection("postgres", host="127.0.0.1", port=PORT)


def write(rows):
    database.run(
        "INSERT INTO prices SELECT * FROM unnest(CAST(:articles AS int[]), CAST(:prices AS numeric[]), CAST(:valid AS text[]))"
        " ON CONFLICT (article) DO UPDATE SET price = excluded.price",
        articles=[int(row[0]) for row in rows],
        prices=[float(row[1]) for row in rows],
        valid=[row[2] for row in rows],
    )


def load(rows):
    database.run("BEGIN")
    for first in range(0, len(rows), 500):
        write(rows[first : first + 500])
    database.run("COMMIT")


with open("prices.csv") as file:
    rows = list(csv.reader(file))
print("ready", os.getpid(), flush=True)
while True:
    load(rows)
