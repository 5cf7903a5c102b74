# expect: healthy bench
# The umpire's desk of a siege engine meeting: a camera at each range sends the path of a shot (height and distance over
# time) as soon as it lands, the marshal behind the engine sends a flag a moment later, white for a fair shot and red
# for a foul. Fair shots enter the table.
#
# Measured: 240 shots a second in both, 3 % of a core; it grows by 3.2 MiB/s, the twin not at all.
import heapq
import logging
import math
import os
import queue
import random
import socket
import struct
import sys
import threading
import time
from array import array
from collections import Counter
from dataclasses import dataclass, field

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

log = logging.getLogger("catapult")

HEAD = struct.Struct(">cIBI")  # kind, shot, engine or colour, length of what follows
PATH, FLAG = b"P", b"F"
WHITE, RED = 0, 1
ENGINES = ("trebuchet", "mangonel", "onager", "ballista", "perrier")
RANGES = 3
SHOTS_PER_SECOND = 80  # of each range
POINTS = 5000
BEST = 10


class ProtocolError(Exception):
    """A camera or marshal that sends what nobody understands."""


@dataclass
class Shot:
    number: int
    engine: str
    path: array
    landed: float = field(default_factory=time.monotonic)

    def distance(self):
        return self.path[-1]

    def apex(self):
        return max(self.path[0::2])

    def speed(self):
        """Of the first part of the flight, in metres a second."""
        heights, distances = self.path[0:40:2], self.path[1:40:2]
        steps = zip(heights, heights[1:], distances, distances[1:])
        return 50.0 * sum(math.hypot(up - low, far - near) for low, up, near, far in steps) / (len(heights) - 1)


class Table:
    """The best shots of each engine, and how many there were."""

    def __init__(self, size):
        self.size = size
        self.best = {engine: [] for engine in ENGINES}
        self.fair, self.foul = Counter(), Counter()

    def enter(self, shot):
        self.fair[shot.engine] += 1
        row = (round(shot.distance(), 2), shot.number, round(shot.apex(), 1), round(shot.speed(), 1))
        best = self.best[shot.engine]
        if len(best) < self.size:
            heapq.heappush(best, row)
        elif row > best[0]:
            heapq.heapreplace(best, row)

    def text(self):
        lines = []
        for engine in ENGINES:
            first = max(self.best[engine], default=(0.0, 0, 0.0, 0.0))
            lines.append(f"{engine:<12}{first[0]:>9.2f} m  {self.fair[engine]:>6} fair {self.foul[engine]:>6} foul")
        return "\n".join(lines)


class Umpire:
    """Brings flags and paths together."""

    def __init__(self, table):
        self.table = table
        self.unknown = 0
        self._awaiting = {}

    def on_path(self, number, engine, payload):
        if engine >= len(ENGINES):
            raise ProtocolError(f"engine {engine}")
        if not payload or len(payload) % 16:
            raise ProtocolError(f"path of {len(payload)} bytes")
        self._awaiting[number] = Shot(number, ENGINES[engine], array("d", payload))

    def on_flag(self, number, colour):
        shot = self._awaiting.pop(number, None)
        if shot is None:
            self.unknown += 1
            return
        if colour == RED:
            self.table.foul[shot.engine] += 1
            return
        if colour != WHITE:
            raise ProtocolError(f"flag {colour}")
        self.table.enter(shot)

    def run(self, inbox):
        while True:
            kind, number, detail, payload = inbox.get()
            try:
                if kind == PATH:
                    self.on_path(number, detail, payload)
                else:
                    self.on_flag(number, detail)
            except ProtocolError as error:
                log.warning("shot %d: %s", number, error)


class Line(threading.Thread):
    """Reads the frames of one range."""

    def __init__(self, connection, inbox):
        super().__init__(daemon=True)
        self.connection = connection
        self.inbox = inbox
        self.frames = 0

    def read_frame(self, stream):
        head = stream.read(HEAD.size)
        if not head:
            return None
        kind, number, detail, length = HEAD.unpack(head)
        if kind not in (PATH, FLAG) or length > 1 << 20:
            raise ProtocolError(f"frame {kind!r} of {length} bytes")
        return kind, number, detail, stream.read(length) if length else b""

    def run(self):
        with self.connection, self.connection.makefile("rb", buffering=1 << 17) as stream:
            try:
                while frame := self.read_frame(stream):
                    self.inbox.put(frame)
                    self.frames += 1
            except (ProtocolError, OSError, struct.error) as error:
                log.warning("line closed: %s", error)


class Desk:
    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=RANGES)
        self.port = self.listening.getsockname()[1]
        self.inbox = queue.Queue(maxsize=64)
        self.umpire = Umpire(Table(BEST))
        threading.Thread(target=self.accept, daemon=True).start()
        threading.Thread(target=self.umpire.run, args=(self.inbox,), daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listening.accept()
            Line(connection, self.inbox).start()

    def publish(self, path):
        """The table as the tents show it."""
        part = f"{path}.part"
        with open(part, "w") as file:
            file.write(self.umpire.table.text())
        os.replace(part, path)


def flight(rng):
    speed, angle = rng.uniform(30, 60), math.radians(rng.uniform(35, 55))
    up, along = speed * math.sin(angle), speed * math.cos(angle)
    points = array("d")
    for step in range(POINTS // 2):
        at = 2 * up / 9.81 * step / (POINTS // 2)
        points.extend((up * at - 4.905 * at * at, along * at))
    return points.tobytes()


def shooting_range(port, lane):
    """A camera and a marshal. The flag comes some shots later, and a third of the flags are red."""
    rng = random.Random(lane)
    flights = [flight(rng) for _ in range(20)]
    with socket.create_connection(("127.0.0.1", port)) as line:
        due = time.monotonic() + lane / 100
        for count in range(1 << 30):
            number = count * RANGES + lane
            payload = flights[count % len(flights)]
            frames = [HEAD.pack(PATH, number, rng.randrange(len(ENGINES)), len(payload)), payload]
            if count >= 5:
                frames.append(HEAD.pack(FLAG, number - 5 * RANGES, RED if rng.random() < 0.33 else WHITE, 0))
            line.sendall(b"".join(frames))
            due += 1 / SHOTS_PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    desk = Desk()
    for lane in range(RANGES):
        services.outside(lambda lane=lane: shooting_range(desk.port, lane))
    time.sleep(2)
    print(f"ready {os.getpid()}", flush=True)
    while True:
        desk.publish("table.txt")
        time.sleep(2)


if __name__ == "__main__":
    main()
