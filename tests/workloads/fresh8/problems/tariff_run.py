# expect: pattern=repeated-computation bench
"""Works out what the customers of a municipal utility owe: load profiles in quarters of an hour, and tariffs whose
prices are formulas that the sales department writes down as text.

Measured: a customer's day takes 6 ms on a core, 98 % of it before the formula is evaluated; 0.11 ms in the twin.
"""

import ast
import json
import math
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

QUARTERS = 96
NAMES = {"kwh", "hour", "summer", "spot", "peak"}
ALLOWED = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.IfExp,
    ast.Compare,
    ast.BoolOp,
    ast.Constant,
    ast.Name,
    ast.operator,
    ast.unaryop,
    ast.cmpop,
    ast.boolop,
    ast.expr_context,
)


class FormulaError(ValueError):
    pass


class Formula:
    """The price of a quarter of an hour, in cents; only arithmetic on a few known names."""

    def __init__(self, text):
        self.text = text

    def _checked(self):
        """The tree of the formula, in which nothing is that could do harm."""
        tree = ast.parse(self.text, mode="eval")  # <- cost
        for node in ast.walk(tree):  # <- cost
            if not isinstance(node, ALLOWED):
                raise FormulaError(f"{type(node).__name__} in {self.text!r}")
            if isinstance(node, ast.Name) and node.id not in NAMES:
                raise FormulaError(f"{node.id} is not known")
        return tree

    def __call__(self, **values):
        code = compile(self._checked(), "<tariff>", "eval")  # <- cost
        return eval(code, {"__builtins__": {}}, values)


@dataclass
class Tariff:
    name: str
    price: Formula
    standing: float

    def day(self, profile, market):
        """What the energy of a day costs, in cents."""
        total = self.standing
        for quarter, kwh in enumerate(profile):  # <- cost
            total += self.price(  # <- cost
                kwh=kwh, hour=quarter // 4, summer=market.summer, spot=market.spot[quarter], peak=market.peak
            )
        return total


TARIFFS = (
    ("household", "kwh * (31.2 if 6 <= hour < 22 else 24.8)", 34.0),
    ("heat pump", "kwh * (22.4 if summer else 24.1) * (0.8 if hour < 5 or 13 <= hour < 15 else 1)", 21.0),
    ("dynamic", "kwh * (spot * 1.07 + 14.6) if spot > 0 else kwh * 14.6", 16.0),
    ("bakery", "kwh * 27.5 if hour < 7 else kwh * 29.9 + (kwh - peak) * 4.2 * (kwh > peak)", 60.0),
    ("street lights", "kwh * 19.5", 5.0),
)


class Market:
    """Spot prices of one day, and what the grid counts as a peak."""

    def __init__(self, day, chance):
        self.summer = day % 365 in range(90, 270)
        self.peak = 3.4 if self.summer else 4.1
        self.spot = [6 + 5 * math.sin((quarter - 26) / 8) + chance.gauss(0, 1.5) for quarter in range(QUARTERS)]


class Customers:
    SHAPES = 40

    def __init__(self, tariffs, number, chance):
        self._chance = chance
        self._shapes = [
            [max(0.02, 0.4 + 0.3 * math.sin((q + shape) / 9) + chance.gauss(0, 0.1)) for q in range(QUARTERS)]
            for shape in range(self.SHAPES)
        ]
        self.list = [(f"C{n:05d}", tariffs[n * 7 % len(tariffs)], chance.uniform(0.5, 8)) for n in range(number)]

    def profile(self, size):
        shape = self._chance.choice(self._shapes)
        return [size * value for value in shape]


class Run:
    """One run through all customers for a day."""

    def __init__(self, customers):
        self.customers = customers
        self.owed = {}

    def bill(self, market):
        totals = {}
        for number, tariff, size in self.customers.list:
            cents = tariff.day(self.customers.profile(size), market)  # <- cost
            self.owed[number] = round(cents)
            totals[tariff.name] = totals.get(tariff.name, 0.0) + cents
        return totals


def main():
    chance = random.Random(5)
    tariffs = [Tariff(name, Formula(text), standing) for name, text, standing in TARIFFS]
    run = Run(Customers(tariffs, 200, chance))
    print("ready", os.getpid(), flush=True)
    for day in range(1 << 40):
        began = time.process_time()
        totals = run.bill(Market(day, chance))
        spent = time.process_time() - began
        euros = {name: round(cents / 100, 2) for name, cents in totals.items()}
        Path("day.json").write_text(json.dumps({"day": day, "euros": euros, "seconds": round(spent, 3)}))
        time.sleep(0.1)


if __name__ == "__main__":
    main()
