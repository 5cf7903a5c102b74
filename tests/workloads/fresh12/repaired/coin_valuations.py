# expect: healthy bench
"""The fair of the coin collectors: estates come in as albums; for each coin the grading society's register is asked what
it knows of the type, and the album's estimate hangs at the stand when the auctioneer calls it.

Measured: an album of 24 coins is estimated within 60 ms; 355 ms in the problem.
"""

import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

GRADES = {"G": 0.2, "VG": 0.35, "F": 0.55, "VF": 0.8, "XF": 1.3, "AU": 1.9, "MS": 3.2}
MINTS = ("Vienna", "Kremnica", "Hall", "Milan", "Graz", "Prague")
METALS = {"gold": 61.0, "silver": 0.78, "copper": 0.01}
ALBUM = 24
REGISTER_BEARS = 32  # questions at a time, by the society's terms


@dataclass(frozen=True)
class Coin:
    mint: str
    year: int
    metal: str
    grams: float
    grade: str

    @property
    def type(self):
        return f"{self.mint.lower()}-{self.year}-{self.metal}"

    @property
    def melt(self):
        return self.grams * METALS[self.metal]


@dataclass(frozen=True)
class Estimate:
    coin: Coin
    low: float
    high: float


class Register:
    """The grading society's register of types. Every thread keeps a connection of its own."""

    def __init__(self, port):
        self._port = port
        self._own = threading.local()

    def type(self, name):
        line = getattr(self._own, "line", None)
        if line is None:
            line = self._own.line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        line.request("GET", f"/types/{name}")
        return json.loads(line.getresponse().read())


class Appraiser:
    def __init__(self, register):
        self._register = register
        self._pool = ThreadPoolExecutor(max_workers=REGISTER_BEARS, thread_name_prefix="appraiser")

    def coin(self, coin):
        known = self._register.type(coin.type)
        rarity = 1 + 3 / (1 + known["survivors"])
        middle = max(coin.melt, known["catalogue"] * GRADES[coin.grade] * rarity)
        return Estimate(coin, round(middle * 0.8), round(middle * 1.25))

    def album(self, coins):
        return list(self._pool.map(self.coin, coins))


class Stand(threading.Thread):
    """An auctioneer's stand: an album after the other, one every half a second while the hall is full."""

    PAUSE = 0.5

    def __init__(self, name, appraiser, seed):
        super().__init__(name=name, daemon=True)
        self._appraiser = appraiser
        self._chance = random.Random(seed)
        self.board = deque(maxlen=50)
        self.waited = deque(maxlen=50)
        self.by_mint = defaultdict(float)

    def _album(self):
        chance = self._chance
        return [
            Coin(
                chance.choice(MINTS),
                chance.randrange(1740, 1918),
                chance.choice(list(METALS)),
                round(chance.uniform(1.5, 28.0), 2),
                chance.choice(list(GRADES)),
            )
            for _ in range(ALBUM)
        ]

    def _call(self, number):
        album = self._album()
        began = time.monotonic()
        estimates = self._appraiser.album(album)
        self.waited.append(time.monotonic() - began)
        for estimate in estimates:
            self.by_mint[estimate.coin.mint] += estimate.low
        best = max(estimates, key=lambda estimate: estimate.high)
        total = sum(estimate.low for estimate in estimates)
        self.board.append(f"album {number}: {total} florins, best {best.coin.type} up to {best.high}")

    def run(self):
        due = time.monotonic()
        for number in range(1, 1 << 40):
            self._call(number)
            due = max(due + self.PAUSE, time.monotonic())
            time.sleep(due - time.monotonic() if due > time.monotonic() else 0)


def society():
    """The register itself: a slow old database behind it, which answers many at a time."""

    def answer(path):
        time.sleep(0.02)
        number = sum(path.encode())
        entry = {"type": path, "catalogue": number * 37 % 900 + 15, "survivors": number % 17}
        return json.dumps(entry).encode()

    return services.http_service(answer)


def main():
    folder = Path(tempfile.mkdtemp(prefix="coin-fair-"))
    appraiser = Appraiser(Register(society()))
    stands = [Stand(name, appraiser, seed) for seed, name in enumerate(("hall A", "hall B"))]
    for stand in stands:
        stand.start()
        time.sleep(Stand.PAUSE / 2)
    while not all(stand.board for stand in stands):
        time.sleep(0.2)
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(2)
        lines = []
        for stand in stands:
            mean = sum(stand.waited) / len(stand.waited)
            lines.append(f"{stand.name}: {stand.board[-1]}; estimated within {1000 * mean:.0f} ms")
        (folder / "board.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
