# bench: healthy
"""Pétanque on twenty lanes: cameras tell where each boule came to rest, the club's screens show who holds the point.

One thread with an event loop of selectors: cameras and screens are sockets that stay, timers are a heap. What changes
on the lanes is gathered for a tenth of a second and then sent to each screen at once; a lane that is idle is cleared.

Measured: 600 throws a second, ten pieces of news a second for each screen, 0.023 cores.
"""

import heapq
import itertools
import json
import math
import os
import random
import selectors
import socket
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
from services import outside  # noqa: E402

LANES = 20
CAMERAS = 4
SCREENS = 6
THROWS_A_SECOND = 600  # from all cameras
BOULES = 12  # of an end
TICK_SECONDS = 0.1
IDLE_SECONDS = 20
OUT_LIMIT = 1 << 18


class BadThrow(ValueError):
    pass


@dataclass
class Lane:
    number: int
    jack: tuple[float, float] = (0.0, 8.0)
    boules: list[tuple[str, float, float]] = field(default_factory=list)
    score: dict[str, int] = field(default_factory=lambda: {"a": 0, "b": 0})
    ends: deque = field(default_factory=lambda: deque(maxlen=20))
    touched: float = 0.0

    def distance(self, boule):
        return math.hypot(boule[1] - self.jack[0], boule[2] - self.jack[1])

    def standing(self):
        """Which side holds the point, and with how many boules."""
        if not self.boules:
            return None, 0
        nearest = sorted(self.boules, key=self.distance)
        side = nearest[0][0]
        return side, len(list(itertools.takewhile(lambda boule: boule[0] == side, nearest)))

    def rest(self, side, x, y):
        if side not in self.score:
            raise BadThrow(f"side {side!r}")
        self.boules.append((side, x, y))
        if len(self.boules) == BOULES:
            holder, points = self.standing()
            self.score[holder] += points
            self.ends.append((holder, points))
            self.boules.clear()
            if self.score[holder] >= 13:
                self.score = {"a": 0, "b": 0}

    def as_dict(self):
        side, points = self.standing()
        return {
            "lane": self.number,
            "holds": side,
            "points": points,
            "score": self.score,
            "left": BOULES - len(self.boules),
        }


class Timers:
    def __init__(self):
        self.heap = []
        self.count = itertools.count()

    def after(self, seconds, do):
        heapq.heappush(self.heap, (time.monotonic() + seconds, next(self.count), do))

    def wait(self):
        return max(0.0, self.heap[0][0] - time.monotonic()) if self.heap else None

    def run_due(self):
        now = time.monotonic()
        while self.heap and self.heap[0][0] <= now:
            heapq.heappop(self.heap)[2]()


class Line:
    """A socket of a camera or of a screen; what cannot be sent at once waits, up to a limit."""

    def __init__(self, hall, connection):
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.hall, self.connection = hall, connection
        self.rest = b""
        self.out = bytearray()
        self.screen = False

    def readable(self):
        try:
            got = self.connection.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            got = b""
        if not got:
            self.hall.forget(self)
            return
        *lines, self.rest = (self.rest + got).split(b"\n")
        for line in lines:
            self.hall.said(self, line)

    def send(self, data):
        if len(self.out) > OUT_LIMIT:
            self.hall.forget(self)
            return
        self.out += data
        self.writable()

    def writable(self):
        try:
            sent = self.connection.send(self.out)
            del self.out[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.hall.forget(self)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.out else 0)
        self.hall.watch(self, wanted)


class Hall:
    def __init__(self, listening):
        self.selector = selectors.DefaultSelector()
        self.timers = Timers()
        self.lanes = [Lane(number) for number in range(LANES)]
        self.changed = set()
        self.screens = set()
        self.listening = listening
        self.bad = 0
        listening.setblocking(False)
        self.selector.register(listening, selectors.EVENT_READ)
        self.timers.after(IDLE_SECONDS, self.clear_idle)

    def watch(self, line, events):
        if self.selector.get_key(line.connection).events != events:
            self.selector.modify(line.connection, events, line)

    def forget(self, line):
        if line.connection.fileno() >= 0:
            self.selector.unregister(line.connection)
            line.connection.close()
        self.screens.discard(line)

    def said(self, line, text):
        if text == b"screen":
            self.screens.add(line)
            line.send(self.news(range(LANES)))
            return
        try:
            lane, side, x, y = text.decode().split()
            self.lanes[int(lane)].rest(side, float(x), float(y))
        except (ValueError, IndexError):
            self.bad += 1
            return
        self.lanes[int(lane)].touched = time.monotonic()
        if not self.changed:
            self.timers.after(TICK_SECONDS, self.tell)
        self.changed.add(int(lane))

    def news(self, numbers):
        return b"".join(json.dumps(self.lanes[number].as_dict()).encode() + b"\n" for number in sorted(numbers))

    def tell(self):
        news = self.news(self.changed)
        self.changed.clear()
        for screen in list(self.screens):
            screen.send(news)

    def clear_idle(self):
        for lane in self.lanes:
            if lane.boules and lane.touched < time.monotonic() - IDLE_SECONDS:
                lane.boules.clear()
        self.timers.after(IDLE_SECONDS, self.clear_idle)

    def accept(self):
        connection, _ = self.listening.accept()
        self.selector.register(connection, selectors.EVENT_READ, Line(self, connection))

    def run(self):
        while True:
            for key, events in self.selector.select(self.timers.wait()):
                if key.data is None:
                    self.accept()
                    continue
                if events & selectors.EVENT_READ:
                    key.data.readable()
                if events & selectors.EVENT_WRITE and key.data.connection.fileno() >= 0:
                    key.data.writable()
            self.timers.run_due()


def afternoon(port):
    """Cameras see throws, screens read."""

    def camera(number):
        rng = random.Random(number)
        with socket.create_connection(("127.0.0.1", port)) as line:
            due = time.monotonic()
            for at in range(1 << 40):
                lane = (at * CAMERAS + number) % LANES
                line.sendall(f"{lane} {'ab'[at // LANES % 2]} {rng.gauss(0, 0.8):.3f} {rng.gauss(8, 1):.3f}\n".encode())
                due = max(due + rng.expovariate(THROWS_A_SECOND / CAMERAS), time.monotonic() - 1)
                time.sleep(max(0.0, due - time.monotonic()))

    def work(number):
        if number < CAMERAS:
            camera(number)
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"screen\n")
            while line.recv(1 << 16):
                pass

    clients.crowd(work, CAMERAS + SCREENS)


def main():
    listening = socket.create_server(("127.0.0.1", 0), backlog=32)
    outside(lambda: afternoon(listening.getsockname()[1]))
    hall = Hall(listening)
    threading.Timer(1.5, lambda: print(f"ready {os.getpid()}", flush=True)).start()
    hall.run()


if __name__ == "__main__":
    main()
