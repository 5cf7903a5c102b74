# expect: healthy bench
"""Decodes the messages of satellite tags on seals and turtles: dives are unpacked, checked against what an animal can do,
and summed up for each animal. What cannot be right is set aside with its reason, for the biologists' daily report.

Measured: grows by 2.3 MB a second (16 to 35 MB in eight seconds), the twin, which counts the reasons and keeps a few
texts, not at all (13 MB); 100 of 400 messages a second are set aside.
"""

import collections
import math
import os
import random
import struct
import sys
import time
from dataclasses import dataclass, field

HEADER = struct.Struct(">IHH")
SAMPLES = 600
KINDS = {1: "grey seal", 2: "ringed seal", 3: "green turtle", 4: "leatherback"}
DEEPEST = {"grey seal": 350, "ringed seal": 300, "green turtle": 160, "leatherback": 1200}


class TagFault(ValueError):
    """A message that no animal can have sent."""


class Truncated(TagFault):
    pass


class TooDeep(TagFault):
    pass


class TooFast(TagFault):
    pass


@dataclass
class Dive:
    tag: int
    kind: str
    depths: list
    step: float

    @property
    def deepest(self):
        return max(self.depths)

    @property
    def minutes(self):
        return len(self.depths) * self.step / 60


@dataclass
class Animal:
    kind: str
    dives: int = 0
    minutes: float = 0.0
    deepest: float = 0.0
    speeds: collections.deque = field(default_factory=lambda: collections.deque(maxlen=60))


def unpack(message):
    tag, kind, count = HEADER.unpack_from(message)
    if len(message) != HEADER.size + 2 * count:
        raise Truncated(f"tag {tag}: {len(message)} bytes for {count} samples")
    raw = struct.unpack_from(f">{count}H", message, HEADER.size)
    depths = [value / 10 for value in raw]
    return Dive(tag, KINDS[kind], depths, 4.0)


def check(dive):
    if dive.deepest > DEEPEST[dive.kind]:
        raise TooDeep(f"tag {dive.tag}: {dive.deepest:.0f} m is too deep for a {dive.kind}")
    fastest = max(abs(after - before) for before, after in zip(dive.depths, dive.depths[1:])) / dive.step
    if fastest > 4.5:
        raise TooFast(f"tag {dive.tag}: {fastest:.1f} m/s")
    return fastest


class DailyReport:
    """What was set aside, by reason."""

    def __init__(self):
        self.reasons = collections.Counter()
        self.recent = collections.deque(maxlen=5)

    def set_aside(self, fault):
        self.reasons[type(fault).__name__] += 1
        self.recent.append(str(fault))

    def summary(self):
        return ", ".join(f"{name} {number}" for name, number in self.reasons.most_common())

    def examples(self):
        return list(self.recent)


class Decoder:
    def __init__(self, report):
        self.report = report
        self.animals = {}
        self.taken = 0

    def take(self, message):
        self.taken += 1
        try:
            dive = unpack(message)
            fastest = check(dive)
        except TagFault as fault:
            self.report.set_aside(fault)
            return
        animal = self.animals.get(dive.tag)
        if animal is None:
            animal = self.animals[dive.tag] = Animal(dive.kind)
        animal.dives += 1
        animal.minutes += dive.minutes
        animal.deepest = max(animal.deepest, dive.deepest)
        animal.speeds.append(fastest)


class Receiver:
    """The ground station: passes of a satellite bring some hundred messages each, from a fleet of known tags."""

    def __init__(self, seed=11):
        self.chance = random.Random(seed)
        self.recorded = [self.message(tag) for tag in range(1, 301)]

    def message(self, tag):
        kind = 1 + tag % len(KINDS)
        bottom = self.chance.uniform(0.2, 0.9) * DEEPEST[KINDS[kind]]
        bottom = min(bottom, 900.0)
        depths = [int(10 * bottom * math.sin(math.pi * at / SAMPLES)) for at in range(SAMPLES)]
        if tag % 4 == 0:
            depths[self.chance.randrange(SAMPLES)] = 65000
        packed = HEADER.pack(tag, kind, SAMPLES) + struct.pack(f">{SAMPLES}H", *depths)
        return packed[:-6] if tag % 50 == 7 else packed

    def messages(self, rate, burst=20):
        due = time.monotonic()
        while True:
            yield from self.chance.sample(self.recorded, burst)
            due += burst / rate
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    report = DailyReport()
    decoder = Decoder(report)
    receiver = Receiver()
    print("ready", os.getpid(), flush=True)
    told = time.monotonic()
    for message in receiver.messages(rate=400):
        decoder.take(message)
        if time.monotonic() - told > 20:
            told = time.monotonic()
            print(
                f"{decoder.taken} taken; set aside: {report.summary()}", *report.examples(), sep="\n  ", file=sys.stderr
            )


if __name__ == "__main__":
    main()
