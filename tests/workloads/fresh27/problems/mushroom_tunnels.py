# expect: pattern=sync-write bench
"""Gateway of a mushroom farm: probes in the growing tunnels report air and compost, the gateway keeps all of it.

Four concentrators hold a line open and send the readings of their probes. The readings go to a local database, from
which the climate computer and the morning report read; a summary of each tunnel is kept in memory.

Measured: at 440 readings a second 0.06 to 0.4 cores, 6000 writes and 13 MB a second; with others at the disk it only
keeps up with 250 a second and 2000 wait (8 s); mended 0.02 cores, 175 writes and 0.4 MB a second, none wait.
"""

import os
import queue
import random
import socket
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

CONCENTRATORS = 4
PROBES = 48
RATE = 110  # readings a second and concentrator
KEEP_SECONDS = 600
LIMITS = {"co2": (400, 5000), "air": (5, 30), "compost": (10, 45), "humidity": (40, 100)}

SCHEMA = """
create table if not exists readings (
    probe integer not null, kind text not null, at real not null, value real not null, ok integer not null);
create index if not exists readings_by_probe on readings (probe, kind, at);
create table if not exists offenders (probe integer primary key, count integer not null);
"""


class Store(threading.Thread):
    """The one thread that writes to the database."""

    def __init__(self, path, incoming):
        super().__init__(daemon=True, name="store")
        self.path = path
        self.incoming = incoming
        self.stored = 0

    def run(self):
        db = sqlite3.connect(self.path)
        db.executescript(SCHEMA)
        cleaned = time.monotonic()
        while True:  # <- cost
            reading = self.incoming.get()
            self.save(db, reading)  # <- cost
            if time.monotonic() - cleaned > 30:
                self.clean(db)
                cleaned = time.monotonic()

    def save(self, db, reading):
        db.execute("insert into readings values (?, ?, ?, ?, ?)", reading)
        if not reading[4]:
            db.execute(
                "insert into offenders values (?, 1) on conflict (probe) do update set count = count + 1", reading[:1]
            )
        db.commit()  # <- cost
        self.stored += 1

    def clean(self, db):
        db.execute("delete from readings where at < ?", (time.time() - KEEP_SECONDS,))
        db.commit()


class Tunnels:
    """The last values, for the display at the door."""

    def __init__(self):
        self.lock = threading.Lock()
        self.last = {}

    def take(self, probe, kind, at, value):
        with self.lock:
            self.last[probe, kind] = (at, value)

    def summary(self):
        with self.lock:
            values = list(self.last.items())
        found = {}
        for (probe, kind), (_, value) in values:
            found.setdefault((probe // 8, kind), []).append(value)
        return {where: sum(values) / len(values) for where, values in found.items()}


def parse(line):
    probe, kind, at, value = line.split(b";")
    kind = kind.decode()
    value = float(value)
    low, high = LIMITS[kind]
    return int(probe), kind, float(at), value, int(low <= value <= high)


def serve(connection, tunnels, incoming):
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            try:
                reading = parse(line)
            except (ValueError, KeyError):
                continue
            tunnels.take(*reading[:4])
            incoming.put(reading)


def accept(listening, tunnels, incoming):
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=serve, args=(connection, tunnels, incoming), daemon=True).start()


def concentrator(port, number):
    """(The farm's hardware.)"""
    kinds = list(LIMITS)
    with socket.create_connection(("127.0.0.1", port)) as line:
        due = time.monotonic()
        while True:
            text = ""
            for _ in range(5):
                probe = number * PROBES + random.randrange(PROBES)
                kind = random.choice(kinds)
                low, high = LIMITS[kind]
                value = random.uniform(low, high) * random.choice((1, 1, 1, 1.02))
                text += f"{probe};{kind};{time.time():.3f};{value:.2f}\n"
            line.sendall(text.encode())
            due += 5 / RATE
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    tunnels, incoming = Tunnels(), queue.Queue(maxsize=2000)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        for number in range(CONCENTRATORS):
            services.outside(lambda number=number: concentrator(port, number))
        store = Store("tunnels.db", incoming)
        store.start()
        threading.Thread(target=accept, args=(listening, tunnels, incoming), daemon=True).start()
        while store.stored < 200:
            time.sleep(0.05)
        print("ready", os.getpid(), flush=True)
        while True:
            time.sleep(10)
            rate, waiting = store.stored / 10, incoming.qsize()
            store.stored = 0
            with open("status.txt", "w") as status:
                status.write(f"{rate:.0f} readings/s, {waiting} waiting\n")
                status.writelines(f"{tunnel} {kind} {mean:.2f}\n" for (tunnel, kind), mean in tunnels.summary().items())


if __name__ == "__main__":
    main()
