# expect: healthy bench
"""The zoetrope of a children's museum: at drawing tables children draw twelve small pictures, which are set around a
disc and printed. A service takes the drawings by HTTP, renders in a pool of threads, and hands discs to the printers.

Measured: 44 drawings a second of 61 KiB each, 2.7 MiB/s of growth; the twin stays at 29 MiB. 7 % of a core in both.
"""

import http.client
import json
import os
import random
import re
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Full, Queue

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
from services import outside  # noqa: E402

FRAMES = 12
SIDE = 24  # of a drawing, in dots; a drawing is one byte of ink for each
SCALE = 3
TABLES = 4
DRAWINGS_A_SECOND = 44
SPOOLED = 12
JOBS_KEPT = 100

INKS = {"sepia": 0, "indigo": 1, "madder": 2, "verdigris": 3}


class BadDrawing(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class Drawing:
    table: str
    ink: int
    frames: list[bytes]

    @classmethod
    def parse(cls, raw):
        head, _, dots = raw.partition(b"\n")
        try:
            told = json.loads(head)
            ink = INKS[told["ink"]]
        except (ValueError, KeyError, TypeError) as error:
            raise BadDrawing(f"head: {error}") from error
        if len(dots) != FRAMES * SIDE * SIDE:
            raise BadDrawing(f"{len(dots)} dots")
        return cls(str(told["table"])[:20], ink, [dots[at : at + SIDE * SIDE] for at in range(0, len(dots), SIDE**2)])


@dataclass(slots=True)
class Disc:
    number: int
    table: str
    bitmap: bytes
    check: int
    blank: int


@dataclass
class Figures:
    rendered: int = 0
    printed: int = 0
    skipped: int = 0
    by_table: dict[str, int] = field(default_factory=dict)

    def count(self, disc):
        self.rendered += 1
        self.by_table[disc.table] = self.by_table.get(disc.table, 0) + 1


class Renderer:
    """Blows drawings up to the dots of the printer, and sets them around the disc."""

    def __init__(self):
        self.curves = [bytes(min(255, dot * (4 + ink) // 4) for dot in range(256)) for ink in range(len(INKS))]

    def frame(self, dots, curve, mirrored):
        dots = dots.translate(curve)
        rows = []
        for at in range(0, len(dots), SIDE):
            row = dots[at : at + SIDE][:: -1 if mirrored else 1]
            wide = bytearray(SIDE * SCALE)
            for offset in range(SCALE):
                wide[offset::SCALE] = row
            rows.extend([wide] * SCALE)
        return b"".join(rows)

    def render(self, number, drawing):
        curve = self.curves[drawing.ink]
        placed = [self.frame(dots, curve, at % 2 == 1) for at, dots in enumerate(drawing.frames)]
        bitmap = b"".join(placed)
        blank = sum(1 for dots in drawing.frames if not any(dots))
        return Disc(number, drawing.table, bitmap, zlib.crc32(bitmap), blank)


class Printers(threading.Thread):
    """Writes the discs into the spool of the printers, which holds the newest few."""

    def __init__(self, figures):
        super().__init__(name="printers", daemon=True)
        self.figures = figures
        self.queue = Queue(maxsize=32)
        self.spool = Path("spool")
        self.spool.mkdir(exist_ok=True)

    def give(self, disc):
        try:
            self.queue.put_nowait(disc)
        except Full:
            self.figures.skipped += 1

    def run(self):
        while True:
            try:
                disc = self.queue.get(timeout=30)
            except Empty:
                continue
            head = f"{disc.number} {disc.table} {disc.check:08x}\n".encode()
            (self.spool / f"slot-{disc.number % SPOOLED}.disc").write_bytes(head + zlib.compress(disc.bitmap, 1))
            self.figures.printed += 1


class Studio:
    """Jobs by number: tables ask how theirs stands until it is printed."""

    def __init__(self, printers, figures):
        self.printers = printers
        self.figures = figures
        self.renderer = Renderer()
        self.pool = ThreadPoolExecutor(2, thread_name_prefix="render")
        self.lock = threading.Lock()
        self.jobs = {}
        self.number = 0

    def submit(self, drawing):
        with self.lock:
            self.number += 1
            number = self.number
            job = self.pool.submit(self.work, number, drawing)
            self.jobs[number] = job
            self.jobs.pop(number - JOBS_KEPT, None)
        return number

    def work(self, number, drawing):
        disc = self.renderer.render(number, drawing)
        self.figures.count(disc)
        self.printers.give(disc)
        return disc

    def state(self, number):
        job = self.jobs.get(number)
        if job is None:
            return None
        if not job.done():
            return {"job": number, "state": "waiting"}
        if error := job.exception():
            return {"job": number, "state": "failed", "why": str(error)}
        disc = job.result()
        return {"job": number, "state": "done", "check": disc.check, "blank": disc.blank}


class Counter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    studio = None
    job = re.compile(r"/jobs/(\d+)")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.reply(202, {"job": self.studio.submit(Drawing.parse(body))})
        except BadDrawing as error:
            self.reply(400, {"error": str(error)})

    def do_GET(self):
        asked = self.job.fullmatch(self.path)
        state = self.studio.state(int(asked[1])) if asked else None
        self.reply(200 if state else 404, state)

    def reply(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def tables(port):
    """Children: a drawing, and a moment later a look at how the disc stands."""
    rng = random.Random(5)
    bodies = []
    for number in range(24):
        head = json.dumps({"table": f"table-{number % 9}", "ink": rng.choice(list(INKS))}).encode()
        bodies.append(head + b"\n" + bytes(rng.choices((0, 0, 0, 90, 200), k=FRAMES * SIDE * SIDE)))

    def work(number):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        due = time.monotonic() + number / DRAWINGS_A_SECOND
        for at in range(number, 1 << 40, TABLES):
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + TABLES / DRAWINGS_A_SECOND, time.monotonic() - 1)
            connection.request("POST", "/jobs", bodies[at % len(bodies)])
            job = json.loads(connection.getresponse().read())["job"]
            if at % 3 == 0:
                time.sleep(0.02)
                connection.request("GET", f"/jobs/{job}")
                connection.getresponse().read()

    clients.crowd(work, TABLES)


def main():
    figures = Figures()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    server.daemon_threads = True
    outside(lambda: tables(server.server_port))
    printers = Printers(figures)
    printers.start()
    Counter.studio = Studio(printers, figures)
    threading.Timer(3.0, lambda: print(f"ready {os.getpid()}", flush=True)).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
