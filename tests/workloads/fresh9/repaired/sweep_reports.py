# expect: healthy bench
"""The control room of a city's cleaning department: crews report from the street what they have swept, emptied and
found; reports are checked, counted by district, and streets that keep being littered are put on a list.
Measured: a report takes 0.15 ms of a core; 6.3 ms in the problem.
"""

import json
import os
import random
import time
from collections import Counter, defaultdict, deque
from pathlib import Path

import jsonschema

DISTRICTS = ("Harbour", "Old Town", "Mills", "Station", "Park", "Hillside")
WASTE = ("leaves", "glass", "paper", "bulky", "grit", "organic")
PERIOD, REPORTS = 0.25, 15

PLACE = {
    "type": "object",
    "properties": {
        "district": {"enum": list(DISTRICTS)},
        "street": {"type": "string", "minLength": 3, "maxLength": 60},
        "side": {"enum": ["odd", "even", "both"]},
    },
    "required": ["district", "street"],
    "additionalProperties": False,
}
LOAD = {
    "type": "object",
    "properties": {
        "waste": {"enum": list(WASTE)},
        "kilograms": {"type": "number", "exclusiveMinimum": 0, "maximum": 4000},
    },
    "required": ["waste", "kilograms"],
}
REPORT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "crew": {"type": "string", "pattern": "^C[0-9]{3}$"},
        "vehicle": {"type": ["string", "null"]},
        "minute": {"type": "integer", "minimum": 0, "maximum": 1439},
        "place": PLACE,
        "loads": {"type": "array", "items": LOAD, "maxItems": 6},
        "remarks": {"type": "array", "items": {"type": "string", "maxLength": 200}},
    },
    "required": ["crew", "minute", "place", "loads"],
}
CHECK = jsonschema.Draft202012Validator(REPORT)


class Street:
    """What was taken from a street lately."""

    def __init__(self) -> None:
        self.visits = 0
        self.lately: deque[float] = deque(maxlen=20)

    def add(self, kilograms: float) -> None:
        self.visits += 1
        self.lately.append(kilograms)

    @property
    def usual(self) -> float:
        return sum(self.lately) / len(self.lately)


class ControlRoom:
    def __init__(self) -> None:
        self.streets: defaultdict[str, Street] = defaultdict(Street)
        self.waste: Counter[tuple[str, str]] = Counter()
        self.taken = self.refused = 0

    def take(self, text: str) -> bool:
        """Enter a report, unless something is wrong with it."""
        try:
            report = json.loads(text)
            CHECK.validate(report)
        except (ValueError, jsonschema.ValidationError):
            self.refused += 1
            return False
        place = report["place"]
        for load in report["loads"]:
            self.waste[place["district"], load["waste"]] += load["kilograms"]
        self.streets[place["street"]].add(sum(load["kilograms"] for load in report["loads"]))
        self.taken += 1
        return True

    def take_all(self, texts: list[str]) -> int:
        return sum(self.take(text) for text in texts)

    def littered(self, number: int) -> list[tuple[float, str]]:
        usual = ((street.usual, name) for name, street in self.streets.items() if street.visits >= 5)
        return sorted(usual, reverse=True)[:number]

    def board(self) -> dict:
        tonnes = {district: 0.0 for district in DISTRICTS}
        for (district, _), kilograms in self.waste.items():
            tonnes[district] += kilograms / 1000
        rounded = {district: round(weight, 1) for district, weight in tonnes.items()}
        return {"taken": self.taken, "refused": self.refused, "tonnes": rounded, "littered": self.littered(10)}


class Crews:
    """What the crews send in; now and then somebody types nonsense."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._streets = [(self._chance.choice(DISTRICTS), f"Street {number}") for number in range(400)]

    def report(self) -> str:
        chance = self._chance
        district, street = chance.choice(self._streets)
        loads = [
            {"waste": chance.choice(WASTE), "kilograms": round(chance.uniform(2, 300), 1)}
            for _ in range(chance.randint(1, 4))
        ]
        report = {
            "crew": f"C{chance.randrange(1000):03d}" if chance.random() > 0.02 else "the early one",
            "vehicle": chance.choice(("KM 204", "KM 377", None)),
            "minute": chance.randrange(1440),
            "place": {"district": district, "street": street, "side": chance.choice(("odd", "even", "both"))},
            "loads": loads,
            "remarks": ["gully blocked"] if chance.random() < 0.1 else [],
        }
        return json.dumps(report)

    def send(self, number: int) -> list[str]:
        return [self.report() for _ in range(number)]


def main() -> None:
    room, crews = ControlRoom(), Crews(5)
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    rounds = 0
    while True:
        room.take_all(crews.send(REPORTS))
        rounds += 1
        if rounds % 8 == 0:
            Path("board.json").write_text(json.dumps(room.board()))
        due = max(due + PERIOD, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
