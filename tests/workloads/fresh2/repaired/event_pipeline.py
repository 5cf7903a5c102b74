# expect: healthy bench
"""Makes records for a warehouse out of the events of a shop: parsed, enriched, encoded, each stage for itself."""

import logging
import multiprocessing
import os

BLOCK = 300
logging.basicConfig(filename="events.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def receive(block):
    """Lines of one block, as the shop writes them."""
    for number in range(block * BLOCK, (block + 1) * BLOCK):
        kind = ("view", "basket", "order")[number % 3]
        yield f"2026-03-{1 + number % 28:02};{kind};session={number * 7919 % 10007};article={number % 997};at={number}"


def parse(lines):
    records = []
    for line in lines:
        day, kind, *pairs = line.split(";")
        record = {"day": day, "kind": kind}
        for pair in pairs:
            name, _, value = pair.partition("=")
            record[name] = int(value)
        records.append(record)
    return records


def enrich(records):
    for record in records:
        check = 0
        for letter in f"{record['session']}-{record['article']}":
            check = (check * 31 + ord(letter)) % 65521
        record["check"] = check
        record["value"] = {"view": 1, "basket": 5, "order": 100}[record["kind"]] * (1 + record["article"] % 7)
    return records


def encode(records):
    rows = []
    for record in records:
        rows.append("\t".join(f"{name}:{record[name]}" for name in sorted(record)))
    return "\n".join(rows)


def whole(blocks):
    return [encode(enrich(parse(receive(block)))) for block in blocks]


def main():
    done = size = 0
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        print("ready", os.getpid(), flush=True)
        for first in range(0, 1 << 40, 100):
            parts = [range(at, at + 10) for at in range(first, first + 100, 10)]
            for texts in pool.imap(whole, parts):
                size += sum(map(len, texts))
                done += BLOCK * len(texts)
            logging.info("%d events, %d kB", done, size // 1000)


main()
