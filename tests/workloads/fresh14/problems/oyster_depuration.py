# expect: pattern=excessive-stat bench
"""Watches the purification tanks of an oyster farm: probes send salinity, oxygen, temperature and the dose of the lamps,
each is held against the limits of its tank, and a tank that leaves them for long is told to the foreman. Limits are files
that the foreman edits: those of the batch in a tank come before those of the tank, and these before the house's.
Measured: 43 to 48 % of a core, of the twin 5 to 10 %; 24000 stat calls a second under strace, of the twin 15.
"""

import json
import os
import random
import selectors
import socket
import sys
import tempfile
import time
from collections import Counter, deque
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

TANKS = 12
HOUSE = {"salinity": [24, 36], "oxygen": [5, 14], "celsius": [8, 17], "dose": [30, 90]}


class Sheet:
    """One file of limits, read again when it has been edited."""

    def __init__(self, path):
        self.path = path
        self._edited = None
        self._limits = {}

    def limit(self, kind):
        self._refresh()
        return self._limits.get(kind)

    def _refresh(self):
        try:
            edited = self.path.stat().st_mtime_ns  # <- cost
        except FileNotFoundError:
            edited = None
        if edited != self._edited:
            self._limits = json.loads(self.path.read_text()) if edited else {}
            self._edited = edited


class Limits:
    def __init__(self, folder):
        self.folder = folder
        self._house = Sheet(folder / "house.json")
        self._tanks = {tank: Sheet(folder / f"tank-{tank}.json") for tank in range(TANKS)}
        self._batches = {tank: Sheet(folder / f"batch-{tank}.json") for tank in range(TANKS)}

    def of(self, tank, kind):
        for sheet in (self._batches[tank], self._tanks[tank], self._house):
            found = sheet.limit(kind)  # <- cost
            if found is not None:
                return found
        raise KeyError(f"no limit for {kind}")


class Tank:
    """What a tank's probes said lately, and for how long it has been out of its limits."""

    def __init__(self, number):
        self.number = number
        self.last = {}
        self.outside = Counter()
        self.means = {}

    def take(self, kind, value, low, high):
        self.last[kind] = value
        self.means[kind] = self.means.get(kind, value) * 0.98 + value * 0.02
        if low <= value <= high:
            self.outside[kind] = 0
        else:
            self.outside[kind] += 1
        return self.outside[kind] == 40


class Watch:
    def __init__(self, limits):
        self.limits = limits
        self.tanks = [Tank(number) for number in range(TANKS)]
        self.told = deque(maxlen=200)
        self.garbled = 0
        self.readings = 0

    def take(self, line):
        try:
            number, kind, text = line.split()
            tank, value = self.tanks[int(number)], float(text)
            low, high = self.limits.of(tank.number, kind)
        except (ValueError, IndexError, KeyError):
            self.garbled += 1
            return
        if tank.take(kind, value, low, high):
            self.told.append((time.time(), tank.number, kind, round(tank.means[kind], 2)))
        self.readings += 1


class Line:
    """One concentrator of probes; its text comes in pieces."""

    def __init__(self, sock, watch):
        self.sock = sock
        self.watch = watch
        self.rest = b""

    def ready(self):
        got = self.sock.recv(1 << 16)
        *lines, self.rest = (self.rest + got).split(b"\n")
        for line in lines:
            self.watch.take(line.decode("ascii", "replace"))
        return bool(got)


def concentrator(port, rate=45000, burst=600):
    """Sends the readings of all probes, some hundred at a time."""
    dice = random.Random(3)
    kinds = {"salinity": (31, 2), "oxygen": (9, 1.5), "celsius": (12, 2), "dose": (55, 9)}
    lines = []
    for number in range(40 * burst):
        kind = list(kinds)[number % 4]
        lines.append(f"{number // 4 % TANKS} {kind} {dice.gauss(*kinds[kind]):.2f}\n".encode())
    with socket.create_connection(("127.0.0.1", port)) as line:
        due = time.monotonic()
        while True:
            for at in range(0, len(lines), burst):
                line.sendall(b"".join(lines[at : at + burst]))
                due = max(due + burst / rate, time.monotonic())
                time.sleep(max(0.0, due - time.monotonic()))


def sheets(folder):
    (folder / "house.json").write_text(json.dumps(HOUSE))
    for tank in range(TANKS):
        (folder / f"tank-{tank}.json").write_text(json.dumps({"celsius": [9, 15 + tank % 3]}))
        if tank % 4 == 0:
            (folder / f"batch-{tank}.json").write_text(json.dumps({"salinity": [28, 34]}))
    return folder


def main():
    watch = Watch(Limits(sheets(Path(tempfile.mkdtemp(prefix="oysters-")))))
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", 0))
    selector.register(listener, selectors.EVENT_READ, None)
    services.outside(lambda: concentrator(listener.getsockname()[1]))
    print("ready", os.getpid(), flush=True)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                sock, _ = listener.accept()
                selector.register(sock, selectors.EVENT_READ, Line(sock, watch))
            elif not key.data.ready():
                selector.unregister(key.fileobj)
                key.fileobj.close()


if __name__ == "__main__":
    main()
