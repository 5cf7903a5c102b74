"""Nightly export: attaches customer data to shop orders."""
import csv
from dataclasses import dataclass


@dataclass
class Customer:
    id: int
    name: str
    country: str


class CustomerBook:
    def __init__(self, customers):
        self._customers = list(customers)

    def by_id(self, customer_id):
        return next((c for c in self._customers if c.id == customer_id), None)  # <- cost hot 94

    def __len__(self):
        return len(self._customers)


def load_customers(path):
    with open(path, newline="") as fh:
        return CustomerBook(
            Customer(int(row["id"]), row["name"], row["country"])
            for row in csv.DictReader(fh)
        )


def enrich(order_rows, book):
    for row in order_rows:
        customer = book.by_id(int(row["customer_id"]))
        if customer is None:
            continue
        row["customer"] = customer.name
        row["country"] = customer.country
        yield row


def export(orders_path, customers_path, out_path):
    book = load_customers(customers_path)
    with open(orders_path, newline="") as src, open(out_path, "w", newline="") as dst:
        reader = csv.DictReader(src)
        writer = csv.DictWriter(dst, reader.fieldnames + ["customer", "country"])
        writer.writeheader()
        for row in enrich(reader, book):
            writer.writerow(row)
