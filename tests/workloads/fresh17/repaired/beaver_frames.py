# expect: healthy bench
"""Takes in the frames of wildlife cameras at beaver dams. Each camera hands in a frame and waits for its receipt;
the intake finds the moving patch, asks the river authority's gauge for the water level (a frame without one
gets the level of the season), and files the sighting.

Measured: 14 to 15 frames a second in both; a frame takes 295 ms, in the twin 1.2 ms; 0.3 and 0.1 s CPU in 10 s.
"""

import collections
import json
import os
import random
import sys
import threading
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

SEASON_LEVEL = 1.18


@dataclass(frozen=True)
class Frame:
    dam: str
    number: int
    rows: tuple


@dataclass(frozen=True)
class Sighting:
    dam: str
    number: int
    patch: tuple
    level: float
    measured: bool


class GaugeDown(Exception):
    pass


class Gauges:
    """The river authority's gauges; each thread keeps a connection of its own."""

    def __init__(self, port):
        self.port = port
        self.mine = threading.local()
        self.asked = 0

    def connection(self):
        if not hasattr(self.mine, "connection"):
            self.mine.connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        return self.mine.connection

    def level(self, dam):
        self.asked += 1
        connection = self.connection()
        try:
            connection.request("GET", f"/gauges/{dam}/level")
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException) as failure:
            connection.close()
            raise GaugeDown(dam) from failure
        if answer.status != 200:
            raise GaugeDown(f"{dam}: {answer.status}")
        return json.loads(body)["level"]


class Breaker:
    """Leaves alone for a while what failed three times in a row: then one call may try, and the pauses grow."""

    FIRST, LONGEST = 15.0, 600.0

    def __init__(self, function):
        self.function = function
        self.failures = 0
        self.pause = self.FIRST
        self.resting_until = 0.0
        self.lock = threading.Lock()

    def _may(self):
        with self.lock:
            if self.failures < 3:
                return True
            if time.monotonic() < self.resting_until:
                return False
            self.resting_until = time.monotonic() + self.pause  # (the others wait for what this one finds)
            return True

    def _failed(self):
        with self.lock:
            self.failures += 1
            if self.failures == 3:
                self.resting_until = time.monotonic() + self.pause
            elif self.failures > 3:
                self.pause = min(self.pause * 2, self.LONGEST)
                self.resting_until = time.monotonic() + self.pause

    def _succeeded(self):
        with self.lock:
            self.failures, self.pause = 0, self.FIRST

    def __call__(self, *arguments):
        if not self._may():
            raise GaugeDown("left alone")
        try:
            answer = self.function(*arguments)
        except GaugeDown:
            self._failed()
            raise
        self._succeeded()
        return answer


class Levels:
    """The level at a dam, measured if it can be had."""

    def __init__(self, gauges):
        self.ask = Breaker(gauges.level)

    def at(self, dam):
        try:
            return self.ask(dam), True
        except GaugeDown:
            return SEASON_LEVEL, False


class Finder:
    """Finds the patch that moved since the camera's last frame."""

    def __init__(self):
        self.last = {}

    def patch(self, frame):
        before = self.last.get(frame.dam, frame.rows)
        self.last[frame.dam] = frame.rows
        moved = [
            (x, y)
            for y, (old, new) in enumerate(zip(before, frame.rows))
            if old != new
            for x, (a, b) in enumerate(zip(old, new))
            if abs(a - b) > 24
        ]
        if not moved:
            return (0, 0, 0, 0)
        across, down = [x for x, _ in moved], [y for _, y in moved]
        return (min(across), min(down), max(across), max(down))


class Intake:
    def __init__(self, levels):
        self.levels = levels
        self.finder = Finder()
        self.filed = collections.deque(maxlen=2000)
        self.count = 0
        self.seconds = 0.0
        self.lock = threading.Lock()

    def hand_in(self, frame):
        began = time.monotonic()
        patch = self.finder.patch(frame)
        level, measured = self.levels.at(frame.dam)
        sighting = Sighting(frame.dam, frame.number, patch, level, measured)
        with self.lock:
            self.filed.append(sighting)
            self.count += 1
            self.seconds += time.monotonic() - began
        return f"{frame.dam}/{frame.number}"


class Camera(threading.Thread):
    """Takes a frame every 400 ms; waits for the receipt of each before it takes the next."""

    WIDTH, HEIGHT = 96, 64

    def __init__(self, dam, intake, seed):
        super().__init__(name=f"camera-{dam}", daemon=True)
        self.dam = dam
        self.intake = intake
        self.dice = random.Random(seed)
        self.still = tuple(bytes(self.dice.randrange(40, 80) for _ in range(self.WIDTH)) for _ in range(self.HEIGHT))

    def frame(self, number):
        rows = list(self.still)
        x, y = self.dice.randrange(self.WIDTH - 12), self.dice.randrange(self.HEIGHT - 8)
        for row in range(y, y + 8):
            old = rows[row]
            rows[row] = old[:x] + bytes(12 * [170]) + old[x + 12 :]
        return Frame(self.dam, number, tuple(rows))

    def run(self):
        due = time.monotonic() + self.dice.random() * 0.4
        number = 0
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            number += 1
            self.intake.hand_in(self.frame(number))
            due = max(due + 0.4, time.monotonic())


def gauge_service():
    """The gauges' server is overloaded for good: it thinks for a while, and answers 503."""

    def answer(_):
        time.sleep(0.012)
        return 503, b'{"error": "overloaded"}'

    return services.http_service(answer)


def main():
    intake = Intake(Levels(Gauges(gauge_service())))
    for seed, dam in enumerate(["alder", "otter-run", "long-pond", "millrace", "sedge", "weir-foot"]):
        Camera(dam, intake, seed).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(7)
        sys.stderr.write(f"{intake.count} frames, {intake.seconds / intake.count * 1000:.1f} ms each\n")


if __name__ == "__main__":
    main()
