# expect: healthy bench
"""The feeding stations of a dairy farm: a cow steps in, is known by her collar, and gets a portion of what she may
still have today. What she may have comes from the herd book, which runs elsewhere and is asked again every few seconds.

Measured: 7 ms of a station's thread for each visit, 54 ms in the problem.
"""

import http.client
import json
import os
import random
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

STATIONS, COWS = 10, 420
PORTION = 0.35  # kilograms


def herd_book(path: str) -> bytes:
    """The herd book of the dairy, as it answers."""
    cow = int(path.rpartition("/")[2])
    time.sleep(0.008)
    chance = random.Random(cow)
    milk = chance.uniform(18, 46)
    ration = {"cow": cow, "milk": round(milk, 1), "daily": round(0.4 * milk, 2), "minerals": cow % 5 == 0}
    return json.dumps(ration).encode()


class HerdBook:
    """Asks the herd book, over a connection for each thread."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._own = threading.local()

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        return self._own.connection

    def ration(self, cow: int) -> dict:
        connection = self._connection()
        try:
            connection.request("GET", f"/rations/{cow}")
            answer = connection.getresponse()
            body = answer.read()
        except OSError:
            connection.close()
            raise
        return json.loads(body)


@dataclass
class Ration:
    daily: float
    minerals: bool
    until: float


class Rations:
    """What each cow may have, as the herd book said a moment ago."""

    def __init__(self, book: HerdBook, seconds: float) -> None:
        self._book = book
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: dict[int, Ration] = {}
        self.asked = 0

    def _fetch(self, cow: int) -> Ration:
        said = self._book.ration(cow)
        return Ration(said["daily"], said["minerals"], time.monotonic() + self._seconds)

    def of(self, cow: int) -> Ration:
        with self._lock:
            ration = self._known.get(cow)
        if ration is None or ration.until < time.monotonic():
            ration = self._fetch(cow)  # two stations at once may both ask for a cow: the answer is the same
            with self._lock:
                self._known[cow] = ration
                self.asked += 1
        return ration

    def drop_old(self) -> int:
        """Forget the cows that have left for the meadow."""
        with self._lock:
            now = time.monotonic()
            old = [cow for cow, ration in self._known.items() if ration.until + 30 < now]
            for cow in old:
                del self._known[cow]
            return len(old)


class Day:
    """What was given out since the last round of the farmer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given: defaultdict[int, float] = defaultdict(float)
        self.visits = 0
        self.refused = 0

    def portion(self, cow: int, ration: Ration) -> float:
        with self._lock:
            self.visits += 1
            left = ration.daily - self._given[cow]
            portion = min(PORTION, left) if left > 0.05 else 0.0
            self._given[cow] += portion
            if not portion:
                self.refused += 1
        return portion

    def close(self) -> tuple[int, int, float]:
        with self._lock:
            total = self.visits, self.refused, sum(self._given.values())
            self._given.clear()
            self.visits = self.refused = 0
        return total


class Station(threading.Thread):
    """One gate with a trough and an auger."""

    def __init__(self, number: int, rations: Rations, day: Day) -> None:
        super().__init__(name=f"station-{number}", daemon=True)
        self._chance = random.Random(number)
        self._rations = rations
        self._day = day
        self.weighed: list[int] = []
        self.spent = 0.0

    def _visit(self, cow: int) -> float:
        ration = self._rations.of(cow)
        portion = self._day.portion(cow, ration)
        grams = [int(portion * 1000 * step / 8) for step in range(1, 9)]
        if ration.minerals:
            grams = [weight + weight // 50 for weight in grams]
        self.weighed = grams
        return portion

    def run(self) -> None:
        while True:
            cow = self._chance.randrange(COWS)
            began = time.perf_counter()
            portion = self._visit(cow)
            self.spent += time.perf_counter() - began
            time.sleep(0.025 if portion else 0.015)  # the auger turns


def main() -> None:
    port = services.http_service(herd_book)
    rations, day = Rations(HerdBook(port), 0.4), Day()
    stations = [Station(number, rations, day) for number in range(STATIONS)]
    for station in stations:
        station.start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(5)
        rations.drop_old()
        visits, refused, kilograms = day.close()
        summary = {"visits": visits, "refused": refused, "kilograms": round(kilograms, 1), "asked": rations.asked}
        Path("stations.json").write_text(json.dumps(summary))


if __name__ == "__main__":
    main()
