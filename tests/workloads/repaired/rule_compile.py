# expect: healthy bench
"""Gives discounts by rules that people wrote as expressions."""

import os

rules = [f"amount > {n * 10} and (region == 'north' or visits % {n + 2} == 0)" for n in range(40)]
codes = [compile(rule, "<rule>", "eval") for rule in rules]


def discount(order):
    given = 0
    for code in codes:
        if eval(code, {"__builtins__": {}}, order):
            given += 1
    return given


def total(orders):
    return sum(order["amount"] for order in orders)


orders = [{"amount": n * 3 % 500, "region": ("north", "south")[n % 2], "visits": n % 11} for n in range(200)]
print("ready", os.getpid(), flush=True)
while True:
    for order in orders:
        discount(order)
    total(orders)
