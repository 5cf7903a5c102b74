# expect: healthy bench
# The eel ladders of a river: at each weir an antenna reads the tags of the eels that climb by, and biologists ask where
# a tagged eel was read last, how long it took from weir to weir, and whether it is late for the sea.
#
# Measured: MEASURED
import contextlib
import http.client
import json
import logging
import os
import queue
import random
import shutil
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pg8000.native

sys.path.append(str(Path(__file__).parents[2]))
import services

EELS = 12000
SCHEMA = (
    "CREATE TABLE weirs (id int PRIMARY KEY, name text NOT NULL, km real NOT NULL)",
    "CREATE TABLE passes (id int PRIMARY KEY, tag text NOT NULL, weir int NOT NULL, at int NOT NULL, volts real)",
    "INSERT INTO weirs SELECT n, 'weir ' || n, n * 7.5 FROM generate_series(0, 17) n",
    "INSERT INTO passes SELECT n, CASE WHEN n % 3 = 0 THEN 'eel-' ELSE 'EEL-' END || to_hex(n * 7919 % 12000),"
    " n * 31 % 18, n * 13, 3 + n % 11 FROM generate_series(1, 200000) n",
    "CREATE INDEX passes_by_tag ON passes (upper(tag), at)",
    "CREATE INDEX passes_by_weir ON passes (weir, at)",
    "ALTER SYSTEM SET max_parallel_workers_per_gather = 0",
    "SELECT pg_reload_conf()",
    "ANALYZE",
)
LAST = (
    "SELECT w.name, w.km, p.at FROM passes p JOIN weirs w ON w.id = p.weir"
    " WHERE upper(p.tag) = $1 ORDER BY p.at DESC LIMIT 12"
)
WEIR = "SELECT count(*), max(at) FROM passes WHERE weir = $1 AND at > $2"


class River:
    """The register of passes, through a few connections that are kept, with their statements prepared."""

    def __init__(self, port, connections):
        self.free = queue.LifoQueue()
        for _ in range(connections):
            connection = pg8000.native.Connection("postgres", host="127.0.0.1", port=port)
            prepared = {text: self._prepare(connection, text) for text in (LAST, WEIR)}
            self.free.put(prepared)

    @staticmethod
    def _prepare(connection, text):
        named = text.replace("$1", ":first").replace("$2", ":second")
        return connection.prepare(named)

    @contextlib.contextmanager
    def borrowed(self):
        prepared = self.free.get()
        try:
            yield prepared
        finally:
            self.free.put(prepared)

    def rows(self, text, **values):
        with self.borrowed() as prepared:
            return prepared[text].run(**values)


class Biology:
    """What is told of an eel and of a weir."""

    def __init__(self, river):
        self.river = river

    def journey(self, tag):
        passed = self.river.rows(LAST, first=tag.upper())
        legs = []
        for (name, km, at), (_, before_km, before) in zip(passed, passed[1:]):
            legs.append({"weir": name, "hours": round((at - before) / 3600, 2), "km": round(abs(km - before_km), 1)})
        slow = sum(leg["hours"] > 30 for leg in legs)
        return {"tag": tag, "last": passed[0][0] if passed else None, "legs": legs, "late": slow > len(legs) / 2}

    def weir(self, number):
        count, latest = self.river.rows(WEIR, first=int(number), second=2_590_000)[0]
        return {"weir": number, "passes": count, "latest": latest}


class Counter:
    def __init__(self):
        self.lock = threading.Lock()
        self.told, self.spent = 0, 0.0

    def add(self, seconds):
        with self.lock:
            self.told += 1
            self.spent += seconds


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    biology = None
    counter = Counter()

    def do_GET(self):
        began = time.perf_counter()
        kind, word = self.path.strip("/").split("/")
        answer = {"eels": self.biology.journey, "weirs": self.biology.weir}[kind](word)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.counter.add(time.perf_counter() - began)

    def log_message(self, *_):
        pass


def biologist(port, period, first):
    """Asks every ``period`` seconds, mostly for an eel."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + first
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due += period
        eel = f"/eels/eel-{random.randrange(EELS):x}"
        connection.request("GET", eel if random.random() < 0.8 else f"/weirs/{random.randrange(18)}")
        connection.getresponse().read()


def prepare_folder():
    """The database server runs as a user of its own: its folder must be its own, and within reach."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    prepare_folder()
    database = services.postgres(*SCHEMA)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    server.daemon_threads = True
    for at in range(4):
        services.outside(lambda at=at: biologist(server.server_port, 0.5, at * 0.125))
    Desk.biology = Biology(River(database, 4))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"ready {os.getpid()}", flush=True)
    while True:
        time.sleep(10)
        told, spent = Desk.counter.told, Desk.counter.spent
        logging.info("%d answers, %.1f ms each, cpu %.1f s", told, 1000 * spent / max(1, told), time.process_time())


if __name__ == "__main__":
    main()
