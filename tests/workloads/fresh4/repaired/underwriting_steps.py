# expect: healthy bench
"""Decides upon applications for the insurance of houses: each goes through the steps of the underwriters, and in the end
it is accepted at a price, or refused.

Measured: 11,000 applications a second; 3,200 in the twin that has the problem.
"""

import logging
import math
import os
import random
import time
from collections import Counter

from pydantic import BaseModel

logging.basicConfig(filename="underwriting.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
STEPS = []


class Room(BaseModel):
    name: str
    square_metres: float
    contents: float
    floor: int
    materials: dict[str, float]


class Claim(BaseModel):
    year: int
    cause: str
    paid: float


class Case(BaseModel):
    """An application, and what was found out about it until now."""

    number: int
    owner: str
    region: int
    built: int
    rooms: list[Room]
    claims: list[Claim]
    notes: list[str] = []
    value: float = 0.0
    risk: float = 0.0
    premium: float | None = None


def step(do):
    """A step of the underwriters; they stand in the order in which they are written."""

    STEPS.append(do)
    return do


@step
def appraise(case):
    for room in case.rooms:
        built = sum(share * 1400 for share in room.materials.values())
        case.value += room.square_metres * built * 0.985 ** (2026 - case.built) + room.contents
    case.notes.append(f"value {case.value:.0f}")


@step
def weather_risk(case):
    hail = 0.5 + math.sin(case.region) / 3
    case.risk += sum(hail * (1.5 if room.floor == 0 else 1.0) for room in case.rooms) / len(case.rooms)


@step
def fire_risk(case):
    wood = [room.materials.get("wood", 0.0) for room in case.rooms]
    case.risk += 0.2 + sum(wood) / len(wood)


@step
def history(case):
    weights = [(math.exp((claim.year - 2026) / 6), claim.paid) for claim in case.claims]
    case.risk *= 1 + sum(weight * paid for weight, paid in weights) / 50_000
    case.notes.append(f"{len(weights)} claims")


@step
def ruin(case):
    """How likely it is that the claims of thirty years are more than the value."""
    chance, total = 1.0, 0.0
    for year in range(1, 200):
        chance *= math.exp(-case.risk / (40 + year))
        total += (1 - chance) / (1 + year * 0.02)
    case.risk += total / 90


@step
def price(case):
    case.premium = None if case.risk > 2.2 else case.value * case.risk * 0.0009
    case.notes.append("refused" if case.premium is None else "accepted")


def decide(application):
    case = application.model_copy(update={"notes": []})
    for do in STEPS:
        do(case)
    return case


def draw(number, random=random.Random(11)):
    """An application as somebody may send it."""
    rooms = [
        Room(
            name=f"room {n}",
            square_metres=random.uniform(8, 40),
            contents=random.uniform(500, 20_000),
            floor=n // 4,
            materials={"wood": random.random(), "brick": random.random(), "glass": random.random() / 5},
        )
        for n in range(random.randint(5, 14))
    ]
    claims = [
        Claim(
            year=random.randint(2005, 2025),
            cause=random.choice(("hail", "fire", "water")),
            paid=random.uniform(100, 9e3),
        )
        for _ in range(random.randint(0, 8))
    ]
    return Case(
        number=number,
        owner=f"owner {number}",
        region=number % 90,
        built=1900 + number % 120,
        rooms=rooms,
        claims=claims,
    )


def main():
    applications = [draw(number) for number in range(400)]
    decided, began, told = Counter(), time.monotonic(), time.monotonic()
    print("ready", os.getpid(), flush=True)
    while True:
        for application in applications:
            case = decide(application)
            decided[case.notes[-1]] += 1
        if time.monotonic() - told > 1:
            told = time.monotonic()
            logging.info("%s, %.0f a second", dict(decided), decided.total() / (told - began))


main()
