# expect: healthy bench
"""Stamps the kegs of a brewery for the excise office: four filling lines, each a thread, take kegs from their racks,
make the code of the stamp from the brewery's secret, print the label and book the duty.

Measured: a stamp takes 4.2 ms of CPU, outside of the interpreter lock. On a busy machine with two cores the four lines
got 0.55 of a core at most here, 0.98 in the twin.
"""

import hashlib
import itertools
import os
import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass

SECRET = os.urandom(32)
ROUNDS = 12_000  # what the excise office prescribes
LINES = 4
DUTY = {"pils": 0.0787, "helles": 0.0772, "bock": 0.1102, "radler": 0.0410}


@dataclass
class Keg:
    number: int
    beer: str
    litres: int
    filled: float

    _code: str = ""

    @property
    def code(self) -> str:
        """What an inspector can check without a line to the office; dear to guess. (A keg is with one line only.)"""
        if not self._code:
            self._code = self._make_code()
        return self._code

    def _make_code(self) -> str:
        told = f"{self.number}/{self.beer}/{self.litres}/{self.filled:.0f}".encode()
        return hashlib.pbkdf2_hmac("sha256", SECRET, told, ROUNDS, 15).hex()

    @property
    def duty(self) -> float:
        return self.litres * DUTY[self.beer]


class Ledger:
    """The duty that is owed, by beer, and the stamps made last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owed: Counter[str] = Counter()
        self._last: deque[str] = deque(maxlen=500)
        self.stamps = 0

    def book(self, keg: Keg, stamp: str) -> None:
        with self._lock:
            self._owed[keg.beer] += keg.duty
            self._last.append(stamp)
            self.stamps += 1

    def summary(self) -> str:
        with self._lock:
            owed = ", ".join(f"{beer} {euros:.2f}" for beer, euros in sorted(self._owed.items()))
            return f"{self.stamps} stamps; owed: {owed}"


class Label:
    WIDTH = 40

    def __init__(self, keg: Keg) -> None:
        self.keg = keg

    def checksum(self) -> int:
        return sum(position * int(digit, 16) for position, digit in enumerate(self.keg.code, 1)) % 97

    def render(self) -> str:
        keg = self.keg
        rows = [
            f"KEG {keg.number:08d} {keg.beer.upper()} {keg.litres} L",
            f"{keg.code}-{self.checksum():02d}",
            f"DUTY {keg.duty:.2f} EUR",
        ]
        return "\n".join(row.center(self.WIDTH) for row in rows)


class FillingLine(threading.Thread):
    def __init__(self, number: int, kegs: "itertools.count[int]", ledger: Ledger) -> None:
        super().__init__(name=f"line-{number}", daemon=True)
        self.kegs = kegs
        self.ledger = ledger
        self.chance = random.Random(number)
        self.printed: deque[str] = deque(maxlen=200)

    def rack(self) -> list[Keg]:
        beer = self.chance.choice(sorted(DUTY))
        return [Keg(next(self.kegs), beer, self.chance.choice((20, 30, 50)), time.time()) for _ in range(12)]

    def run(self) -> None:
        while True:
            for keg in self.rack():
                self.printed.append(Label(keg).render())
                self.ledger.book(keg, keg.code)
            time.sleep(0.002)  # the next rack rolls in


def main() -> None:
    ledger = Ledger()
    kegs = itertools.count(1)
    lines = [FillingLine(number, kegs, ledger) for number in range(1, LINES + 1)]
    for line in lines:
        line.start()
    print("ready", os.getpid(), flush=True)
    with open("excise.log", "w") as log:
        while True:
            time.sleep(1)
            if log.tell() > 1_000_000:
                log.seek(0)
                log.truncate()
            print(f"{time.process_time():.2f} s: {ledger.summary()}", file=log, flush=True)


if __name__ == "__main__":
    main()
