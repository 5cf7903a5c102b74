# expect: healthy bench
"""A monthly statement is written line by line into one text."""

import os


class Statement:
    def __init__(self):
        self.parts = []
        self.lines = 0

    def add(self, label, amount):
        self.lines += 1
        self.parts.append(f"{self.lines:6d}  {label:<40}{amount:12.2f}\n")


def totals(entries):
    sums = {}
    for label, amount in entries:
        sums[label] = sums.get(label, 0.0) + amount
    return "\n".join(f"{label}: {amount:.2f}" for label, amount in sorted(sums.items()))


def monthly(entries):
    statement = Statement()
    for label, amount in entries:
        statement.add(label, amount)
    return "".join(statement.parts) + totals(entries)


entries = [(f"account {n % 97} at branch {n % 13}", n * 1.25) for n in range(6000)]
print("ready", os.getpid(), flush=True)
while True:
    assert len(monthly(entries)) > 6000
