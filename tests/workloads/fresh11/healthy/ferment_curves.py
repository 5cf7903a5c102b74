# expect: healthy bench
"""Follows the fermentations of a vineyard cooperative: probes in the tanks tell density and temperature through their
radio gateway, which sends what it has ten times a second (it is a simulation run at some thousand times the real speed).
For a tank whose course moved, a curve is fitted anew, to say when it will be dry; the cellar's screen gets a list every
two seconds.
"""

import bisect
import json
import math
import os
import random
import socket
import struct
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from queue import Queue

sys.path.append(str(Path(__file__).parents[2]))
import services

READING = struct.Struct(">Hfff")  # tank, hours, density, temperature
TANKS = 240
KEPT = 48  # readings of a tank that the fit looks at
DRY = 0.998
DONE = {"pressed", "racked", "sold"}


class Curve:
    """density = low + span / (1 + exp(slope * (hours - middle))), fitted by Gauss and Newton."""

    def __init__(self):
        self.low, self.span, self.slope, self.middle = 0.994, 0.09, 0.03, 110.0
        self.error = 0.0

    def at(self, hours):
        return self.low + self.span / (1 + math.exp(min(60.0, self.slope * (hours - self.middle))))

    def fit(self, readings, rounds=3):
        for _ in range(rounds):
            a11 = a12 = a13 = a22 = a23 = a33 = b1 = b2 = b3 = squares = 0.0
            for hours, density in readings:
                distance = hours - self.middle
                e = math.exp(min(60.0, self.slope * distance))
                part = 1 / (1 + e)
                steep = -self.span * part * part * e
                d1, d2, d3 = part, steep * distance, -steep * self.slope
                off = density - self.low - self.span * part
                a11 += d1 * d1
                a12 += d1 * d2
                a13 += d1 * d3
                a22 += d2 * d2
                a23 += d2 * d3
                a33 += d3 * d3
                b1 += d1 * off
                b2 += d2 * off
                b3 += d3 * off
                squares += off * off
            step = solved(a11 + 1e-6, a12, a13, a22 + 1e-6, a23, a33 + 1e-6, b1, b2, b3)
            self.span = min(0.13, max(0.04, self.span + 0.5 * step[0]))
            self.slope = min(0.2, max(0.005, self.slope + 0.5 * step[1]))
            self.middle = min(400.0, max(10.0, self.middle + 0.5 * step[2]))
            self.error = math.sqrt(squares / len(readings))

    def dry(self):
        """The hour at which the wine will be dry."""
        left = self.span / max(1e-4, DRY - self.low) - 1
        return self.middle + math.log(max(left, 1e-3)) / self.slope


def solved(a11, a12, a13, a22, a23, a33, b1, b2, b3):
    """Three equations with a symmetric matrix, by Cholesky."""
    l11 = math.sqrt(a11)
    l21, l31 = a12 / l11, a13 / l11
    l22 = math.sqrt(max(1e-9, a22 - l21 * l21))
    l32 = (a23 - l31 * l21) / l22
    l33 = math.sqrt(max(1e-9, a33 - l31 * l31 - l32 * l32))
    y1 = b1 / l11
    y2 = (b2 - l21 * y1) / l22
    y3 = (b3 - l31 * y1 - l32 * y2) / l33
    x3 = y3 / l33
    x2 = (y2 - l32 * x3) / l22
    return (y1 - l21 * x2 - l31 * x3) / l11, x2, x3


class Tank:
    def __init__(self, number):
        self.number = number
        self.fill()

    def fill(self):
        self.state = "fermenting"
        self.readings = deque(maxlen=KEPT)
        self.warmest = deque(maxlen=24)
        self.curve = Curve()

    def take(self, hours, density, temperature):
        if self.readings and hours < self.readings[-1][0]:  # a new filling
            self.fill()
        self.readings.append((hours, density))
        self.warmest.append(temperature)
        if abs(self.curve.at(hours) - density) > 0.0003 and len(self.readings) > 6:
            self.curve.fit(self.readings)

    def warnings(self):
        found = []
        if self.warmest and max(self.warmest) > 26:
            found.append("warm")
        if len(self.readings) > 12:
            (hours, density), (before, denser) = self.readings[-1], self.readings[-12]
            if density > DRY + 0.01 and (denser - density) / max(0.1, hours - before) < 0.00003:
                found.append("sluggish")
        return found


class Cellar:
    def __init__(self):
        self.tanks = [Tank(number) for number in range(TANKS)]
        self.lock = threading.Lock()
        self.taken = 0

    def take(self, batch):
        with self.lock:
            for number, hours, density, temperature in READING.iter_unpack(batch):
                tank = self.tanks[number]
                if tank.state not in DONE:
                    tank.take(hours, density, temperature)
                self.taken += 1

    def next_dry(self, number=12):
        """The tanks that will be dry next."""
        soonest = []
        with self.lock:
            for tank in self.tanks:
                if len(tank.readings) > 6:
                    left = tank.curve.dry() - tank.readings[-1][0]
                    if left > 0:
                        bisect.insort(soonest, (round(left, 1), tank.number, tank.warnings()))
                        del soonest[number:]
        return [{"tank": tank, "hours": left, "warnings": warnings} for left, tank, warnings in soonest]


def gateway(port, chance):
    """The radio gateway; the fermentations behind it."""
    begun = [(chance.uniform(0, 200), chance.uniform(60, 140), chance.uniform(0.02, 0.06)) for _ in range(TANKS)]
    hours, due = 0.0, time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as line:
        while True:
            batch = []
            for number, (begin, middle, slope) in enumerate(begun):
                age = (hours + begin) % 300
                density = 0.994 + 0.095 / (1 + math.exp(slope * (age - middle))) + chance.gauss(0, 0.0006)
                batch.append(READING.pack(number, age, density, chance.gauss(21, 1.6)))
            line.sendall(b"".join(batch))
            hours += 1.5
            due += 0.1
            time.sleep(max(0.0, due - time.monotonic()))


def receive(listener, batches):
    line, _ = listener.accept()
    rest = b""
    while got := line.recv(1 << 16):
        rest += got
        whole = len(rest) - len(rest) % READING.size
        batches.put(rest[:whole])
        rest = rest[whole:]
    batches.put(None)


def screen(cellar, path, ended):
    while not ended.wait(2):
        path.write_text(json.dumps({"next": cellar.next_dry(), "readings": cellar.taken}))


def main():
    cellar, batches, ended = Cellar(), Queue(maxsize=50), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    services.outside(lambda: gateway(listener.getsockname()[1], random.Random(29)))
    threading.Thread(target=receive, args=(listener, batches), daemon=True).start()
    path = Path(tempfile.mkdtemp(prefix="cellar-")) / "screen.txt"
    threading.Thread(target=screen, args=(cellar, path, ended), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while (batch := batches.get()) is not None:
        cellar.take(batch)
    ended.set()


if __name__ == "__main__":
    main()
