# expect: pattern=repeated-query bench
"""Imports a price list: each row of the file is written to the database by a statement of its own."""

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


def write(article, price, valid):
    database.run(  # <- cost
        "INSERT INTO prices VALUES (:article, :price, :valid) ON CONFLICT (article) DO UPDATE SET price = excluded.price",  # <- cost
        article=article,  # <- cost
        price=price,  # <- cost
        valid=valid,  # <- cost
    )


def load(rows):
    database.run("BEGIN")
    for article, price, valid in rows:
        write(int(article), float(price), valid)
    database.run("COMMIT")


with open("prices.csv") as file:
    rows = list(csv.reader(file))
print("ready", os.getpid(), flush=True)
while True:
    load(rows)
