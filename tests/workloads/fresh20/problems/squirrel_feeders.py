# expect: pattern=hot-loop bench
"""Red squirrels at feeder boxes: each box has a coil in its lid that reads the chips of the squirrels, some times a
second while one sits there. A stream of these readings (box, chip, weight on the perch) comes from the woods over one
line; this job makes visits of them, weighs the squirrels, and writes finished visits to a file for the biologists.

A visit ends when its squirrel was not read at that box for some minutes of the woods' time; the stream is a recording
that is played some sixty times as fast.

Measured: 1900 readings a second in both, 5200 visits going on; 45 % of a core, in the twin 2 %.
"""

import csv
import json
import os
import random
import signal
import socket
import struct
import sys
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from statistics import median

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

READING = struct.Struct(">dHIf")  # time, box, chip, grams
BOXES = 180
CHIPS = 4200
READINGS = 1900  # a second
FASTER = 60.0
ENDS_AFTER = 300.0  # seconds of the woods' time
ROTATE_AT = 2 << 20

Key = tuple[int, int]


@dataclass(slots=True)
class Visit:
    box: int
    chip: int
    begun: float
    last: float
    readings: int = 0
    grams: list[float] = field(default_factory=list)

    def read(self, at: float, grams: float) -> None:
        self.last = at
        self.readings += 1
        if 180 < grams < 480 and len(self.grams) < 20:
            self.grams.append(grams)

    def row(self) -> list:
        weight = round(median(self.grams), 1) if self.grams else ""
        return [self.box, f"{self.chip:08x}", round(self.begun, 1), round(self.last - self.begun, 1), weight]


class VisitFile:
    """Finished visits; begins anew when it has become big."""

    header = ("box", "chip", "begun", "seconds", "grams")

    def __init__(self, name: str):
        self.name = name
        self.written = 0
        self._open("w")

    def _open(self, mode: str) -> None:
        self._file = open(self.name, mode, newline="", buffering=1 << 16)
        self._rows = csv.writer(self._file)
        self._rows.writerow(self.header)

    def write(self, visits: list[Visit]) -> None:
        self._rows.writerows(visit.row() for visit in visits)
        self.written += len(visits)
        if self._file.tell() > ROTATE_AT:
            self._file.close()
            os.replace(self.name, self.name + ".1")
            self._open("w")

    def close(self) -> None:
        self._file.close()


class Visits:
    """The visits that go on, by box and chip."""

    def __init__(self) -> None:
        self.going_on: dict[Key, Visit] = {}

    def read(self, at: float, box: int, chip: int, grams: float) -> None:
        key = (box, chip)
        visit = self.going_on.get(key)
        if visit is None:
            visit = self.going_on[key] = Visit(box, chip, at, at)
        visit.read(at, grams)

    def ended(self, now: float) -> list[Visit]:
        over = [key for key, visit in self.going_on.items() if now - visit.last > ENDS_AFTER]  # <- cost
        return [self.going_on.pop(key) for key in over]


class Tally:
    """What the biologists look at meanwhile."""

    def __init__(self) -> None:
        self.by_box: Counter[int] = Counter()
        self.lengths: deque[float] = deque(maxlen=2000)
        self.heaviest: dict[int, float] = {}

    def add(self, visit: Visit) -> None:
        self.by_box[visit.box] += 1
        self.lengths.append(visit.last - visit.begun)
        if visit.grams:
            self.heaviest[visit.box] = max(self.heaviest.get(visit.box, 0.0), max(visit.grams))

    def report(self) -> dict:
        return {
            "busiest": self.by_box.most_common(5),
            "median_seconds": round(median(self.lengths), 1) if self.lengths else None,
            "heaviest": round(max(self.heaviest.values(), default=0.0), 1),
        }


class Job:
    def __init__(self, line: socket.socket):
        self.line = line
        self.visits, self.tally, self.file = Visits(), Tally(), VisitFile("visits.csv")
        self.readings = self.strange = 0
        self.begun = time.monotonic()
        self.stopped = False

    def one(self, at: float, box: int, chip: int, grams: float) -> None:
        self.readings += 1
        if box >= BOXES or not chip:
            self.strange += 1
            return
        self.visits.read(at, box, chip, grams)
        finished = self.visits.ended(at)  # <- cost
        if finished:
            for visit in finished:
                self.tally.add(visit)
            self.file.write(finished)

    def report(self) -> None:
        told = {"readings": self.readings, "strange": self.strange, "written": self.file.written, **self.tally.report()}
        with open("report.tmp", "w") as out:
            json.dump(told, out)
        os.replace("report.tmp", "report.json")

    def work(self) -> None:
        left, report_at = b"", time.monotonic() + 2
        while not self.stopped:
            got = self.line.recv(1 << 16)
            if not got:
                break
            left += got
            whole = len(left) - len(left) % READING.size
            for reading in READING.iter_unpack(left[:whole]):
                self.one(*reading)
            left = left[whole:]
            if time.monotonic() > report_at:
                self.report()
                report_at = time.monotonic() + 2
        self.file.close()


def woods(port: int) -> None:
    """The boxes: squirrels come, are read some times, go, and come to another box."""
    rng = random.Random(4)
    sits = [[rng.randrange(BOXES), 0x3A000000 + number, rng.uniform(210, 340)] for number in range(CHIPS)]
    with socket.create_connection(("127.0.0.1", port)) as line:
        due, clock, share = time.monotonic(), 0.0, READINGS // 25
        while True:
            burst = bytearray()
            for _ in range(share):
                clock += FASTER / READINGS
                squirrel = sits[rng.randrange(CHIPS)]
                if rng.random() < 0.25:
                    squirrel[0] = rng.randrange(BOXES)
                burst += READING.pack(clock, squirrel[0], squirrel[1], squirrel[2] + rng.gauss(0, 9))
            line.sendall(burst)
            due += share / READINGS
            time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        services.outside(lambda: woods(port))
        line, _ = listening.accept()
    job = Job(line)

    def stop(*_):
        job.stopped = True

    signal.signal(signal.SIGTERM, stop)
    # the first visits have ended by then
    threading.Timer(ENDS_AFTER / FASTER + 2, print, [f"ready {os.getpid()}"], {"flush": True}).start()
    job.work()


if __name__ == "__main__":
    main()
