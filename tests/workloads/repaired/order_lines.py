# expect: healthy bench
"""A monthly statement: the orders of all customers of a region by one statement."""

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import pg8000.native
import services

PORT = services.postgres(
    "CREATE TABLE customers (id int PRIMARY KEY, region int, name text)",
    "CREATE TABLE orders (customer int, amount int)",
    "INSERT INTO customers SELECT n, n % 10, 'customer ' || n FROM generate_series(1, 1500) n",
    "INSERT INTO orders SELECT n % 1500 + 1, n % 700 FROM generate_series(1, 9000) n",
    "CREATE INDEX ON orders (customer)",
    "ANALYZE",
)
database = pg8000.native.Connection("postgres", host="127.0.0.1", port=PORT)


def statement(region):
    asked = (
        "SELECT name, coalesce(sum(amount), 0) FROM customers LEFT JOIN orders ON customer = id WHERE region = :region"
        " GROUP BY id, name"
    )
    return "\n".join(f"{name}: {amount}" for name, amount in database.run(asked, region=region))


print("ready", os.getpid(), flush=True)
region = 0
while True:
    region += 1
    statement(region % 10)
