# expect: pattern=repeated-query bench
"""A monthly statement: for each customer of a region it asks for that customer's orders by a statement of its own."""

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


class Customer:
    def __init__(self, number, name):
        self.number, self.name = number, name

    @property
    def orders(self):
        return database.run("SELECT amount FROM orders WHERE customer = :number", number=self.number)  # <- cost


def statement(region):
    rows = database.run("SELECT id, name FROM customers WHERE region = :region", region=region)
    lines = []
    for number, name in rows:
        customer = Customer(number, name)
        lines.append(f"{customer.name}: {sum(amount for (amount,) in customer.orders)}")  # <- cost
    return "\n".join(lines)


print("ready", os.getpid(), flush=True)
region = 0
while True:
    region += 1
    statement(region % 10)
