# expect: pattern=process-churn bench
"""Tags on manta rays: when a ray comes up, a buoy fetches the log of its dives and leaves it, packed, in a folder; the
station checks and unpacks each log, works out the dives, and adds a line for each to the book of the day.

Measured: 180 processes a second for 90 logs, 0.30 cores with those of the children; in the twin 0.055.
"""

import csv
import gzip
import hashlib
import os
import queue
import random
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside, wait_for  # noqa: E402

LOGS_A_SECOND = 90
READERS = 2
SURFACE_M = 2.0
BOOK_ROWS = 20_000


class BadLog(Exception):
    """A log that was cut off at sea."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the buoy says of a log that it left."""

    path: Path
    digest: str

    @classmethod
    def parse(cls, line, folder):
        name, _, digest = line.decode().strip().partition(" ")
        if not name.endswith(".gz") or len(digest) != 64 or "/" in name:
            raise BadLog(f"not understood: {line[:60]!r}")
        return cls(folder / name, digest)


@dataclass(frozen=True, slots=True)
class Dive:
    tag: str
    begun: int
    seconds: int
    deepest: float
    coldest: float
    ascent: float


class Archive:
    """Packed logs as the buoys left them."""

    def __init__(self, folder):
        self.folder = folder

    def digest(self, path):
        said = subprocess.run(["sha256sum", str(path)], capture_output=True, text=True)  # <- cost
        if said.returncode:
            raise BadLog(said.stderr.strip())
        return said.stdout.split()[0]

    def unpack(self, path):
        told = subprocess.run(["gzip", "-dc", str(path)], capture_output=True)  # <- cost
        if told.returncode:
            raise BadLog(f"{path.name}: {told.stderr.decode(errors='replace').strip()}")
        return told.stdout.decode("ascii", errors="replace")

    def open(self, arrival):
        if self.digest(arrival.path) != arrival.digest:  # <- cost
            raise BadLog(f"{arrival.path.name}: digest differs")
        return self.unpack(arrival.path)  # <- cost

    def drop(self, arrival):
        arrival.path.unlink(missing_ok=True)


class DiveFinder:
    """Cuts the samples of a log (second, metres, degrees) into dives."""

    def samples(self, text):
        head, *lines = text.splitlines()
        if not head.startswith("tag "):
            raise BadLog("no head")
        try:
            rows = [line.split(",") for line in lines]
            return head[4:], [(int(at), float(metres), float(degrees)) for at, metres, degrees in rows]
        except ValueError as error:
            raise BadLog(f"sample: {error}") from error

    def dives(self, text):
        tag, samples = self.samples(text)
        under = []
        for sample in samples:
            if sample[1] > SURFACE_M:
                under.append(sample)
            elif under:
                yield self.dive(tag, under)
                under = []
        if under:
            yield self.dive(tag, under)

    def dive(self, tag, under):
        begun, ended = under[0][0], under[-1][0]
        deepest = max(under, key=lambda sample: sample[1])
        ascent = deepest[1] / max(1, ended - deepest[0])
        return Dive(tag, begun, ended - begun, deepest[1], min(sample[2] for sample in under), round(ascent, 2))


class Book:
    """The dives of the day; a full one is put away, and the one before is dropped."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.rows = 0
        self.begin()

    def begin(self):
        self.out = open(self.path, "w", newline="", buffering=1 << 16)
        self.writer = csv.writer(self.out)

    def add(self, dives):
        rows = [(d.tag, d.begun, d.seconds, d.deepest, d.coldest, d.ascent) for d in dives]
        with self.lock:
            self.writer.writerows(rows)
            self.rows += len(rows)
            if self.rows >= BOOK_ROWS:
                self.out.close()
                shutil.move(self.path, f"{self.path}.before")
                self.rows = 0
                self.begin()


class Station:
    def __init__(self, folder):
        self.folder = folder
        self.archive = Archive(folder)
        self.finder = DiveFinder()
        self.book = Book("dives.csv")
        self.arrived = queue.Queue(maxsize=500)
        self.bad = 0
        self.done = 0

    def told(self, line):
        try:
            self.arrived.put_nowait(Arrival.parse(line, self.folder))
        except (BadLog, queue.Full):
            self.bad += 1

    def read(self):
        while True:
            arrival = self.arrived.get()
            try:
                self.book.add(list(self.finder.dives(self.archive.open(arrival))))
                self.done += 1
            except BadLog as error:
                self.bad += 1
                print(error, file=sys.stderr)
            finally:
                self.archive.drop(arrival)


class Radio(socketserver.StreamRequestHandler):
    """A buoy tells the names of logs, one a line."""

    def handle(self):
        for line in self.rfile:
            self.server.station.told(line)


def packed_logs():
    rng = random.Random(8)
    for number in range(40):
        lines, metres = [f"tag M{number:03d}"], 0.0
        for at in range(0, 400 * 15, 15):
            metres = max(0.0, metres + rng.gauss(0, 9) - (4 if metres > 60 else 0))
            lines.append(f"{at},{metres:.1f},{26 - metres / 14:.2f}")
        packed = gzip.compress("\n".join(lines).encode(), mtime=0)
        yield packed, hashlib.sha256(packed).hexdigest()


def buoys(folder, port):
    logs = list(packed_logs())
    wait_for(port)
    with socket.create_connection(("127.0.0.1", port)) as line:
        due = time.monotonic()
        for number in range(1 << 40):
            packed, digest = logs[number % len(logs)]
            path = folder / f"log-{number}.gz"
            path.write_bytes(packed)
            line.sendall(f"{path.name} {digest}\n".encode())
            due = max(due + 1 / LOGS_A_SECOND, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    folder = Path("logs")
    folder.mkdir()
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Radio)
    server.daemon_threads = True
    outside(lambda: buoys(folder, server.server_address[1]))
    server.station = station = Station(folder)
    for number in range(READERS):
        threading.Thread(target=station.read, name=f"reader-{number}", daemon=True).start()
    threading.Timer(2.0, lambda: print(f"ready {os.getpid()}", flush=True)).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
