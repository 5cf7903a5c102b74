"""Nightly roll-up of point of sale lines by region and category."""
import csv
import sys
from collections import defaultdict
from decimal import Decimal


class Catalogue:
    def __init__(self, path):
        with open(path, newline="") as fh:
            self._category = {r["sku"]: r["category"] for r in csv.DictReader(fh)}

    def category(self, sku):
        return self._category.get(sku, "unknown")


def read_regions(path):
    with open(path, newline="") as fh:
        return {row["store"]: row["region"] for row in csv.DictReader(fh)}


def roll_up(lines, catalogue, regions):
    units = defaultdict(int)
    revenue = defaultdict(Decimal)
    for line in lines:  # <- hot 34
        if line["kind"] not in ("sale", "return"):
            continue
        sign = -1 if line["kind"] == "return" else 1
        key = regions.get(line["store"], "?"), catalogue.category(line["sku"])  # <- hot 15
        qty = int(line["qty"]) * sign
        units[key] += qty
        revenue[key] += qty * Decimal(line["price"])  # <- hot 26
    return units, revenue


def top_categories(revenue, n=3):
    by_region = defaultdict(list)
    for (region, category), amount in revenue.items():
        by_region[region].append((amount, category))
    for region in sorted(by_region):
        rows = sorted(by_region[region], reverse=True)
        yield region, [category for _, category in rows[:n]]


def main(sales, skus, stores):
    catalogue = Catalogue(skus)
    with open(sales, newline="") as fh:
        units, revenue = roll_up(csv.DictReader(fh), catalogue, read_regions(stores))
    out = csv.writer(sys.stdout)
    for key in sorted(units):
        out.writerow([*key, units[key], revenue[key]])
    for region, names in top_categories(revenue):
        print(region, ", ".join(names), file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:4])
