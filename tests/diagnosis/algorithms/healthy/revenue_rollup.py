"""Rolls line items up into revenue per account manager and quarter."""
import csv
import sys
from collections import defaultdict
from decimal import Decimal
from operator import itemgetter

RATES = [("EUR", Decimal("1")), ("USD", Decimal("0.92")), ("GBP", Decimal("1.17")), ("CHF", Decimal("1.04"))]


def rate_of(currency):
    for code, rate in RATES:
        if code == currency:
            return rate
    raise KeyError(currency)


def quarter(day):
    return "%s-Q%d" % (day[:4], (int(day[5:7]) + 2) // 3)  # <- hot 18


def managers(path):
    with open(path, newline="") as fh:
        return {row["account"]: row["manager"] for row in csv.DictReader(fh)}


def rollup(lines, manager_of):
    totals = defaultdict(Decimal)
    for line in lines:  # <- hot 36
        who = manager_of.get(line["account"], "house")
        amount = Decimal(line["amount"]) * rate_of(line["currency"])  # <- hot 22
        totals[who, quarter(line["day"])] += amount  # <- hot 11
    return totals


def by_manager(totals):
    out = defaultdict(list)
    for (who, q), amount in totals.items():
        out[who].append((q, amount))
    for who in sorted(out):
        yield who, sorted(out[who], key=itemgetter(0))


def main(lines_path, accounts_path):
    with open(lines_path, newline="") as fh:
        totals = rollup(csv.DictReader(fh), managers(accounts_path))
    for who, quarters in by_manager(totals):
        print(who, *("%s=%.2f" % q for q in quarters), file=sys.stdout)
