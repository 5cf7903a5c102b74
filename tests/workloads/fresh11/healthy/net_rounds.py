# expect: healthy bench
"""The catching hut of a ringing station: ringers call out what they have in hand, and the hut checks the ring, knows the
bird again if it was here before, works out the way and the speed of controls from elsewhere, and books every round of
the nets in the station's database, one transaction a round.

Measured: a bird takes some 20 us of CPU, the booking included; 9,000 come in a second when the nets are full.
"""

import math
import os
import queue
import random
import re
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from functools import lru_cache
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

RING = re.compile(r"(?P<scheme>[A-Z]{2,3})\.(?P<size>[A-Z0-9])(?P<number>\d{6})")
SCHEMES = {
    "DEH": (54.3, 13.1),
    "SVS": (59.4, 18.1),
    "NOS": (59.9, 10.7),
    "FIH": (60.2, 24.9),
    "PLG": (54.4, 18.6),
    "LVR": (56.9, 24.1),
    "GBT": (52.4, 0.7),
}
HUT = (54.25, 13.92)
EARTH = 6371.0


@lru_cache(maxsize=4096)
def way(place, other):
    """Kilometres and bearing of the great circle between two places."""
    lat, lon = map(math.radians, place)
    lat2, lon2 = map(math.radians, other)
    d = lon2 - lon
    a = math.sin((lat2 - lat) / 2) ** 2 + math.cos(lat) * math.cos(lat2) * math.sin(d / 2) ** 2
    y = math.sin(d) * math.cos(lat2)
    x = math.cos(lat) * math.sin(lat2) - math.sin(lat) * math.cos(lat2) * math.cos(d)
    return 2 * EARTH * math.asin(math.sqrt(a)), math.degrees(math.atan2(y, x)) % 360


class Bird:
    __slots__ = ("ring", "species", "wing", "weight", "hour", "days", "origin")

    def __init__(self, line):
        self.ring, self.species, wing, weight, hour, days, lat, lon = line.split(";")
        self.wing, self.weight, self.hour, self.days = float(wing), float(weight), int(hour), int(days)
        self.origin = (round(float(lat), 1), round(float(lon), 1))


class Known:
    """The rings of the last days at this station; the oldest go when a thousand are kept."""

    def __init__(self, most=1000):
        self._most = most
        self._weights = {}

    def gain(self, bird):
        """Grams since the last time, or None for a bird that is new here."""
        last = self._weights.pop(bird.ring, None)
        self._weights[bird.ring] = bird.weight
        if len(self._weights) > self._most:
            del self._weights[next(iter(self._weights))]
        return None if last is None else bird.weight - last


class Ledger(threading.Thread):
    """Books rounds as they come; nobody else has the database in hand."""

    def __init__(self, path):
        super().__init__(name="ledger", daemon=True)
        self._path = path
        self.rounds = queue.Queue(maxsize=8)
        self.booked = 0

    def run(self):
        database = sqlite3.connect(self._path)
        database.execute("PRAGMA synchronous = OFF")  # the paper list of the hut is what counts
        database.execute(
            "CREATE TABLE catch (ring TEXT PRIMARY KEY, species TEXT, wing REAL, gain REAL, km REAL, speed REAL)"
        )
        while True:
            entries = self.rounds.get()
            with database:
                database.executemany("INSERT OR REPLACE INTO catch VALUES (?, ?, ?, ?, ?, ?)", entries)
            self.booked += len(entries)


class Hut:
    def __init__(self, ledger):
        self._ledger = ledger
        self._known = Known()
        self.refused = self.again = 0

    def entry(self, bird):
        ring = RING.fullmatch(bird.ring)
        if ring is None or ring["scheme"] not in SCHEMES:
            self.refused += 1
            return None
        gain = self._known.gain(bird)
        self.again += gain is not None
        origin = bird.origin if bird.days else SCHEMES[ring["scheme"]]
        km, bearing = way(origin, HUT)
        speed = km / bird.days if bird.days else 0.0
        if not 90 <= bearing <= 300 and speed > 400:
            speed = 0.0  # against all reason: the finder's date is wrong
        return bird.ring, bird.species, bird.wing, gain, km, speed

    def close_round(self, lines):
        entries = [entry for entry in map(self.entry, map(Bird, lines)) if entry]
        self._ledger.rounds.put(entries)


def ringers(line):
    """Those at the table: a full round of the nets, ten times a second."""
    chance = random.Random(55)
    rounds = []
    for _ in range(40):
        birds = []
        for _ in range(900):
            ring = f"{chance.choice((*SCHEMES, *SCHEMES, *SCHEMES, 'XXX'))}.{chance.choice('ACHTV9')}{chance.randrange(60):06d}"
            place = f"{chance.uniform(50, 68):.2f};{chance.uniform(5, 32):.2f}"
            size = f"{chance.gauss(70, 9):.1f};{chance.gauss(15, 4):.1f}"
            birds.append(
                f"{ring};{chance.choice(('ERIRU', 'SYLAT', 'REGRE'))};{size};{chance.randrange(24)};{chance.randrange(40)};{place}\n"
            )
        rounds.append(("".join(birds) + "\n").encode())
    due = time.monotonic()
    while True:
        for birds in rounds:
            line.sendall(birds)
            due += 0.1
            time.sleep(max(0.0, due - time.monotonic()))


def tell(hut, ledger):
    while True:
        time.sleep(3)
        spent = time.process_time() * 1e6 / max(1, ledger.booked)
        print(f"{ledger.booked} birds, {hut.again} again, {hut.refused} refused, {spent:.0f} us each", file=sys.stderr)


def main():
    folder = tempfile.mkdtemp(prefix="hut-")
    near, far = socket.socketpair()
    services.outside(lambda: ringers(far))
    far.close()
    ledger = Ledger(Path(folder, "catch.db"))
    hut = Hut(ledger)
    ledger.start()
    threading.Thread(target=tell, args=(hut, ledger), name="figures", daemon=True).start()
    lines = []
    print("ready", os.getpid(), flush=True)
    with near.makefile("r", encoding="utf-8", buffering=1 << 16) as table:
        for line in table:
            if line == "\n":
                hut.close_round(lines)
                lines = []
            else:
                lines.append(line)


if __name__ == "__main__":
    main()
