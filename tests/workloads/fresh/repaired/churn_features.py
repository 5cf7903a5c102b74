# expect: healthy bench
"""A nightly batch: works out from the events of each customer who may leave. Processes share the customers."""

import json
import logging
import math
import multiprocessing
import os
import time

WORKERS = 4
EVENTS = 400
logging.basicConfig(filename="features.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def events_of(customer, night):
    """(day, kind, amount) of one customer; a linear congruential generator stands for the archive."""
    state = customer * 2654435761 + night
    for _ in range(EVENTS):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        yield state % 365, state >> 9 & 3, (state >> 11) % 500


def features(customer, night):
    """Recency, frequency, spread and trend of what one customer did."""
    last = [0, 0, 0, 0]
    sums = [0, 0, 0, 0]
    trend = mean = spread = 0.0
    count = 0
    for day, kind, amount in events_of(customer, night):
        if day > last[kind]:
            last[kind] = day
        sums[kind] += amount
        count += 1
        step = amount - mean
        mean += step / count
        spread += step * (amount - mean)
        trend = trend * 0.97 + (amount if kind == 2 else -amount) * 0.03
    score = 1 / (1 + math.exp(-(trend / 100 + last[3] / 365 - math.sqrt(spread / count) / 200)))
    return {"customer": customer, "sums": sums, "last": last, "score": round(score, 4)}


def part(work):
    customers, night = work
    return [features(customer, night) for customer in customers]


def write(night, rows):
    rows.sort(key=lambda row: -row["score"])
    with open("leaving.json", "w") as output:
        json.dump({"night": night, "rows": rows[:200]}, output)


def main():
    parts = [range(start, start + 50) for start in range(0, 1000, 50)]
    with multiprocessing.Pool(min(WORKERS, os.cpu_count() or 1)) as pool:
        print("ready", os.getpid(), flush=True)
        night, told = 0, time.monotonic()
        while True:
            night += 1
            rows = [row for done in pool.imap(part, [(customers, night) for customers in parts]) for row in done]
            write(night, rows)
            if time.monotonic() - told > 1:
                told = time.monotonic()
                logging.info("%d nights worked out", night)


if __name__ == "__main__":
    main()
