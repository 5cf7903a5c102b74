# expect: pattern=gil-contention bench
"""A nightly batch: works out from the events of each customer who may leave. Four threads share the customers."""

import json
import logging
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor

WORKERS = 4
EVENTS = 400
logging.basicConfig(filename="features.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def events_of(customer, night):
    """(day, kind, amount) of one customer; a linear congruential generator stands for the archive."""
    state = customer * 2654435761 + night
    for _ in range(EVENTS):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF  # <- cost
        yield state % 365, state >> 9 & 3, (state >> 11) % 500  # <- cost


def features(customer, night):
    """Recency, frequency, spread and trend of what one customer did."""
    last = [0, 0, 0, 0]
    sums = [0, 0, 0, 0]
    trend = mean = spread = 0.0
    count = 0
    for day, kind, amount in events_of(customer, night):  # <- cost
        if day > last[kind]:  # <- cost
            last[kind] = day  # <- cost
        sums[kind] += amount  # <- cost
        count += 1  # <- cost
        step = amount - mean  # <- cost
        mean += step / count  # <- cost
        spread += step * (amount - mean)  # <- cost
        trend = trend * 0.97 + (amount if kind == 2 else -amount) * 0.03  # <- cost
    score = 1 / (1 + math.exp(-(trend / 100 + last[3] / 365 - math.sqrt(spread / count) / 200)))
    return {"customer": customer, "sums": sums, "last": last, "score": round(score, 4)}


def part(customers, night):
    return [features(customer, night) for customer in customers]  # <- cost


def write(night, rows):
    rows.sort(key=lambda row: -row["score"])
    with open("leaving.json", "w") as output:
        json.dump({"night": night, "rows": rows[:200]}, output)


def main():
    parts = [range(start, start + 50) for start in range(0, 1000, 50)]
    with ThreadPoolExecutor(WORKERS) as pool:
        print("ready", os.getpid(), flush=True)
        night, told = 0, time.monotonic()
        while True:
            night += 1
            waiting = [pool.submit(part, customers, night) for customers in parts]
            rows = [row for done in waiting for row in done.result()]
            write(night, rows)
            if time.monotonic() - told > 1:
                told = time.monotonic()
                logging.info("%d nights worked out", night)


main()
