# bench: healthy
"""A factory of snow globes: sensors at three stations send a line of text for each globe (weight of the water,
turbidity, torque of the plug), and this process grades the globes in rounds of half a second, warns the stations that
drift, and writes the protocol of the shift.

Plain Python: a thread for each station reads its line, the main thread works in rounds. What looks odd and is fine:
the rounds sleep (each finds some thousands of globes), the main thread and the readers share a lock (for an append or
a swap), garbage is collected by hand between two shifts, and the protocol starts anew when it is long enough.

Measured: TODO
"""

import gc
import logging
import math
import os
import random
import signal
import socket
import sys
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside  # noqa: E402

log = logging.getLogger("snowglobe_line")

STATIONS = ("water", "glitter", "plug")
ROUND_SECONDS = 0.5
SHIFT_ROUNDS = 40
GLOBES_A_SECOND = 8000  # at each station, on a hundred belts side by side
TARGET = {"water": 182.0, "glitter": 3.4, "plug": 0.82}
SPREAD = {"water": 1.1, "glitter": 0.16, "plug": 0.03}
PROTOCOL_BYTES = 4 << 20


@dataclass(slots=True)
class Reading:
    station: str
    globe: int
    value: float


class Inbox:
    """What the stations sent since the last round."""

    def __init__(self):
        self.lock = threading.Lock()
        self.waiting: list[Reading] = []

    def put(self, readings: list[Reading]) -> None:
        with self.lock:
            self.waiting.extend(readings)

    def take(self) -> list[Reading]:
        with self.lock:
            taken, self.waiting = self.waiting, []
        return taken


class Drift:
    """Mean and spread of the last values of a station, kept as running sums."""

    def __init__(self, station: str, length: int = 600):
        self.station = station
        self.values = deque(maxlen=length)
        self.total = self.squares = 0.0

    def add(self, value: float) -> None:
        value -= TARGET[self.station]
        if len(self.values) == self.values.maxlen:
            gone = self.values[0]
            self.total -= gone
            self.squares -= gone * gone
        self.values.append(value)
        self.total += value
        self.squares += value * value

    @property
    def mean(self) -> float:
        return self.total / len(self.values) if self.values else 0.0

    @property
    def spread(self) -> float:
        if len(self.values) < 2:
            return 0.0
        return math.sqrt(max(0.0, self.squares / len(self.values) - self.mean**2))

    def warning(self) -> str | None:
        limit = SPREAD[self.station]
        if abs(self.mean) > limit:
            return f"{self.station}: off by {self.mean:+.3f}"
        if self.spread > 2 * limit:
            return f"{self.station}: uneven, {self.spread:.3f}"
        return None


class Grader:
    """Puts the readings of a globe together, and grades it once all stations saw it."""

    def __init__(self):
        self.partial: dict[int, dict[str, float]] = {}
        self.grades = Counter()

    def add(self, reading: Reading) -> tuple[int, str] | None:
        seen = self.partial.setdefault(reading.globe, {})
        seen[reading.station] = reading.value
        if len(seen) < len(STATIONS):
            return None
        del self.partial[reading.globe]
        off = max(abs(seen[station] - TARGET[station]) / SPREAD[station] for station in STATIONS)
        grade = "first" if off < 1.8 else "second" if off < 3 else "shards"
        self.grades[grade] += 1
        return reading.globe, grade

    def forget(self, before: int) -> int:
        """Globes that fell off the belt never reach the last station."""
        lost = [globe for globe in self.partial if globe < before]
        for globe in lost:
            del self.partial[globe]
        return len(lost)


class Protocol:
    def __init__(self, path: Path):
        self.path = path
        self.file = path.open("w", buffering=1 << 16)
        self.written = 0

    def write(self, graded: list[tuple[int, str]], warnings: list[str]) -> None:
        lines = [f"{globe} {grade}\n" for globe, grade in graded]
        lines += [f"# {warning}\n" for warning in warnings]
        self.file.writelines(lines)
        self.written += sum(map(len, lines))
        if self.written > PROTOCOL_BYTES:
            self.file.close()
            self.path.replace(self.path.with_suffix(".old"))
            self.file = self.path.open("w", buffering=1 << 16)
            self.written = 0

    def close(self) -> None:
        self.file.close()


class Station(threading.Thread):
    def __init__(self, line: socket.socket, inbox: Inbox):
        super().__init__(daemon=True)
        self.line = line
        self.inbox = inbox
        self.bad = 0

    def run(self) -> None:
        with self.line, self.line.makefile("rb") as lines:
            name = lines.readline().decode().strip()
            if name not in STATIONS:
                log.warning("unknown station %r", name)
                return
            for burst in lines:
                self.inbox.put(self.parse(name, burst))

    def parse(self, name: str, burst: bytes) -> list[Reading]:
        readings = []
        for field in burst.split(b";"):
            globe, _, value = field.partition(b"=")
            try:
                readings.append(Reading(name, int(globe), float(value)))
            except ValueError:
                self.bad += 1
        return readings


class Line:
    def __init__(self, folder: Path):
        self.inbox = Inbox()
        self.grader = Grader()
        self.drifts = {station: Drift(station) for station in STATIONS}
        self.protocol = Protocol(folder / "protocol.txt")
        self.rounds = 0
        self.newest = 0

    def round(self) -> None:
        graded = []
        for reading in self.inbox.take():
            self.drifts[reading.station].add(reading.value)
            self.newest = max(self.newest, reading.globe)
            if done := self.grader.add(reading):
                graded.append(done)
        warnings = [said for drift in self.drifts.values() if (said := drift.warning())]
        self.protocol.write(graded, warnings)
        self.rounds += 1
        if self.rounds % SHIFT_ROUNDS == 0:
            self.hand_over()

    def hand_over(self) -> None:
        lost = self.grader.forget(self.newest - 20 * GLOBES_A_SECOND)
        log.info("shift over: %s, %d lost", dict(self.grader.grades), lost)
        self.grader.grades.clear()
        gc.collect()


def sensor(port: int, station: str) -> None:
    chance = random.Random(station)
    target, spread = TARGET[station], SPREAD[station]
    bursts = 20  # a second
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(f"{station}\n".encode())
        due, globe = time.monotonic(), 0
        while True:
            due += 1 / bursts
            time.sleep(max(0.0, due - time.monotonic()))
            size = GLOBES_A_SECOND // bursts
            fields = [
                f"{number}={chance.gauss(target, spread):.4f}"
                for number in range(globe, globe + size)
                if chance.random() > 0.002
            ]
            line.sendall(";".join(fields).encode() + b"\n")
            globe += size


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    line = Line(Path.cwd())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        for station in STATIONS:
            outside(lambda station=station: sensor(port, station))
        for _ in STATIONS:
            Station(listening.accept()[0], line.inbox).start()
    print(f"ready {os.getpid()}", flush=True)
    due = time.monotonic()
    while not over.is_set():
        line.round()
        due = max(due + ROUND_SECONDS, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
    line.protocol.close()


if __name__ == "__main__":
    main()
