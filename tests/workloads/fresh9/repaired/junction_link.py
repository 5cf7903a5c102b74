# expect: healthy bench
"""The centre of a town's traffic lights: one thread talks to the controllers at the junctions, which report their
detectors; a second works out new green times, and a third keeps the figures of the last minutes.

Measured: less than a hundredth of a core for 120 reports a second; a whole core in the problem.
"""

import contextlib
import os
import queue
import random
import selectors
import socket
import struct
import sys
import threading
import time
from collections import deque
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

JUNCTIONS = 24
REPORT = struct.Struct("!HBBHH")  # junction, phase, kind, vehicles, tenths of a second in this phase
COMMAND = struct.Struct("!HBBH")  # junction, phase, kind, tenths of green


def controller(number, line):
    """The box at a junction: reports five times a second, and takes new green times."""
    chance = random.Random(number)
    line.setblocking(False)
    green, phase, since = [150, 120, 90, 60], 0, number * 6
    while True:
        time.sleep(0.2)
        since += 2
        if since >= green[phase]:
            phase, since = (phase + 1) % 4, 0
        line.send(REPORT.pack(number, phase, 1, chance.randint(0, 9), since))
        try:
            told = line.recv(4096)
        except BlockingIOError:
            continue
        for _, which, _, tenths in COMMAND.iter_unpack(told[: len(told) // COMMAND.size * COMMAND.size]):
            green[which % 4] = tenths


def town(lines):
    """All junctions, elsewhere."""
    boxes = [threading.Thread(target=controller, args=each, daemon=True) for each in enumerate(lines)]
    for box in boxes:
        box.start()
    for box in boxes:
        box.join()


class Line:
    """One connection: what has come and is not complete yet, and what has still to go."""

    def __init__(self, number, connection):
        self.number = number
        self.connection = connection
        self.coming = bytearray()
        self.going = deque()

    def reports(self):
        whole = len(self.coming) // REPORT.size * REPORT.size
        yield from REPORT.iter_unpack(bytes(self.coming[:whole]))
        del self.coming[:whole]


class Link(threading.Thread):
    """Moves telegrams between the lines and the other threads."""

    def __init__(self, connections, reports):
        super().__init__(name="link", daemon=True)
        self._reports = reports
        self._selector = selectors.DefaultSelector()
        self._lines = [Line(number, connection) for number, connection in enumerate(connections)]
        self.sent = self.received = 0
        for line in self._lines:
            line.connection.setblocking(False)
            self._selector.register(line.connection, selectors.EVENT_READ, line)
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._due = deque()

    def send(self, junction, phase, tenths):
        line = self._lines[junction]
        line.going.append(COMMAND.pack(junction, phase, 2, tenths))
        self._due.append(line)
        with contextlib.suppress(BlockingIOError):  # so many wake-ups wait already that one more is not missed
            self._wake.send(b"!")

    def run(self):
        while True:
            for key, ready in self._selector.select():
                if key.data is None:
                    self._woken.recv(4096)
                    self._send_due()
                elif ready & selectors.EVENT_READ:
                    self._receive(key.data)

    def _receive(self, line):
        came = line.connection.recv(4096)
        if not came:
            self._selector.unregister(line.connection)
            return
        line.coming += came
        for report in line.reports():
            self._reports.put(report)
            self.received += 1

    def _send_due(self):
        """Commands are few and short: a line has always room for them."""
        while self._due:
            self._send(self._due.popleft())

    def _send(self, line):
        while line.going:
            telegram = line.going.popleft()
            line.connection.send(telegram)
            self.sent += 1


class Planner(threading.Thread):
    """Gives more green to the phase where most wait."""

    def __init__(self, link, reports, figures):
        super().__init__(name="planner", daemon=True)
        self._link, self._reports, self._figures = link, reports, figures
        self._waiting = [[0.0] * 4 for _ in range(JUNCTIONS)]

    def run(self):
        while True:
            junction, phase, _, vehicles, since = self._reports.get()
            waiting = self._waiting[junction]
            waiting[phase] = 0.8 * waiting[phase] + 0.2 * vehicles
            self._figures.note(junction, vehicles)
            if since == 0:
                share = waiting[phase] / (sum(waiting) or 1)
                self._link.send(junction, phase, int(60 + 240 * share))


class Figures(threading.Thread):
    """Vehicles by junction for the last ten minutes; written down every two seconds."""

    def __init__(self):
        super().__init__(name="figures", daemon=True)
        self._mutex = threading.Lock()
        self._now = [0] * JUNCTIONS
        self._last = deque(maxlen=300)

    def note(self, junction, vehicles):
        with self._mutex:
            self._now[junction] += vehicles

    def run(self):
        while True:
            time.sleep(2)
            with self._mutex:
                self._last.append(self._now)
                self._now = [0] * JUNCTIONS
            sums = [sum(counts) for counts in zip(*self._last, strict=True)]
            Path("figures.txt").write_text("\n".join(f"{number}: {count}" for number, count in enumerate(sums)))


def main():
    pairs = [socket.socketpair() for _ in range(JUNCTIONS)]
    services.outside(lambda: town([far for _, far in pairs]))
    for _, far in pairs:
        far.close()
    reports, figures = queue.Queue(), Figures()
    link = Link([near for near, _ in pairs], reports)
    for thread in (link, Planner(link, reports, figures), figures):
        thread.start()
    print("ready", os.getpid(), flush=True)
    link.join()


if __name__ == "__main__":
    main()
