# expect: healthy bench
"""Reads the tax returns that companies hand in as large XML documents: element by element, each once, with checks and
sums on the way; the parser has most of the work, as it should."""

import collections
import io
import logging
import os
import random
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal, InvalidOperation
from pathlib import Path

DOCUMENTS, ENTRIES = 12, 2500
KINDS = ("sale", "purchase", "wage", "rent", "loan")
RATES = {"full": Decimal("0.19"), "reduced": Decimal("0.07"), "none": Decimal(0)}
logging.basicConfig(filename="returns.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def write_document(number):
    """What the bookkeeping of a company gives out."""
    chance = random.Random(number)
    out = io.StringIO()
    out.write(f'<?xml version="1.0"?>\n<return company="C-{number}" year="2025">\n')
    for entry in range(ENTRIES):
        kind, rate = chance.choice(KINDS), chance.choice(list(RATES))
        amount = f"{chance.randrange(100, 900000) / 100:.2f}" if chance.random() > 0.002 else "n/a"
        out.write(
            f'  <entry id="{entry}" kind="{kind}"><date>2025-{1 + entry % 12:02}-{1 + entry % 28:02}</date>'
            f'<amount rate="{rate}">{amount}</amount><text>Invoice {chance.randrange(99999)} &amp; more</text>'
            "</entry>\n"
        )
    out.write("</return>\n")
    Path(f"return-{number}.xml").write_text(out.getvalue())


class Assessment:
    """The sums of a company, and what is wrong with its return."""

    def __init__(self):
        self.company = None
        self.sums = collections.defaultdict(Decimal)
        self.tax = Decimal(0)
        self.wrong, self.entries = [], 0

    def take(self, entry):
        self.entries += 1
        amount = entry.find("amount")
        try:
            value = Decimal(amount.text)
        except InvalidOperation:
            self.wrong.append((entry.get("id"), "amount"))
            return
        month = int(entry.findtext("date")[5:7])
        kind = entry.get("kind")
        self.sums[kind, (month - 1) // 3] += value
        share = value * RATES[amount.get("rate")]
        if kind == "sale":
            self.tax += share
        elif kind == "purchase":
            self.tax -= share


def read_document(path):
    """Everything of a document, without keeping its tree."""
    found = Assessment()
    root = None
    for event, element in ElementTree.iterparse(path, events=("start", "end")):
        if event == "start":
            if root is None:
                root = element
                found.company = element.get("company")
        elif element.tag == "entry":
            found.take(element)
            root.clear()
    return found.company, found.entries, len(found.wrong), found.tax, dict(found.sums)


class Office:
    def __init__(self):
        self.returns = self.entries = self.wrong = 0
        self.taxes = {}

    def book(self, company, entries, wrong, tax, sums):
        self.returns += 1
        self.entries += entries
        self.wrong += wrong
        quarters = [sum(value for (_, quarter), value in sums.items() if quarter == q) for q in range(4)]
        self.taxes[company] = tax.quantize(Decimal("0.01")), max(quarters)


def main():
    for number in range(DOCUMENTS):
        write_document(number)
    paths = [f"return-{number}.xml" for number in range(DOCUMENTS)]
    office = Office()
    with ProcessPoolExecutor(max_workers=2) as pool:
        print("ready", os.getpid(), flush=True)
        told = time.monotonic()
        while True:
            for result in pool.map(read_document, paths):
                office.book(*result)
            if time.monotonic() - told > 1:
                told = time.monotonic()
                logging.info("%d returns, %d entries, %d wrong", office.returns, office.entries, office.wrong)


if __name__ == "__main__":
    main()
