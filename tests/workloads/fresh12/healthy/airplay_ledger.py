# expect: healthy bench
"""Airplay for the royalties of a radio group: every station reports what it has played; the ledger must have it on disk
before it acknowledges. What comes in while the disk is busy goes with the next sync, all of it at once. From the same
reports the charts are counted now and then.

Measured: four syncs a second, of some 100 KB each; a play costs 6 µs of a core.
"""

import heapq
import os
import random
import tempfile
import threading
import time
import zlib
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

STATIONS = ("Coast FM", "Classic Wave", "Harbour 96", "Night Owl")
SOCIETIES = ("GEMA", "SUISA", "AKM", "STIM", "KODA")
TURN = 0.15  # seconds in which reports gather for a sync


@dataclass(frozen=True, slots=True)
class Play:
    station: str
    work: int
    second: int
    length: int

    def line(self):
        society = SOCIETIES[self.work % len(SOCIETIES)]
        return f"{self.station};W{self.work:07};{self.second};{self.length};{society}\n"


@dataclass(slots=True)
class Report:
    """The plays of one station, and what it waits for."""

    plays: list
    kept: threading.Event


class Ledger(threading.Thread):
    """The one that writes."""

    def __init__(self, folder):
        super().__init__(name="ledger", daemon=True)
        self.reports = Queue(500)
        self.counts = Counter()
        self.kept = 0
        self.syncs = 0
        self._folder = folder
        self._lock = threading.Lock()

    def _gather(self):
        """The next report, and all that come within the turn."""
        gathered = [self.reports.get()]
        until = time.monotonic() + TURN
        while (left := until - time.monotonic()) > 0:
            try:
                gathered.append(self.reports.get(timeout=left))
            except Empty:
                break
        return gathered

    def _write(self, file, gathered):
        text = "".join(play.line() for report in gathered for play in report.plays)
        block = text.encode()
        file.write(f"#{len(block)};{zlib.crc32(block):08x}\n".encode() + block)
        file.flush()
        os.fdatasync(file.fileno())

    def run(self):
        with open(self._folder / "ledger.txt", "wb") as file:
            while True:
                gathered = self._gather()
                self._write(file, gathered)
                self.syncs += 1
                for report in gathered:
                    report.kept.set()
                with self._lock:
                    for report in gathered:
                        self.kept += len(report.plays)
                        self.counts.update(play.work for play in report.plays)

    def charts(self, places):
        with self._lock:
            counts = self.counts.copy()
        return heapq.nlargest(places, counts.items(), key=lambda pair: (pair[1], -pair[0]))


class Station(threading.Thread):
    """A station sends what it has played, and goes on when the ledger has it."""

    def __init__(self, name, ledger, seed):
        super().__init__(name=name, daemon=True)
        self._ledger = ledger
        self._chance = random.Random(seed)
        self._pause = 0.04 + 0.03 * seed
        self.waited = deque(maxlen=100)

    def _plays(self, second, number):
        """Some works are played far more often than others."""
        for _ in range(number):
            work = int(self._chance.paretovariate(0.9)) % 4000
            second += self._chance.randrange(150, 290)
            yield Play(self.name, work, second, self._chance.randrange(120, 280))

    def run(self):
        second = 0
        while True:
            plays = list(self._plays(second, 700))
            second = plays[-1].second
            report = Report(plays, threading.Event())
            began = time.monotonic()
            self._ledger.reports.put(report)
            report.kept.wait()
            self.waited.append(time.monotonic() - began)
            time.sleep(self._pause)


def main():
    folder = Path(tempfile.mkdtemp(prefix="airplay-"))
    ledger = Ledger(folder)
    ledger.start()
    stations = [Station(name, ledger, seed) for seed, name in enumerate(STATIONS)]
    for station in stations:
        station.start()
    while ledger.syncs < 3:
        time.sleep(0.2)
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(1)
        lines = [f"{place}. W{work:07} {plays}" for place, (work, plays) in enumerate(ledger.charts(20), 1)]
        lines.append(f"{ledger.kept} plays in {ledger.syncs} syncs")
        (folder / "charts.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
