# expect: pattern=repeated-computation bench
"""The ringing centre's intake: stations at the coast send the birds of their net rounds, and each capture is checked
against the limits that the species' experts wrote down (wing, tarsus, fat, moult, age), before it goes to the ringer
again or into the totals of the day.

Measured: a bird takes 240 us of CPU, at 2,200 birds a second; 24 us in the twin.
"""

import os
import random
import socket
import sys
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

STATIONS = ("Greifswalder Oie", "Christiansø", "Ottenby", "Mettnau", "Falsterbo")

# What the experts sent, for one species a line: name, usual wing (mm), usual weight (g), and whether it has a tarsus note.
SPECIES = {
    "ERIRU": ("robin", 72, 16.0),
    "SYLAT": ("blackcap", 74, 18.5),
    "PHYLU": ("willow warbler", 66, 8.8),
    "PHYCO": ("chiffchaff", 59, 7.6),
    "TURPH": ("song thrush", 117, 68.0),
    "TURME": ("blackbird", 129, 95.0),
    "REGRE": ("goldcrest", 54, 5.6),
    "FRCOE": ("chaffinch", 86, 21.5),
    "PARCA": ("blue tit", 66, 11.2),
    "PRUMO": ("dunnock", 70, 19.4),
    "TROTR": ("wren", 48, 9.0),
    "ACRSC": ("reed warbler", 67, 11.8),
}

COMMON_RULES = (
    ("wing out of range", "wing < {wing} * 0.88 or wing > {wing} * 1.12"),
    ("weight out of range", "weight < {weight} * 0.72 or weight > {weight} * (1.45 if fat >= 5 else 1.3)"),
    ("tarsus does not fit the wing", "tarsus > 0 and not 0.22 <= tarsus / wing <= 0.42"),
    ("third primary does not fit the wing", "p3 > 0 and not 0.70 <= p3 / wing <= 0.81"),
    ("fat score unknown", "not 0 <= fat <= 8"),
    ("muscle score unknown", "not 0 <= muscle <= 3"),
    ("lean bird with much fat", "fat >= 6 and weight < {weight} * 0.85"),
    ("moult of a young bird in spring", "age == 3 and month in (3, 4, 5) and moult > 0"),
    ("age not possible in this month", "(age == 5 and month > 7) or (age == 3 and month < 5)"),
    ("brood patch in autumn", "brood > 2 and month >= 10"),
)


@dataclass
class Capture:
    station: str
    ring: str
    species: str
    values: dict

    @classmethod
    def from_line(cls, line):
        station, ring, species, *numbers = line.rstrip("\n").split(";")
        wing, weight, tarsus, p3 = map(float, numbers[:4])
        fat, muscle, age, month, moult, brood = map(int, numbers[4:])
        values = {"wing": wing, "weight": weight, "tarsus": tarsus, "p3": p3, "fat": fat, "muscle": muscle}
        values.update(age=age, month=month, moult=moult, brood=brood)
        return cls(station, ring, species, values)


class RuleBook:
    """The limits by species, in the experts' words."""

    def __init__(self):
        self._rules = {}
        for code, (_, wing, weight) in SPECIES.items():
            self._rules[code] = [
                (fault, condition.format(wing=wing, weight=weight)) for fault, condition in COMMON_RULES
            ]

    def faults(self, capture):
        names = {"__builtins__": {}}
        return [
            fault
            for fault, condition in self._rules[capture.species]
            if eval(condition, names, capture.values)  # <- cost
        ]


class Totals:
    """Birds by species and station, and what goes back to the ringers."""

    def __init__(self):
        self._mutex = threading.Lock()
        self._birds = Counter()
        self._faults = Counter()
        self._returned = deque(maxlen=200)
        self.checked = 0

    def enter(self, captures, doubtful):
        with self._mutex:
            self.checked += len(captures)
            self._birds.update((capture.species, capture.station) for capture in captures)
            for capture, faults in doubtful:
                self._faults.update(faults)
                self._returned.append((capture.ring, faults))

    def tell(self):
        while True:
            time.sleep(3)
            with self._mutex:
                checked, worst = self.checked, self._faults.most_common(2)
            print(
                f"{checked} birds, {time.process_time() * 1e6 / checked:.0f} us of CPU each, {worst}", file=sys.stderr
            )


def check_round(lines, book, totals):
    """All birds of a net round of a station."""
    captures = [Capture.from_line(line) for line in lines]
    doubtful = []
    for capture in captures:
        faults = book.faults(capture)  # <- cost
        if faults:
            doubtful.append((capture, faults))
    totals.enter(captures, doubtful)


def rounds(line):
    """The stations: a round of nets from one of them, ten times a second on a good day in October."""
    chance = random.Random(1910)
    number = 0
    made = []
    for _ in range(60):
        birds = []
        for _ in range(220):
            number += 1
            code = chance.choice(list(SPECIES))
            _, wing, weight = SPECIES[code]
            long = chance.gauss(wing, wing * 0.04)
            heavy = chance.gauss(weight, weight * 0.1)
            fat = chance.randint(0, 8)
            birds.append(
                f"{chance.choice(STATIONS)};{number:07d};{code};{long:.1f};{heavy:.1f};{long * 0.3:.1f};"
                f"{long * 0.75:.1f};{fat};{chance.randint(0, 3)};{chance.choice((3, 4))};10;0;{chance.choice((0, 0, 0, 0, 1, 2))}\n"
            )
        made.append(("".join(birds) + "\n").encode())
    due = time.monotonic()
    while True:
        for birds in made:
            line.sendall(birds)
            due += 0.1
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    near, far = socket.socketpair()
    services.outside(lambda: rounds(far))
    far.close()
    book, totals = RuleBook(), Totals()
    threading.Thread(target=totals.tell, name="totals", daemon=True).start()
    lines = []
    print("ready", os.getpid(), flush=True)
    with near.makefile("r", encoding="utf-8", buffering=1 << 16) as intake:
        for line in intake:
            if line != "\n":
                lines.append(line)
                continue
            check_round(lines, book, totals)  # <- cost
            lines = []


if __name__ == "__main__":
    main()
