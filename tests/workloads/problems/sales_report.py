# expect: pattern=slow-dependency bench
"""Renders a report of sales, whose sums the database makes anew out of all sales each time."""

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import pg8000.native
import services

PORT = services.postgres(
    "CREATE UNLOGGED TABLE sales (region int, product int, amount int)",
    "INSERT INTO sales SELECT n % 40, n % 997, n % 500 FROM generate_series(1, 300000) n",
    "CREATE TABLE regions (id int PRIMARY KEY, name text)",
    "INSERT INTO regions SELECT n, 'region ' || n FROM generate_series(0, 39) n",
    "ANALYZE",
)
database = pg8000.native.Connection("postgres", host="127.0.0.1", port=PORT)


def names():
    return dict(database.run("SELECT id, name FROM regions"))


def totals(product):
    asked = (
        "SELECT region, sum(amount), count(DISTINCT product) FROM sales WHERE product % 3 = :rest GROUP BY region"
        " ORDER BY sum(amount) DESC"
    )
    return database.run(asked, rest=product % 3)  # <- cost


def report(product):
    named = names()
    return "\n".join(f"{named[region]:<20}{total:>10}{different:>6}" for region, total, different in totals(product))


print("ready", os.getpid(), flush=True)
product = 0
while True:
    product += 1
    report(product)
