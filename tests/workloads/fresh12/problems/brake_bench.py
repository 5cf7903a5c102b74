# expect: pattern=lock-contention bench
"""The brake test benches of a tram depot: a thread for each pit rolls the axles of the car that stands there, has the
bench measure a braking, and enters the figures into the car's record, which the foreman's list is made of.
Measured: 37 brakings a second are entered; in the twin 80, which is all that the pits do.
"""

import http.client
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from threading import Lock, Thread

sys.path.append(str(Path(__file__).parents[2]))
import services

PITS = 8
CARS = [f"{series}{number:02}" for series in (20, 21, 24, 30) for number in range(1, 23)]
AXLES = 6
ROLLING = 0.1  # seconds from one braking to the next at a pit
LEAST = {"service": 1.2, "emergency": 2.6, "magnetic": 1.8}  # m/s²


@dataclass
class Braking:
    kind: str
    axle: int
    newtons: list
    tonnes: float

    @property
    def deceleration(self):
        strong = sorted(self.newtons)[len(self.newtons) // 4 :]
        return fmean(strong) / (self.tonnes * 1000)

    @property
    def passed(self):
        return self.deceleration >= LEAST[self.kind]


@dataclass
class Record:
    car: str
    brakings: int = 0
    weakest: dict = field(default_factory=dict)
    failed: set = field(default_factory=set)

    def enter(self, braking):
        self.brakings += 1
        key = braking.kind, braking.axle
        value = braking.deceleration
        self.weakest[key] = min(value, self.weakest.get(key, value))
        if braking.passed:
            self.failed.discard(key)
        else:
            self.failed.add(key)


class Bench:
    """The controller below one pit. It answers when the rollers have come to a stand."""

    def __init__(self, port, pit):
        self._pit = pit
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)

    def measure(self, kind, axle):
        self._line.request("GET", f"/pit/{self._pit}/{kind}/{axle}")  # <- cost
        answer = self._line.getresponse()  # <- cost
        told = json.loads(answer.read())
        return Braking(kind, axle, told["newtons"], told["tonnes"])


class Register:
    """The records of all cars of the depot."""

    def __init__(self, cars):
        self._lock = Lock()
        self._records = {car: Record(car) for car in cars}

    def test(self, bench, car, kind, axle):
        """Have ``bench`` measure a braking of ``car``, and enter it."""
        with self._lock:  # <- cost
            record = self._records[car]
            braking = bench.measure(kind, axle)  # <- cost
            record.enter(braking)
        return braking

    def summary(self):
        with self._lock:  # <- cost
            tested = [record for record in self._records.values() if record.brakings]
            failed = Counter(kind for record in tested for kind, _ in record.failed)
            return sum(record.brakings for record in tested), len(tested), dict(failed)


def pit(number, register, port):
    """The cars of one pit, one after the other, each axle with each of its brakes."""
    bench = Bench(port, number)
    cars = CARS[number::PITS]
    due = time.monotonic() + number * ROLLING / PITS
    while True:
        for car in cars:
            for axle in range(1, AXLES + 1):
                for kind in LEAST:
                    time.sleep(max(0.0, due - time.monotonic()))
                    braking = register.test(bench, car, kind, axle)  # <- cost
                    if not braking.passed:
                        due += ROLLING  # the rollers are cleaned before they go on
                    due = max(due + ROLLING, time.monotonic())


def controllers():
    """The controllers of the benches: a braking takes its time."""
    chance = random.Random(4)

    def answer(path):
        kind = path.split("/")[3]
        time.sleep(0.025)
        tonnes = 5.5 + chance.random()
        force = LEAST[kind] * tonnes * 1000
        newtons = [round(force * (1.1 + chance.random() * 0.3)) for _ in range(24)]
        return json.dumps({"newtons": newtons, "tonnes": round(tonnes, 2)}).encode()

    return services.http_service(answer)


def main():
    folder = Path(tempfile.mkdtemp(prefix="brakes-"))
    port = controllers()
    register = Register(CARS)
    for number in range(PITS):
        Thread(target=pit, args=(number, register, port), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    began = time.monotonic()
    while True:
        time.sleep(2)
        brakings, cars, failed = register.summary()
        rate = brakings / (time.monotonic() - began)
        lines = [f"{brakings} brakings of {cars} cars, {rate:.1f} a second"]
        lines += [f"{kind}: {number} axles too weak" for kind, number in failed.items()]
        (folder / "foreman.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
