# expect: healthy bench
"""The breathing apparatus watch of a fire brigade's training centre: the sets of all wearers tell the pressure in their
cylinders, the watch works out when each must turn back, and calls those whose time is up. What was told is kept in a
log that must outlive a power cut by a second at most.

Measured: 2,000 pressures a second, 2 to 4 % of a core.
"""

import heapq
import os
import random
import selectors
import socket
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

WEARERS = 200
TOLD = 0.1  # seconds between two pressures of a wearer
KEPT = 60  # pressures from which the use is worked out
RESERVE = 55  # bar
WAY_BACK = 2.0  # a way back may take as much air as the way in


def sets(port):
    """The gateway of the radio sets: sends in one piece what came in since the last time."""
    chance = random.Random(90)
    bars = [300.0 - chance.random() * 60 for _ in range(WEARERS)]
    use = [0.05 + chance.random() * 0.2 for _ in range(WEARERS)]
    with socket.create_connection(("127.0.0.1", port)) as line:
        due = time.monotonic()
        while True:
            for wearer in range(WEARERS):
                bars[wearer] -= use[wearer] * (0.5 + chance.random())
                if bars[wearer] < 20:
                    bars[wearer] = 300.0  # a fresh cylinder
            told = [f"{wearer} {due:.2f} {bar:.1f}\n" for wearer, bar in enumerate(bars)]
            line.sendall("".join(told).encode())
            due += TOLD
            time.sleep(max(0.0, due - time.monotonic()))


@dataclass
class Wearer:
    number: int
    seconds: deque = field(default_factory=lambda: deque(maxlen=KEPT))
    bars: deque = field(default_factory=lambda: deque(maxlen=KEPT))
    entered: float = 300.0
    turn_at: float = 0.0

    def told(self, second, bar):
        if self.bars and bar > self.bars[-1] + 20:  # the cylinder was changed
            self.seconds.clear()
            self.bars.clear()
            self.entered = bar
        self.seconds.append(second)
        self.bars.append(bar)

    def use(self):
        """Bars a second, from the line that fits best."""
        number = len(self.bars)
        if number < 10:
            return 0.0
        middle = sum(self.seconds) / number
        level = sum(self.bars) / number
        above = below = 0.0
        for second, bar in zip(self.seconds, self.bars):
            away = second - middle
            above += away * (bar - level)
            below += away * away
        return -above / below if below else 0.0

    def must_turn(self, now):
        """When, at this use, just enough is left for the way back."""
        use = self.use()
        if use <= 0:
            return now + 3600
        turn_bar = (self.entered * WAY_BACK / 3) + RESERVE / 3
        return now + max(0.0, (self.bars[-1] - turn_bar) / use)


class Log:
    """Gathers lines, and brings them to the disk once a second on a thread of its own."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="ascii")
        self.lock = threading.Lock()
        self.lines = []
        self.ended = threading.Event()
        threading.Thread(target=self.write, daemon=True).start()

    def add(self, lines):
        with self.lock:
            self.lines.extend(lines)

    def write(self):
        while not self.ended.wait(1.0):
            with self.lock:
                lines, self.lines = self.lines, []
            if lines:
                self.file.write("".join(lines))
                self.file.flush()
                os.fsync(self.file.fileno())


class Watch:
    def __init__(self, log):
        self.log = log
        self.wearers = [Wearer(number) for number in range(WEARERS)]
        self.turns = []  # (when, wearer); entries that are out of date are passed over
        self.calls = deque(maxlen=100)
        self.rest = b""
        self.told = 0

    def take(self, received):
        *lines, self.rest = (self.rest + received).split(b"\n")
        now = time.monotonic()
        kept = []
        for line in lines:
            number, second, bar = line.split()
            wearer = self.wearers[int(number)]
            wearer.told(float(second), float(bar))
            turn_at = wearer.must_turn(now)
            if abs(turn_at - wearer.turn_at) > 5:
                wearer.turn_at = turn_at
                heapq.heappush(self.turns, (turn_at, wearer.number))
                kept.append(f"{wearer.number} {float(bar):.0f} bar, {turn_at - now:.0f} s left\n")
        self.told += len(lines)
        self.log.add(kept)
        if len(self.turns) > 8 * WEARERS:
            self.turns = [(wearer.turn_at, wearer.number) for wearer in self.wearers]
            heapq.heapify(self.turns)

    def call(self):
        """Call back whose time is up; the seconds until the next."""
        now = time.monotonic()
        while self.turns and self.turns[0][0] <= now:
            when, number = heapq.heappop(self.turns)
            if when == self.wearers[number].turn_at:
                self.calls.append((when, number))
        return min(1.0, self.turns[0][0] - now) if self.turns else 1.0


def main():
    with tempfile.TemporaryDirectory(prefix="watch-") as folder, socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        services.outside(lambda: sets(port))
        line, _ = door.accept()
        log = Log(Path(folder) / "watch.log")
        watch = Watch(log)
        with selectors.DefaultSelector() as selector:
            selector.register(line, selectors.EVENT_READ)
            print("ready", os.getpid(), flush=True)
            wait = 1.0
            while True:
                if selector.select(wait):
                    received = line.recv(1 << 16)
                    if not received:
                        return
                    watch.take(received)
                wait = watch.call()


if __name__ == "__main__":
    main()
