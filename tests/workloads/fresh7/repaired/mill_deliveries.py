# expect: healthy bench
"""The weighbridges of a sawmill: a truck of logs comes onto each, is weighed, its list of logs is measured up, and it
may drive on when the slip is written. How heavy a cubic metre is tells the laboratory of the mill, within 450 ms.

Measured: a truck stands 458 ms on the bridge, all but 1 ms for the laboratory; in the twin 0.1 ms.
"""

import http.client
import json
import math
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

LANES, PACE = 3, 0.08
ASSORTMENTS = [f"{species}-{grade}" for species in ("spruce", "pine", "larch", "beech") for grade in "ABC"]


class Laboratory:
    """What the laboratory said last; it is asked again every ten minutes, beside the work."""

    def __init__(self, port):
        self._port = port
        self._densities = {}
        self._refresh()
        threading.Thread(target=self._keep, name="laboratory", daemon=True).start()

    def density(self, assortment):
        """Kilograms in a cubic metre, by the samples of these days."""
        return self._densities[assortment]

    def _ask(self, assortment):
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)) as connection:
            connection.request("GET", f"/density/{assortment}")
            return json.loads(connection.getresponse().read())["density"]

    def _refresh(self):
        with ThreadPoolExecutor(4) as pool:
            self._densities = dict(zip(ASSORTMENTS, pool.map(self._ask, ASSORTMENTS), strict=True))

    def _keep(self):
        while True:
            time.sleep(600)
            with suppress(OSError, http.client.HTTPException):  # the old ones do for a while
                self._refresh()


@dataclass
class Log:
    length: float
    middle: float

    @property
    def volume(self):
        """Huber's formula, with the bark off."""
        return math.pi / 4 * (self.middle - 0.012) ** 2 * self.length


@dataclass
class Delivery:
    truck: str
    assortment: str
    gross: int
    logs: list[Log]
    laboratory: Laboratory = field(repr=False)
    _weighed: float | None = None

    @property
    def measured(self):
        return sum(log.volume for log in self.logs)

    @property
    def weighed(self):
        """Cubic metres as the scales have it."""
        if self._weighed is None:
            self._weighed = (self.gross - 15400) / self.laboratory.density(self.assortment)
        return self._weighed

    @property
    def suspicious(self):
        return abs(self.weighed - self.measured) > 0.25 * self.measured


class Slips:
    """Writes a slip for each truck; the file begins anew when it is large."""

    def __init__(self, path, most=1 << 20):
        self._path, self._most = path, most
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        self.trucks = self.suspicious = 0
        self.spent = 0.0

    def write(self, delivery, seconds):
        warn = "CHECK" if delivery.suspicious else "ok"
        line = f"{delivery.truck};{delivery.assortment};{delivery.measured:.2f};{delivery.weighed:.2f};{warn}\n"
        with self._lock:
            if self._file.tell() > self._most:
                self._file.seek(0)
                self._file.truncate()
            self._file.write(line)
            self.trucks += 1
            self.suspicious += warn != "ok"
            self.spent += seconds


class Lane(threading.Thread):
    """One weighbridge; the next truck comes when the last has left."""

    def __init__(self, number, laboratory, slips):
        super().__init__(name=f"lane-{number}", daemon=True)
        self._chance = random.Random(number)
        self._number, self._laboratory, self._slips = number, laboratory, slips

    def _next(self):
        chance = self._chance
        logs = [Log(chance.choice((4.1, 5.1)), chance.uniform(0.18, 0.42)) for _ in range(120)]
        gross = 15400 + int(sum(log.volume for log in logs) * chance.gauss(820, 60))
        plate = f"L{self._number}-{chance.randrange(900)}"
        return Delivery(plate, chance.choice(ASSORTMENTS), gross, logs, self._laboratory)

    def run(self):
        while True:
            time.sleep(PACE)  # it drives onto the bridge
            delivery = self._next()
            began = time.perf_counter()
            if delivery.suspicious:
                delivery.logs.sort(key=lambda log: log.volume, reverse=True)
            self._slips.write(delivery, time.perf_counter() - began)


def laboratory(path):
    time.sleep(0.45)
    return json.dumps({"density": 760 + 10 * (sum(path.encode()) % 13), "samples": 14}).encode()


def main():
    asked = Laboratory(services.http_service(laboratory))
    slips = Slips(Path("slips.csv"))
    for number in range(LANES):
        Lane(number, asked, slips).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(1)
        each = 1000 * slips.spent / max(1, slips.trucks)
        told = f"{slips.trucks} trucks, {each:.2f} ms each on the bridge, {slips.suspicious} to be checked\n"
        Path("lanes.log").write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main()
