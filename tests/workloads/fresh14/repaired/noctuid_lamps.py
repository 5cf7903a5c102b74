# expect: healthy bench
"""Lamp traps send the wing patterns of the moths they photograph; three workers score each against the regional guild
list, ask the weather mast for the night's conditions, and ask the name authority for the accepted name of the species.

Measured: problem 61 sightings in 6 s (each waits some 300 ms on four refused tries and three pauses, all provisional), twin 83 in
6 s (all that came; after three failures in a row the peer is left alone for 5, 10, 20 s and so on).
"""

import http.client
import json
import math
import os
import queue
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

WING_POINTS = 48
GUILD = [
    "Noctua pronuba",
    "Autographa gamma",
    "Biston betularia",
    "Catocala nupta",
    "Arctia caja",
    "Lymantria dispar",
    "Deilephila elpenor",
    "Phalera bucephala",
    "Agrotis exclamationis",
    "Opisthograptis luteolata",
]
LAMPS = ["heath", "quarry", "orchard", "reedbed", "churchyard", "railway-bank"]


class PeerError(Exception):
    pass


class Peer:
    """One HTTP peer; each thread keeps a connection of its own to it."""

    def __init__(self, port, timeout=2.0):
        self.port, self.timeout = port, timeout
        self._local = threading.local()

    def get(self, path):
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=self.timeout
            )
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as problem:
            connection.close()
            raise PeerError(str(problem)) from problem
        if answer.status != 200:
            raise PeerError(f"{path}: {answer.status}")
        return json.loads(body)


class Breaker:
    """After some failures in a row a peer is left alone, for longer each time; then one thread may try it."""

    def __init__(self, failures=3, first=5.0, longest=120.0):
        self.failures, self.first, self.longest = failures, first, longest
        self.lock = threading.Lock()
        self.in_a_row, self.pause, self.closed_until = 0, first, 0.0

    def call(self, function, *args):
        with self.lock:
            if self.in_a_row >= self.failures:
                if time.monotonic() < self.closed_until:
                    raise PeerError("left alone")
                self.pause = min(self.longest, 2 * self.pause)
                self.closed_until = time.monotonic() + self.pause
        try:
            answer = function(*args)
        except PeerError:
            with self.lock:
                self.in_a_row += 1
                if self.in_a_row == self.failures:
                    self.closed_until = time.monotonic() + self.pause
            raise
        with self.lock:
            self.in_a_row, self.pause = 0, self.first
        return answer


class NameAuthority:
    def __init__(self, peer):
        self.peer, self.breaker = peer, Breaker()

    def accepted(self, species):
        return self.breaker.call(self.peer.get, "/names/" + species.replace(" ", "_"))["accepted"]


class Guild:
    """Reference wing patterns of the region, each a row of brightness along the forewing."""

    def __init__(self, seed):
        rng = random.Random(seed)
        self.patterns = {name: [rng.random() for _ in range(WING_POINTS)] for name in GUILD}

    def nearest(self, pattern):
        best, least = None, math.inf
        for name, reference in self.patterns.items():
            distance = sum((a - b) ** 2 for a, b in zip(pattern, reference))
            if distance < least:
                best, least = name, distance
        return best, math.sqrt(least / WING_POINTS)


class NightBook:
    """What flew tonight, by lamp; names that were never confirmed are counted as provisional."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts, self.provisional = Counter(), 0

    def enter(self, lamp, name, confirmed, conditions):
        warmth = "mild" if conditions["price"] > 500 else "cool"
        with self.lock:
            self.counts[lamp, name, warmth] += 1
            self.provisional += not confirmed


def identify(sightings, guild, mast, names, book):
    while True:
        lamp, pattern = sightings.get()
        species, error = guild.nearest(pattern)
        if error > 0.4:
            species = "Lepidoptera indet."
        try:
            conditions = mast.get("/mast/" + lamp)
        except PeerError:
            conditions = {"price": 0}
        try:
            name, confirmed = names.accepted(species), True
        except PeerError:
            name, confirmed = species, False
        book.enter(lamp, name, confirmed, conditions)


def lamps(sightings, guild):
    """Moths come to the lamps about fourteen times a second; a full tray makes the lamps wait."""
    rng = random.Random(11)
    due = time.monotonic()
    while True:
        reference = guild.patterns[rng.choice(GUILD)]
        sightings.put((rng.choice(LAMPS), [min(1.0, max(0.0, value + rng.gauss(0, 0.1))) for value in reference]))
        due = max(due + 1 / 14, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def overloaded(path):
    time.sleep(0.02)
    return 503, b'{"error": "names database is being rebuilt"}'


def conditions(path):
    time.sleep(0.004)
    return services._article(path)


def main():
    mast = Peer(services.http_service(conditions))
    names = NameAuthority(Peer(services.http_service(overloaded)))
    guild, book = Guild(7), NightBook()
    sightings = queue.Queue(maxsize=64)
    for _ in range(3):
        threading.Thread(target=identify, args=(sightings, guild, mast, names, book), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    lamps(sightings, guild)


if __name__ == "__main__":
    main()
