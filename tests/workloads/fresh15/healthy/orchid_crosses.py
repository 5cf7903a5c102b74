# expect: healthy bench
# The stud book of an orchid nursery, in SQLite: growers ask for a plant, its parents, and the line of its pollen parents
# (each step must know the one before, three or four statements for an answer); seedlings that are pricked out come in one
# by one and are written many in one transaction, a second late at most. The names of the genera are kept in a cache that
# holds all of a nursery's genera at most; readers have a connection of their own each, kept as long as the grower's line.
#
# Measured: MEASURED
import http.client
import json
import logging
import os
import queue
import random
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

PLANTS = 30000
GENERA = 60
GENERATIONS = 3
SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE genera (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE plants (
    id INTEGER PRIMARY KEY, genus INTEGER NOT NULL, label TEXT NOT NULL, seed INTEGER, pollen INTEGER, year INTEGER
);
CREATE TABLE seedlings (id INTEGER PRIMARY KEY, plant INTEGER NOT NULL, tray INTEGER NOT NULL, pricked REAL NOT NULL);
CREATE INDEX seedlings_by_plant ON seedlings (plant);
"""
PLANT = "SELECT id, genus, label, seed, pollen, year FROM plants WHERE id = ?"
RAISED = "SELECT count(*) FROM seedlings WHERE plant = ?"


def nursery(path):
    dice = random.Random(3)
    book = sqlite3.connect(path)
    book.executescript(SCHEMA)
    book.executemany("INSERT INTO genera VALUES (?, ?)", ((at, f"genus {at}") for at in range(GENERA)))
    rows = []
    for at in range(1, PLANTS + 1):
        parents = (dice.randrange(1, at), dice.randrange(1, at)) if at > 50 else (None, None)
        rows.append((at, dice.randrange(GENERA), f"cross {at}", *parents, 1960 + at // 500))
    book.executemany("INSERT INTO plants VALUES (?, ?, ?, ?, ?, ?)", rows)
    book.commit()
    book.close()


class Pricking(threading.Thread):
    """Writes the seedlings that come in: the first one opens a batch, which is closed a second later."""

    def __init__(self, path):
        super().__init__(name="pricking", daemon=True)
        self.path = path
        self.incoming = queue.SimpleQueue()
        self.written = self.batches = 0

    def add(self, plant, tray):
        self.incoming.put((plant, tray, time.time()))

    def run(self):
        book = sqlite3.connect(self.path)
        while True:
            batch = [self.incoming.get()]
            time.sleep(1)
            while not self.incoming.empty():
                batch.append(self.incoming.get())
            with book:
                book.executemany("INSERT INTO seedlings (plant, tray, pricked) VALUES (?, ?, ?)", batch)
            self.written += len(batch)
            self.batches += 1


class StudBook:
    """One reader of the book."""

    def __init__(self, path):
        self.book = sqlite3.connect(path)
        self.genera = {}

    def genus(self, number):
        if number not in self.genera:
            found = self.book.execute("SELECT name FROM genera WHERE id = ?", (number,)).fetchone()
            self.genera[number] = found[0]
        return self.genera[number]

    def plant(self, number):
        return self.book.execute(PLANT, (number,)).fetchone()

    def told(self, number):
        found = self.plant(number)
        if found is None:
            return None
        line = []
        above = found
        while above[4] is not None and len(line) < GENERATIONS:
            above = self.plant(above[4])
            line.append({"label": above[2], "genus": self.genus(above[1]), "year": above[5]})
        raised = self.book.execute(RAISED, (number,)).fetchone()[0]
        return {"label": found[2], "genus": self.genus(found[1]), "pollen line": line, "raised": raised}

    def close(self):
        self.book.close()


class Bench(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    path_of_book = "stud.db"
    pricking = None
    counting = threading.Lock()
    answered = 0

    def setup(self):
        super().setup()
        self.stud_book = StudBook(self.path_of_book)

    def finish(self):
        super().finish()
        self.stud_book.close()

    def do_GET(self):
        self.answer(self.stud_book.told(int(self.path.rsplit("/", 1)[1])))

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        plant, tray = map(int, self.path.strip("/").split("/")[1:])
        self.pricking.add(plant, tray)
        self.answer({"tray": tray})

    def answer(self, told):
        body = json.dumps(told).encode()
        self.send_response(200 if told else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        with Bench.counting:
            Bench.answered += 1

    def log_message(self, *_):
        pass


def grower(port, period, first):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + first
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due += period
        plant = random.randrange(1, PLANTS)
        if random.random() < 0.3:
            connection.request("POST", f"/seedlings/{plant}/{random.randrange(400)}")
        else:
            connection.request("GET", f"/plants/{plant}")
        connection.getresponse().read()


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    nursery(Bench.path_of_book)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bench)
    server.daemon_threads = True
    for at in range(5):
        services.outside(lambda at=at: grower(server.server_port, 0.05, at * 0.01))
    Bench.pricking = Pricking(Bench.path_of_book)
    Bench.pricking.start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"ready {os.getpid()}", flush=True)
    while True:
        time.sleep(10)
        pricking = Bench.pricking
        said = "%d answers, %d seedlings in %d batches, cpu %.1f s"
        logging.info(said, Bench.answered, pricking.written, pricking.batches, time.process_time())


if __name__ == "__main__":
    main()
