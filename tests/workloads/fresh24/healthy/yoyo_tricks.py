# bench: healthy
"""A yo-yo contest: sensors in the yo-yos tell a hub what they feel, the hub finds throws and tricks in it, and a
thread keeps the score of the last seconds in SQLite, from which the jury's screen is drawn each second.

A pipeline: a reader for each stage takes what has come in large pieces; a bounded queue of batches leads to the writer,
which stores one batch a second in one transaction, and removes what is older than ten seconds by its index.

Measured: 120 000 frames a second in 75 pieces, 0.055 cores.
"""

import math
import os
import queue
import random
import socket
import sqlite3
import struct
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
from services import outside  # noqa: E402

STAGES = 3
FRAME = struct.Struct("<HIhhhH")  # yo-yo, milliseconds, three accelerations, spin
FRAMES_A_SECOND = 40000  # of each stage
KEPT_SECONDS = 10
BATCH = 400
QUIET_MILLIS = 30
SCREEN_SECONDS = 1.0

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE trick (id INTEGER PRIMARY KEY, stage INTEGER, yoyo INTEGER, kind TEXT, peak REAL, spin INTEGER, at REAL);
CREATE INDEX trick_at ON trick (at);
"""


@dataclass(slots=True)
class Trick:
    stage: int
    yoyo: int
    kind: str
    peak: float
    spin: int
    at: float

    def row(self):
        return self.stage, self.yoyo, self.kind, self.peak, self.spin, self.at


class TrickFinder:
    """Keeps the last few frames of each yo-yo, and names what it sees in them."""

    kinds = ((5200, "throw"), (3900, "whip"), (3000, "bind"))

    def __init__(self, stage):
        self.stage = stage
        self.recent = {}
        self.quiet_until = {}

    def feed(self, piece):
        found = []
        for yoyo, millis, x, y, z, spin in FRAME.iter_unpack(piece):
            strength = x * x + y * y + z * z
            if strength < 9_000_000 or 0 < self.quiet_until.get(yoyo, 0) - millis <= QUIET_MILLIS:
                continue
            peaks = self.recent.setdefault(yoyo, deque(maxlen=8))
            peaks.append(strength)
            peak = math.sqrt(max(peaks))
            kind = next(name for limit, name in self.kinds if peak >= limit)
            found.append(Trick(self.stage, yoyo, kind, round(peak, 1), spin, time.time()))
            self.quiet_until[yoyo] = millis + QUIET_MILLIS
        return found


class StageReader(threading.Thread):
    """Frames from the line of one stage, as many as have come."""

    def __init__(self, stage, line, out):
        super().__init__(name=f"stage-{stage}", daemon=True)
        self.line, self.out = line, out
        self.finder = TrickFinder(stage)
        self.dropped = 0

    def run(self):
        buffer = bytearray(1 << 16)
        view = memoryview(buffer)
        filled, batch = 0, []
        while got := self.line.recv_into(view[filled:]):
            filled += got
            whole = filled - filled % FRAME.size
            batch.extend(self.finder.feed(view[:whole]))
            buffer[: filled - whole] = buffer[whole:filled]
            filled -= whole
            if batch:
                batch = self.hand_on(batch)

    def hand_on(self, batch):
        try:
            self.out.put_nowait(batch)
            return []
        except queue.Full:
            if len(batch) > BATCH:
                self.dropped += len(batch)
                return []
            return batch


class ScoreKeeper(threading.Thread):
    """One transaction a second with whatever the stages found."""

    def __init__(self, path, found):
        super().__init__(name="score", daemon=True)
        self.path, self.found = path, found
        self.stored = 0

    def gather(self, until):
        rows = []
        while (left := until - time.monotonic()) > 0:
            try:
                rows.extend(trick.row() for trick in self.found.get(timeout=left))
            except queue.Empty:
                break
        return rows

    def run(self):
        connection = sqlite3.connect(self.path)
        due = time.monotonic()
        while True:
            due = max(due + 1.0, time.monotonic())
            rows = self.gather(due)
            with connection:
                connection.executemany(
                    "INSERT INTO trick (stage, yoyo, kind, peak, spin, at) VALUES (?, ?, ?, ?, ?, ?)", rows
                )
                connection.execute("DELETE FROM trick WHERE at < ?", (time.time() - KEPT_SECONDS,))
            self.stored += len(rows)


class Screen:
    """What the jury sees: two questions a second, over the few rows there are."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path)

    def lines(self):
        kinds = self.connection.execute(
            "SELECT kind, count(*), max(peak), avg(spin) FROM trick GROUP BY kind"
        ).fetchall()
        best = self.connection.execute(
            "SELECT stage, yoyo, count(*) AS tricks FROM trick GROUP BY stage, yoyo ORDER BY tricks DESC LIMIT 5"
        ).fetchall()
        yield from (f"{kind:<8}{count:>6}{peak:>9.1f}{spin:>8.0f}" for kind, count, peak, spin in kinds)
        yield from (f"stage {stage} yo-yo {yoyo}: {tricks}" for stage, yoyo, tricks in best)

    def draw(self):
        with open("screen.txt", "w") as shown:
            shown.write("\n".join(self.lines()) + "\n")


def contest(port):
    """The stages: forty yo-yos each, that send every fiftieth of a second what they have."""

    def stage(number):
        rng = random.Random(number)
        count = FRAMES_A_SECOND // 25
        pieces = []
        for piece in range(50):
            frames = [
                FRAME.pack(
                    rng.randrange(40), piece * 40 + n // 4, *(int(rng.gauss(0, 900)) for _ in "xyz"), n * 13 % 6000
                )
                for n in range(count)
            ]
            frames[0] = FRAME.pack(piece % 40, piece * 40, 3100 + piece * 60, 900, 2000, 5000)
            pieces.append(b"".join(frames))
        with socket.create_connection(("127.0.0.1", port)) as line:
            due = time.monotonic()
            for at in range(1 << 40):
                line.sendall(pieces[at % len(pieces)])
                due = max(due + 1 / 25, time.monotonic() - 0.2)
                time.sleep(max(0.0, due - time.monotonic()))

    clients.crowd(stage, STAGES)


def main():
    connection = sqlite3.connect("tricks.db")
    connection.executescript(SCHEMA)
    connection.close()
    listening = socket.create_server(("127.0.0.1", 0), backlog=16)
    outside(lambda: contest(listening.getsockname()[1]))
    found = queue.Queue(maxsize=200)
    for number in range(STAGES):
        StageReader(number, listening.accept()[0], found).start()
    ScoreKeeper("tricks.db", found).start()
    screen = Screen("tricks.db")
    due = time.monotonic()
    for turn in range(1 << 40):
        due = max(due + SCREEN_SECONDS, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
        screen.draw()
        if turn == 2:
            print(f"ready {os.getpid()}", flush=True)


if __name__ == "__main__":
    main()
