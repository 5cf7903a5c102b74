# expect: healthy bench
# Watches the highlines of a slackline festival: a load cell at the anchor of each line sends the tension of its
# webbing (newtons, a thousand values a second, in datagrams), and the watch tells how much the line sways (swing from
# peak to trough, power, crossings of the rigging tension within the last half second), and calls the rigger.
#
# Measured: 44 % of a core for 8000 samples a second (15.4 ms for a block of 250); in the twin 1.7 % (0.4 ms).
import json
import math
import os
import random
import signal
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services

LINES, RATE, BLOCK = 8, 1000, 250
SPAN = 500  # samples
HEAD = struct.Struct("<BIH")
STATUS_EVERY = 5.0


class BadDatagram(Exception):
    pass


@dataclass(frozen=True)
class Rigging:
    name: str
    length: float
    tension: int
    limit: int


@dataclass(slots=True)
class Sway:
    swing: int = 0
    power: float = 0.0
    crossings: int = 0

    def worst(self, other):
        self.swing = max(self.swing, other.swing)
        self.power = max(self.power, other.power)
        self.crossings = max(self.crossings, other.crossings)


class SwayMeter:
    """The sway of a line over the last samples."""

    def __init__(self, rest, span):
        self.rest = rest
        self.span = span
        self.recent = deque()
        self.lows, self.highs = deque(), deque()
        self.squares = self.crossings = self.seen = 0

    def add(self, tension):
        recent, rest = self.recent, self.rest
        if recent:
            self.crossings += (tension < rest) != (recent[-1] < rest)
        recent.append(tension)
        self.squares += (tension - rest) ** 2
        if len(recent) > self.span:
            oldest = recent.popleft()
            self.crossings -= (oldest < rest) != (recent[0] < rest)
            self.squares -= (oldest - rest) ** 2
        swing = self.highest(tension) - self.lowest(tension)
        self.seen += 1
        return Sway(swing, self.squares / len(recent), self.crossings)

    def lowest(self, tension):
        lows = self.lows
        while lows and lows[-1][1] >= tension:
            lows.pop()
        lows.append((self.seen, tension))
        if lows[0][0] <= self.seen - self.span:
            lows.popleft()
        return lows[0][1]

    def highest(self, tension):
        highs = self.highs
        while highs and highs[-1][1] <= tension:
            highs.pop()
        highs.append((self.seen, tension))
        if highs[0][0] <= self.seen - self.span:
            highs.popleft()
        return highs[0][1]


class Line:
    """One highline with what is known of it."""

    def __init__(self, rigging):
        self.rigging = rigging
        self.meter = SwayMeter(rigging.tension, SPAN)
        self.expected = None
        self.lost = 0
        self.worst = Sway()
        self.calls = deque(maxlen=20)

    def block(self, first, tensions):
        if self.expected is not None and first != self.expected:
            self.lost += (first - self.expected) & 0xFFFFFFFF
        self.expected = (first + len(tensions)) & 0xFFFFFFFF
        found = Sway()
        for tension in tensions:
            found.worst(self.meter.add(tension))
        self.worst.worst(found)
        if max(tensions) > self.rigging.limit:
            self.calls.append(f"{self.rigging.name}: {max(tensions)} N, sways by {found.swing} N")
        return found

    def status(self):
        told = {
            "line": self.rigging.name,
            "swing": self.worst.swing,
            "rms": round(math.sqrt(self.worst.power), 1),
            "hertz": self.worst.crossings * RATE / SPAN / 2,
            "lost": self.lost,
            "calls": list(self.calls)[-3:],
        }
        self.worst = Sway()
        return told


def decode(datagram):
    if len(datagram) < HEAD.size:
        raise BadDatagram("too short")
    number, first, count = HEAD.unpack_from(datagram)
    if len(datagram) != HEAD.size + 2 * count:
        raise BadDatagram(f"{count} samples in {len(datagram)} bytes")
    return number, first, struct.unpack_from(f"<{count}H", datagram, HEAD.size)


class Watch:
    def __init__(self, riggings):
        self.lines = [Line(rigging) for rigging in riggings]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.bad = 0
        self.running = True

    def stop(self, *_):
        self.running = False

    def take(self, datagram):
        try:
            number, first, tensions = decode(datagram)
            self.lines[number].block(first, tensions)
        except (BadDatagram, IndexError):
            self.bad += 1

    def tell(self):
        """The board of the riggers reads this file."""
        told = {"lines": [line.status() for line in self.lines], "bad": self.bad, "at": int(time.time())}
        with open("board.json.new", "w") as board:
            json.dump(told, board)
        os.replace("board.json.new", "board.json")

    def run(self):
        self.socket.settimeout(1.0)
        told = time.monotonic()
        while self.running:
            try:
                self.take(self.socket.recv(4096))
            except TimeoutError:
                continue
            if time.monotonic() - told >= STATUS_EVERY:
                told = time.monotonic()
                self.tell()


def riggings():
    names = ("Gorge", "Old Mill", "Needle", "Twins", "Quarry", "Chapel", "Raven", "Long Drop")
    return [Rigging(name, 60.0 + 45 * n, 4000 + 600 * n, 7200 + 900 * n) for n, name in enumerate(names)]


def walkers(port):
    """The load cells, under people who walk, bounce and fall."""
    dice = random.Random(4)
    blocks = []
    for rigging in riggings():
        told = [
            max(0, int(rigging.tension + 900 * math.sin(n / 90) + 300 * math.sin(n / 17) + dice.gauss(0, 60)))
            for n in range(BLOCK * 40)
        ]
        blocks.append([struct.pack(f"<{BLOCK}H", *told[at : at + BLOCK]) for at in range(0, len(told), BLOCK)])
    cells = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    due, turn = time.monotonic(), 0
    while True:
        for number in range(LINES):
            head = HEAD.pack(number, turn * BLOCK & 0xFFFFFFFF, BLOCK)
            cells.sendto(head + blocks[number][turn % 40], ("127.0.0.1", port))
            due += BLOCK / RATE / LINES
            time.sleep(max(0.0, due - time.monotonic()))
        turn += 1


def main():
    watch = Watch(riggings())
    signal.signal(signal.SIGTERM, watch.stop)
    for line in watch.lines:
        line.block(0, (line.rigging.tension,) * SPAN)
        line.expected = None
    services.outside(lambda: walkers(watch.port))
    print(f"ready {os.getpid()}", flush=True)
    watch.run()


if __name__ == "__main__":
    main()
