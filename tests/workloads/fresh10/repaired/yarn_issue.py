# expect: healthy bench
"""The yarn store of a weaving mill: the sheds order cones for their looms, the store looks for a lot that has enough, has
the dye laboratory confirm the lot's shade, and issues the cones. New lots come from the spinning mill.
Measured: 6800 cones a second, which is all that the sheds order; 3100 in the problem.
"""

import http.client
import json
import os
import queue
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

SHADES = ("ecru", "indigo", "madder", "slate", "moss", "ochre", "wine", "bleach")
COUNTS = ("Ne 12", "Ne 20", "Ne 30", "Ne 40/2")
CLERKS = 6
READING = 0.006  # seconds for the laboratory's spectrophotometer to look a lot up


def laboratory():
    def answer(path):
        time.sleep(READING)
        number = int(path.rpartition("/")[2])
        return json.dumps({"lot": number, "delta": number * 37 % 23 / 10, "light": "D65"}).encode()

    return services.http_service(answer)


@dataclass(frozen=True)
class Order:
    shed: str
    count: str
    shade: str
    cones: int


@dataclass
class Lot:
    number: int
    count: str
    shade: str
    cones: int


class Laboratory:
    """Each clerk has a line of their own to it."""

    def __init__(self, port):
        self._port = port
        self._lines = threading.local()

    def matches(self, lot):
        line = getattr(self._lines, "line", None)
        if line is None:
            line = self._lines.line = http.client.HTTPConnection("127.0.0.1", self._port)
        line.request("GET", f"/lots/{lot.number}")
        return json.loads(line.getresponse().read())["delta"] < 2.0


class Store:
    def __init__(self, laboratory):
        self._laboratory = laboratory
        self._lock = threading.Lock()
        self._lots = {(count, shade): [] for count in COUNTS for shade in SHADES}
        self._numbers = 0
        self.issued = Counter()
        self.rejected = 0
        for sort in self._lots:
            for _ in range(3):
                self._deliver(*sort)

    def _deliver(self, count, shade):
        self._numbers += 1
        self._lots[count, shade].append(Lot(self._numbers, count, shade, 240 + self._numbers * 53 % 300))

    def _find(self, order):
        """The oldest lot that has enough cones; with none, the spinning mill sends one."""
        lots = self._lots[order.count, order.shade]
        while True:
            for lot in lots:
                if lot.cones >= order.cones:
                    return lot
            lots.pop(0)
            self._deliver(order.count, order.shade)

    def _take(self, lot, order):
        lot.cones -= order.cones
        self.issued[order.shed] += order.cones

    def issue(self, order):
        while True:
            with self._lock:
                lot = self._find(order)
            matches = self._laboratory.matches(lot)
            with self._lock:
                if not matches:
                    self.rejected += 1
                    lot.cones = 0
                    return
                if lot.cones >= order.cones:  # no other clerk was faster
                    self._take(lot, order)
                    return


class Office:
    """Sends the clerks the orders of the sheds, some dozens at a time."""

    SHEDS = ("north shed", "south shed", "ribbon loft", "jacquard hall")

    def __init__(self):
        self._chance = random.Random(1842)
        self.orders = queue.Queue(maxsize=120)

    def order(self):
        chance = self._chance
        return Order(chance.choice(self.SHEDS), chance.choice(COUNTS), chance.choice(SHADES), chance.randint(4, 40))

    def work(self):
        due = time.monotonic()
        while True:
            for _ in range(80):
                self.orders.put(self.order())
            due = max(due + 0.25, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


def clerk(store, orders):
    while True:
        store.issue(orders.get())


def main():
    store, office = Store(Laboratory(laboratory())), Office()
    for work, words in [(office.work, ())] + [(clerk, (store, office.orders))] * CLERKS:
        threading.Thread(target=work, args=words, daemon=True).start()
    time.sleep(0.5)
    print("ready", os.getpid(), flush=True)
    while True:
        before = sum(store.issued.values()), time.monotonic()
        time.sleep(2)
        pace = (sum(store.issued.values()) - before[0]) / (time.monotonic() - before[1])
        sheds = "\n".join(f"{shed}: {cones} cones" for shed, cones in sorted(store.issued.items()))
        Path("issued.txt").write_text(f"{pace:.0f} cones a second, {store.rejected} lots sent back\n{sheds}\n")


if __name__ == "__main__":
    main()
