"""Agent based SIR model with immigration and turnover."""
import random
from dataclasses import dataclass
from typing import Optional


@dataclass
class Infection:
    day: int
    source: Optional["Infection"]
    genome: bytearray


class Person:
    __slots__ = ("pid", "state", "infection", "days_left", "household")

    def __init__(self, pid, household):
        self.pid = pid
        self.state = "S"
        self.infection = None
        self.days_left = 0
        self.household = household


def mutate(genome, rng, rate=0.002):
    child = bytearray(genome)  # <- made 85
    for i in range(len(child)):
        if rng.random() < rate:
            child[i] = rng.choice(b"ACGT")
    return child


class City:
    def __init__(self, size, seed=7):
        self.rng = random.Random(seed)
        self.people = [Person(i, i // 4) for i in range(size)]
        self.day = 0
        self.daily_new = 0
        self.households = {}
        for p in self.people:
            self.households.setdefault(p.household, []).append(p)

    def seed(self, n, genome):
        for p in self.rng.sample(self.people, n):
            self.infect(p, None, bytearray(genome))

    def infect(self, person, source, genome):
        person.infection = Infection(self.day, source, genome)  # <- made 15 <- cost
        person.state = "I"
        person.days_left = self.rng.randint(4, 11)
        self.daily_new += 1

    def step(self):
        self.day += 1
        self.daily_new = 0
        infectious = [p for p in self.people if p.state == "I"]
        exposed = []
        for p in infectious:
            for contact in self.contacts(p):
                if contact.state == "S" and self.rng.random() < 0.08:
                    exposed.append((contact, p))
            p.days_left -= 1
            if p.days_left <= 0:
                p.state = "R"
                p.infection = None
        for person, by in exposed:
            if person.state == "S" and by.infection is not None:
                self.infect(person, by.infection, mutate(by.infection.genome, self.rng))  # <- cost
        self.wane()
        return self.daily_new

    def contacts(self, p):
        near = [q for q in self.households[p.household] if q is not p]
        return near + self.rng.sample(self.people, 6)

    def wane(self):
        for p in self.people:
            if p.state == "R" and self.rng.random() < 0.01:
                p.state = "S"
