# expect: healthy bench
"""The incubators of a zoo's bird house: each has a probe that reports in bursts. A thread takes the reports from the queue,
another turns them into control steps, a third writes the log of the eggs: what came in a second goes into the database in
one transaction. The keepers' desk looks at the state each second, or sooner when an egg is too warm.
Measured: 5 % of a core; a commit a second.
"""

import os
import queue
import random
import sqlite3
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

INCUBATORS = 24
REPORTS_IN_BURST = 40
BEAT = 0.05
TARGET = {"kiwi": 36.5, "flamingo": 37.4, "penguin": 35.9, "hornbill": 37.0}


@dataclass(frozen=True)
class Report:
    incubator: int
    at: float
    celsius: float
    humidity: float
    grams: float


class Incubator:
    """One box: how it was lately, and how much it is heated."""

    def __init__(self, number, kind):
        self.number, self.kind = number, kind
        self.recent = deque(maxlen=120)
        self.heating = 0.5
        self._sum = 0.0

    def take(self, report):
        off = TARGET[self.kind] - report.celsius
        self._sum = max(-20.0, min(20.0, self._sum + off))
        self.recent.append(report)
        self.heating = max(0.0, min(1.0, 0.5 + 0.3 * off + 0.01 * self._sum))
        return off

    def weight_lost(self):
        """Grams a report, by the least squares; eggs lose weight as they breathe."""
        count = len(self.recent)
        if count < 2:
            return 0.0
        middle = (count - 1) / 2
        mean = sum(each.grams for each in self.recent) / count
        above = sum((at - middle) * (each.grams - mean) for at, each in enumerate(self.recent))
        return -above / sum((at - middle) ** 2 for at in range(count))


class House:
    def __init__(self):
        kinds = list(TARGET)
        self.incubators = [Incubator(number, kinds[number % len(kinds)]) for number in range(INCUBATORS)]
        self.reports, self.log = queue.Queue(100), queue.Queue(100)
        self.alarm = threading.Event()
        self._lock = threading.Lock()
        self._state = {}

    def control(self):
        while True:
            burst = self.reports.get()
            touched, warm = set(), False
            for report in burst:
                warm |= self.incubators[report.incubator].take(report) < -1.3
                touched.add(report.incubator)
            fresh = {each: (self.incubators[each].heating, self.incubators[each].weight_lost()) for each in touched}
            with self._lock:
                self._state.update(fresh)
            self.log.put(burst)
            if warm:
                self.alarm.set()

    def state(self):
        with self._lock:
            return dict(self._state)


class EggLog(threading.Thread):
    """Writes what came in a second at once; the last reports are kept."""

    KEPT = 20000

    def __init__(self, path, bursts):
        super().__init__(daemon=True)
        self._path, self._bursts = path, bursts

    def run(self):
        database = sqlite3.connect(self._path)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE report (incubator INTEGER, at REAL, celsius REAL, humidity REAL, grams REAL)")
        while True:
            rows, until = [], time.monotonic() + 1
            while (left := until - time.monotonic()) > 0:
                try:
                    burst = self._bursts.get(timeout=left)
                except queue.Empty:
                    break
                rows.extend((each.incubator, each.at, each.celsius, each.humidity, each.grams) for each in burst)
            with database:
                database.executemany("INSERT INTO report VALUES (?, ?, ?, ?, ?)", rows)
                database.execute("DELETE FROM report WHERE rowid <= (SELECT max(rowid) FROM report) - ?", (self.KEPT,))


def probes(house):
    chance = random.Random(36)
    grams = [chance.uniform(80, 400) for _ in range(INCUBATORS)]
    due = time.monotonic()
    while True:
        burst = []
        for _ in range(REPORTS_IN_BURST):
            number = chance.randrange(INCUBATORS)
            grams[number] = grams[number] - 0.0004 if grams[number] > 60 else 400.0
            celsius = TARGET[house.incubators[number].kind] + chance.gauss(0, 0.4)
            burst.append(
                Report(number, time.time(), celsius, chance.gauss(55, 3), grams[number] + chance.gauss(0, 0.02))
            )
        house.reports.put(burst)
        due = max(due + BEAT, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def desk(house, path):
    """What the keepers see."""
    alarms = 0
    while True:
        if house.alarm.wait(0.5):
            house.alarm.clear()
            alarms += 1
        state = house.state()
        hottest = max(state, key=lambda each: state[each][0], default=None)
        path.write_text(f"alarms {alarms}, heated most: {hottest}, boxes {len(state)}\n")
        time.sleep(0.5)


def main():
    folder = Path(tempfile.mkdtemp(prefix="incubators"))
    house = House()
    EggLog(folder / "eggs.db", house.log).start()
    for work in (house.control, lambda: probes(house)):
        threading.Thread(target=work, daemon=True).start()
    time.sleep(1.5)
    print("ready", os.getpid(), flush=True)
    desk(house, folder / "desk.txt")


if __name__ == "__main__":
    main()
