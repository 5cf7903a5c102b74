# bench: healthy
# A library of crochet patterns: crafters look a pattern up, get its chart as SVG (packed, if they can unpack it), how
# much yarn it takes, and rate it. A server with eight threads of its own on a listening socket, SQLite behind it.
#
# Looks costly, and is as it should be: a lock around a small cache that is hardly waited for, a cache that is bounded
# and misses now and then, one query with a join for a pattern and its rounds, a connection for each thread, one
# commit for a rating (WAL, not synchronised each time), a chart that is put together from parts and joined once.
# Measured: 300 requests a second, 1 ms each, 7 % of a core.
import gzip
import json
import logging
import math
import os
import queue
import random
import re
import socket
import sqlite3
import sys
import threading
import time
from collections import OrderedDict
from contextlib import closing
from http.server import BaseHTTPRequestHandler

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients  # noqa: E402
import services  # noqa: E402

log = logging.getLogger("crochet")

PATTERNS = 300
THREADS = 8
CHARTS_KEPT = 64
YARN = {"chain": 1.1, "single": 2.4, "half": 3.1, "double": 4.2, "treble": 5.6}  # centimetres a stitch
SIGNS = {"chain": "o", "single": "x", "half": "T", "double": "F", "treble": "E"}

SCHEMA = """
CREATE TABLE pattern (id INTEGER PRIMARY KEY, name TEXT NOT NULL, hook REAL NOT NULL, stars INTEGER NOT NULL DEFAULT 0,
    ratings INTEGER NOT NULL DEFAULT 0);
CREATE TABLE round (pattern INTEGER NOT NULL REFERENCES pattern, number INTEGER NOT NULL, stitch TEXT NOT NULL,
    count INTEGER NOT NULL, PRIMARY KEY (pattern, number)) WITHOUT ROWID;
"""


class Unknown(LookupError):
    pass


class Library:
    """Patterns in SQLite; a connection for each thread."""

    def __init__(self, path):
        self.path = path
        self._own = threading.local()

    @property
    def connection(self):
        if not hasattr(self._own, "connection"):
            self._own.connection = sqlite3.connect(self.path, timeout=5)
            self._own.connection.execute("PRAGMA synchronous=NORMAL")
        return self._own.connection

    def fill(self):
        rng = random.Random(12)
        with closing(sqlite3.connect(self.path)) as first, first:
            first.execute("PRAGMA journal_mode=WAL")
            first.executescript(SCHEMA)
            names = ((n, f"Doily No. {n}", rng.choice((1.25, 1.5, 2.0))) for n in range(PATTERNS))
            first.executemany("INSERT INTO pattern (id, name, hook) VALUES (?, ?, ?)", names)
            first.executemany(
                "INSERT INTO round VALUES (?, ?, ?, ?)",
                (
                    (n, ring, rng.choice(list(YARN)), 6 + 6 * ring)
                    for n in range(PATTERNS)
                    for ring in range(rng.randrange(8, 13))
                ),
            )

    def pattern(self, number):
        """Name, hook and rounds of a pattern."""
        rows = self.connection.execute(
            "SELECT p.name, p.hook, r.stitch, r.count FROM pattern p JOIN round r ON r.pattern = p.id"
            " WHERE p.id = ? ORDER BY r.number",
            (number,),
        ).fetchall()
        if not rows:
            raise Unknown(f"pattern {number}")
        return rows[0][0], rows[0][1], [(stitch, count) for _, _, stitch, count in rows]

    def rate(self, number, stars):
        with self.connection as connection:
            connection.execute(
                "UPDATE pattern SET stars = stars + ?, ratings = ratings + 1 WHERE id = ?", (stars, number)
            )


class Charts:
    """The charts that were asked for lately."""

    def __init__(self, library, size):
        self.library = library
        self.size = size
        self._lock = threading.Lock()
        self._drawn = OrderedDict()

    def chart(self, number):
        with self._lock:
            if drawn := self._drawn.get(number):
                self._drawn.move_to_end(number)
                return drawn
        drawn = draw(*self.library.pattern(number)).encode()
        drawn = drawn, gzip.compress(drawn, 5)
        with self._lock:
            self._drawn[number] = drawn
            if len(self._drawn) > self.size:
                self._drawn.popitem(last=False)
        return drawn


def draw(name, hook, rounds):
    step = 9 * hook
    half = step * (len(rounds) + 2)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-half} {-half} {2 * half} {2 * half}">']
    parts.append(f"<title>{name}, hook {hook} mm</title>")
    for ring, (stitch, count) in enumerate(rounds, 1):
        sign, radius = SIGNS[stitch], step * ring
        for place in range(count):
            angle = 2 * math.pi * place / count
            x, y = radius * math.cos(angle), radius * math.sin(angle)
            parts.append(f'<text x="{x:.1f}" y="{y:.1f}" transform="rotate({math.degrees(angle):.0f})">{sign}</text>')
    parts.append("</svg>")
    return "\n".join(parts)


def yarn(name, hook, rounds):
    metres = sum(YARN[stitch] * count for stitch, count in rounds) * (0.7 + 0.2 * hook) / 100
    return {"name": name, "metres": round(metres, 2), "rounds": len(rounds), "stitches": sum(c for _, c in rounds)}


class Shelf(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 20
    library = None
    charts = None
    route = re.compile(r"/patterns/(\d+)/(chart|yarn|rate/([1-5]))")

    def do_GET(self):
        match = self.route.fullmatch(self.path)
        if match is None:
            return self.reply(404, b"no such page")
        number = int(match[1])
        try:
            if match[2] == "chart":
                plain, packed = self.charts.chart(number)
                able = "gzip" in self.headers.get("Accept-Encoding", "")
                self.reply(200, packed if able else plain, "image/svg+xml", "gzip" if able else None)
            elif match[2] == "yarn":
                self.reply(200, json.dumps(yarn(*self.library.pattern(number))).encode())
            else:
                self.library.rate(number, int(match[3]))
                self.reply(200, b"{}")
        except Unknown as error:
            self.reply(404, str(error).encode())

    def reply(self, status, body, kind="application/json", coding=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if coding:
            self.send_header("Content-Encoding", coding)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server:
    """Eight threads, each of which serves one connection at a time."""

    def __init__(self, threads):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listening.getsockname()[1]
        self.accepted = queue.Queue(maxsize=64)
        for number in range(threads):
            threading.Thread(target=self.serve, name=f"shelf-{number}", daemon=True).start()

    def serve(self):
        while True:
            connection, address = self.accepted.get()
            with connection:
                try:
                    Shelf(connection, address, self)
                except OSError as error:
                    log.info("%s: %s", address, error)

    def run(self):
        while True:
            self.accepted.put(self.listening.accept())


def main():
    library = Library("patterns.db")
    library.fill()
    Shelf.library, Shelf.charts = library, Charts(library, CHARTS_KEPT)
    server = Server(THREADS)
    rng = random.Random(3)
    popular = [f"/patterns/{min(PATTERNS - 1, int(rng.expovariate(1 / 30)))}/chart" for _ in range(300)]
    facts = [f"/patterns/{rng.randrange(PATTERNS)}/yarn" for _ in range(100)]
    stars = [f"/patterns/{rng.randrange(PATTERNS)}/rate/{rng.randrange(1, 6)}" for _ in range(15)]
    services.outside(lambda: clients.come(server.port, popular + facts + stars, rate=300, workers=6))
    threading.Thread(target=server.run, daemon=True).start()
    time.sleep(2)
    print(f"ready {os.getpid()}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
