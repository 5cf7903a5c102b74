# expect: healthy bench
"""The European studbook of the red panda: zoos ask which mates suit one of their animals. Each candidate of the other
sex is judged by the inbreeding of their young, by age, and by how far the animals would have to travel.
Measured: an answer takes 2.1 ms of CPU; 46 ms in the problem.
"""

import json
import math
import os
import random
import tempfile
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

GENERATIONS = 5
CANDIDATES = 24
ZOOS = 48
THIS_YEAR = 2024
BREEDS_FROM, BREEDS_TO = 2, 12


@dataclass
class Animal:
    number: int
    name: str
    sex: str
    born: int
    zoo: int
    sire: int = 0
    dam: int = 0
    alive: bool = True

    @property
    def age(self):
        return THIS_YEAR - self.born

    def breeds(self):
        return self.alive and BREEDS_FROM <= self.age <= BREEDS_TO


class Studbook:
    """All animals that were ever entered, in the order of their birth."""

    def __init__(self):
        self.animals = []
        self._by_number = {}

    def enter(self, animal):
        self.animals.append(animal)
        self._by_number[animal.number] = animal

    def find(self, number):
        return self._by_number.get(number)

    def mates(self, animal):
        return [other for other in self.animals if other.sex != animal.sex and other.breeds()]


class Pedigree:
    """Who descends from whom, and what that means for their young."""

    def __init__(self, studbook):
        self.studbook = studbook

    def ancestors(self, number, depth=0, found=None):
        """How often each ancestor occurs, by number and generation; the animal itself is generation 0."""
        found = Counter() if found is None else found
        found[number, depth] += 1
        if depth < GENERATIONS:
            animal = self.studbook.find(number)
            for parent in (animal.sire, animal.dam):
                if parent:
                    self.ancestors(parent, depth + 1, found)
        return found

    def inbreeding(self, sire, dam):
        """Wright's coefficient of their young, from the ancestors that both share."""
        of_sire, of_dam = self.ancestors(sire), self.ancestors(dam)
        depths = {}
        for (number, depth), times in of_dam.items():
            depths.setdefault(number, []).append((depth, times))
        total = 0.0
        for (number, depth), times in of_sire.items():
            for other, others in depths.get(number, ()):
                total += times * others * 0.5 ** (depth + other + 1)
        return total


class Coordinator:
    """Answers the zoos."""

    def __init__(self, studbook, places):
        self.studbook, self.places = studbook, places
        self.pedigree = Pedigree(studbook)
        self.advice = deque(maxlen=100)

    def journey(self, one, other):
        return math.dist(self.places[one.zoo], self.places[other.zoo])

    def judge(self, animal, mate):
        sire, dam = (animal, mate) if animal.sex == "m" else (mate, animal)
        inbred = self.pedigree.inbreeding(sire.number, dam.number)
        return 100 * inbred + 0.4 * abs(animal.age - mate.age) + self.journey(animal, mate) / 800

    def advise(self, animal, chance):
        mates = self.studbook.mates(animal)
        asked = chance.sample(mates, min(CANDIDATES, len(mates)))
        judged = sorted((self.judge(animal, mate), mate.number) for mate in asked)
        self.advice.append((animal.number, judged[:5]))
        return judged[:5]


def old_entries(chance, studbook, count=1800):
    """The entries since 1978: founders from the wild, then what was bred."""
    recent = {"m": deque(maxlen=60), "f": deque(maxlen=60)}
    for at in range(count):
        born = 1978 + at * 46 // count
        number, sex = 1000 + at, chance.choice("mf")
        animal = Animal(number, f"Panda {number}", sex, born, chance.randrange(ZOOS), alive=born > 2010)
        if at >= 40:
            animal.sire, animal.dam = (chance.choice(recent[each]).number for each in "mf")
        recent[sex].append(animal)
        studbook.enter(animal)


def main():
    chance = random.Random(1978)
    studbook = Studbook()
    old_entries(chance, studbook)
    places = [(chance.uniform(0, 2500), chance.uniform(0, 3000)) for _ in range(ZOOS)]
    coordinator = Coordinator(studbook, places)
    folder = Path(tempfile.mkdtemp(prefix="studbook"))
    breeding = [animal for animal in studbook.animals if animal.breeds()]
    answered, spent, reported = 0, 0.0, time.monotonic()
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    while True:
        began = time.perf_counter()
        coordinator.advise(chance.choice(breeding), chance)
        answered += 1
        spent += time.perf_counter() - began
        if time.monotonic() - reported > 2:
            reported = time.monotonic()
            state = {"answered": answered, "ms": round(1000 * spent / answered, 2), "last": coordinator.advice[-1]}
            (folder / "advice.json").write_text(json.dumps(state))
        due = max(due + 0.11, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
