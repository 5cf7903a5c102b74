# expect: pattern=fragmentation bench
"""Imports a large price list, and keeps what has changed since yesterday: one article in fifty."""

import os
import time


class Price:
    def __init__(self, article, cents, name):
        self.article = article
        self.cents = cents
        self.name = name


def read_list():
    return [Price(number, number * 7 % 9973, f"article number {number}") for number in range(600_000)]


def changed():
    prices = read_list()
    return [price for price in prices if price.article % 50 == 0]


kept = changed()
print("ready", os.getpid(), flush=True)
while True:
    total = sum(price.cents for price in kept)
    best = max(kept, key=lambda price: price.cents)
    time.sleep(0.02)
