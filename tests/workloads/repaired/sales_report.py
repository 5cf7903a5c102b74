# expect: healthy bench
"""Renders a report of sales, whose sums the database keeps."""

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import pg8000.native
import services

PORT = services.postgres(
    "CREATE UNLOGGED TABLE sales (region int, product int, amount int)",
    "INSERT INTO sales SELECT n % 40, n % 997, n % 500 FROM generate_series(1, 300000) n",
    "CREATE UNLOGGED TABLE sums AS SELECT product % 3 AS rest, region, sum(amount) AS total,"
    " count(DISTINCT product) AS different FROM sales GROUP BY product % 3, region",
    "CREATE TABLE regions (id int PRIMARY KEY, name text)",
    "INSERT INTO regions SELECT n, 'region ' || n FROM generate_series(0, 39) n",
    "ANALYZE",
)
database = pg8000.native.Connection("postgres", host="127.0.0.1", port=PORT)


def names():
    return dict(database.run("SELECT id, name FROM regions"))


def totals(product):
    asked = "SELECT region, total, different FROM sums WHERE rest = :rest ORDER BY total DESC"
    return database.run(asked, rest=product % 3)


def report(product):
    named = names()
    chart = "\n".join("#" * (n * n % 60) for n in range(3000))
    return chart + "\n".join(
        f"{named[region]:<20}{total:>10}{different:>6}" for region, total, different in totals(product)
    )


print("ready", os.getpid(), flush=True)
product = 0
while True:
    product += 1
    report(product)
