# expect: healthy bench
"""Takes the orders of a shop out of a stream in Redis. They come in bursts; it waits in Redis for the next, takes up to
two hundred at once, and confirms them together."""

import collections
import json
import logging
import os
import sys
import time
from pathlib import Path

import redis

sys.path.append(str(Path(__file__).parents[2]))
import services

STREAM, GROUP, MOST = "orders", "billing", 200
logging.basicConfig(filename="billing.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def shop(port):
    """Orders come in bursts, some four hundred at a time."""
    line = redis.Redis(port=port)
    for burst in range(1 << 40):
        pipe = line.pipeline(transaction=False)
        for number in range(burst * 400, burst * 400 + 300 + burst * 31 % 200):
            articles = [
                {"article": f"A-{number * 7919 % 977 + n}", "pieces": 1 + n, "cents": 99 + number % 5000}
                for n in range(5)
            ]
            order = {
                "number": number,
                "customer": f"c{number % 9973}",
                "country": "DE" if number % 3 else "FR",
                "articles": articles,
            }
            pipe.xadd(STREAM, {"order": json.dumps(order)}, maxlen=5000, approximate=True)
        pipe.execute()
        time.sleep(0.4 + burst % 3 * 0.2)


class Billing:
    VAT = {"DE": 19, "FR": 20}

    def __init__(self):
        self.invoices, self.cents = 0, 0
        self.by_country = collections.Counter()

    def invoice(self, order):
        net = sum(one["pieces"] * one["cents"] for one in order["articles"])
        gross = net + net * self.VAT[order["country"]] // 100
        self.invoices += 1
        self.cents += gross
        self.by_country[order["country"]] += gross
        return f"{order['number']};{order['customer']};{net};{gross}\n"


def batches(line):
    """Orders that nobody took yet, and how to confirm them."""
    while True:
        for _, entries in line.xreadgroup(GROUP, "first", {STREAM: ">"}, count=MOST, block=2000) or ():
            orders = [json.loads(fields[b"order"]) for _, fields in entries]
            numbers = [number for number, _ in entries]
            yield orders, lambda numbers=numbers: line.xack(STREAM, GROUP, *numbers)


def main():
    port = services.redis()
    line = redis.Redis(port=port)
    line.xgroup_create(STREAM, GROUP, mkstream=True)
    services.outside(lambda: shop(port))
    billing = Billing()
    told = time.monotonic()
    print("ready", os.getpid(), flush=True)
    with open("invoices.csv", "w", buffering=1 << 16) as file:
        for orders, confirm in batches(line):
            file.write("".join(map(billing.invoice, orders)))
            file.flush()
            confirm()
            if time.monotonic() - told > 1:
                told = time.monotonic()
                logging.info("%d invoices, %.2f EUR", billing.invoices, billing.cents / 100)


main()
