"""Roll up unit costs over a bill of materials."""
import csv
from collections import defaultdict


class BillOfMaterials:
    def __init__(self):
        self.lines = defaultdict(list)
        self.purchase_price = {}
        self.labour = defaultdict(float)

    def load(self, structure_csv, price_csv):
        with open(structure_csv, newline="") as fh:
            for row in csv.DictReader(fh):
                self.lines[row["parent"]].append((row["part"], float(row["qty"])))
                self.labour[row["parent"]] = float(row["labour"] or 0)
        with open(price_csv, newline="") as fh:
            for row in csv.DictReader(fh):
                self.purchase_price[row["part"]] = float(row["price"])

    def unit_cost(self, part):
        if part in self.purchase_price:  # <- hot 22
            return self.purchase_price[part]
        total = self.labour[part]
        for child, qty in self.lines[part]:  # <- hot 25
            total += qty * self.unit_cost(child)  # <- cost hot 43
        return total

    def finished_goods(self):
        used = {child for rows in self.lines.values() for child, _ in rows}
        return sorted(part for part in self.lines if part not in used)


def cost_report(bom, margin=0.28):
    report = []
    for part in bom.finished_goods():
        cost = bom.unit_cost(part)
        report.append((part, round(cost, 4), round(cost * (1 + margin), 2)))
    report.sort(key=lambda row: -row[1])
    return report


def write_report(path, rows):
    with open(path, "w", newline="") as fh:
        out = csv.writer(fh)
        out.writerow(["part", "cost", "list_price"])
        out.writerows(rows)
