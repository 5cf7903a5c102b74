"""Matches card settlements against the ledger of a payment provider."""
import csv
from collections import defaultdict
from decimal import Decimal


def rows(path):
    with open(path, newline="") as fh:
        yield from csv.DictReader(fh)  # <- hot 38


def ledger_index(path):
    index = defaultdict(list)
    for row in rows(path):
        index[row["auth_code"]].append(row)  # <- hot 13
    return index


def pick(candidates, settlement):
    amount = Decimal(settlement["amount"])  # <- hot 9
    for i, entry in enumerate(candidates):
        if Decimal(entry["amount"]) == amount and entry["card"] == settlement["card"]:  # <- hot 17
            return candidates.pop(i)
    return None


def reconcile(ledger_path, settlement_path):
    index = ledger_index(ledger_path)
    matched, orphan = [], []
    for settlement in rows(settlement_path):
        entry = pick(index.get(settlement["auth_code"], []), settlement)
        if entry is None:
            orphan.append(settlement)
        else:
            matched.append((entry["id"], settlement["id"]))
    open_entries = [e for group in index.values() for e in group]
    return matched, orphan, open_entries


def main(ledger_path, settlement_path):
    matched, orphan, rest = reconcile(ledger_path, settlement_path)
    print(f"{len(matched)} matched, {len(orphan)} unknown, {len(rest)} open")
    for row in orphan:
        print("unknown", row["id"], row["amount"])
