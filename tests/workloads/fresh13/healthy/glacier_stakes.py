# expect: healthy bench
"""Gathers the ablation stakes of a glacier survey: twice a second 20 data loggers are asked at once, on connections that are
kept by the threads of the pool, melt is worked out by degree days, and the round is stored in one transaction of SQLite.

Measured: about a hundredth of a core; one commit and no new connection a round.
"""

import contextlib
import http.client
import json
import math
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import services

LOGGERS = [(f"stake-{number:02}", 2450 + number * 37) for number in range(20)]
KEEP_ROUNDS = 600
SETUP = """
CREATE TABLE melt (round INTEGER, stake TEXT, celsius REAL, millimetres REAL, PRIMARY KEY (round, stake)) WITHOUT ROWID
"""


def logger_answer(path):
    """A data logger behind a satellite modem."""
    time.sleep(0.03)
    draw = random.Random(path + str(time.time() // 1))
    hours = [round(draw.gauss(1.5, 3), 2) for _ in range(48)]
    return json.dumps({"stake": path.rpartition("/")[2], "celsius": hours, "battery": 12.4}).encode()


class Modem:
    """Calls to the loggers: each thread keeps a connection of its own."""

    def __init__(self, port):
        self.port = port
        self.mine = threading.local()

    def read(self, stake):
        for attempt in (1, 2):
            connection = getattr(self.mine, "connection", None)
            if connection is None:
                connection = self.mine.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", f"/loggers/{stake}")
                return json.loads(connection.getresponse().read())
            except (OSError, http.client.HTTPException):
                connection.close()
                self.mine.connection = None
                if attempt == 2:
                    raise
        raise AssertionError


def melt(hours, altitude):
    """Millimetres of water in two days, by degree hours with a daily course of radiation."""
    total = 0.0
    lapse = (altitude - 2450) * 0.0065
    for hour, celsius in enumerate(hours):
        radiation = max(0.0, math.sin((hour % 24 - 6) / 12 * math.pi))
        for quarter in range(4):
            warm = celsius - lapse + 0.3 * radiation * quarter
            if warm > 0:
                total += warm * (0.045 + 0.02 * radiation) / 4
    return total


class Archive:
    """The newest rounds, in a file."""

    def __init__(self, folder):
        self.database = sqlite3.connect(folder / "melt.sqlite")
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.execute(SETUP)

    def store(self, number, rows):
        with self.database:
            self.database.executemany("INSERT INTO melt VALUES (?, ?, ?, ?)", [(number, *row) for row in rows])
            self.database.execute("DELETE FROM melt WHERE round = ?", (number - KEEP_ROUNDS,))

    def mean(self, number):
        return self.database.execute("SELECT avg(millimetres) FROM melt WHERE round = ?", (number,)).fetchone()[0]


def ask(modem, stake, altitude):
    said = modem.read(stake)
    hours = said["celsius"]
    return stake, sum(hours) / len(hours), melt(hours, altitude)


def one_round(pool, modem, archive, number):
    rows = []
    for asked in [pool.submit(ask, modem, stake, altitude) for stake, altitude in LOGGERS]:
        with contextlib.suppress(OSError, http.client.HTTPException):
            rows.append(asked.result())
    archive.store(number, rows)
    if (archive.mean(number) or 0) > 40:
        print(f"round {number}: strong melt", file=sys.stderr)


def main():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    modem = Modem(services.http_service(logger_answer))
    archive = Archive(Path(tempfile.mkdtemp(prefix="stakes-")))
    with ThreadPoolExecutor(len(LOGGERS), "logger") as pool:
        one_round(pool, modem, archive, 0)
        print("ready", os.getpid(), flush=True)
        due = time.monotonic()
        for number in range(1, 1 << 40):
            due = max(due + 0.5, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
            one_round(pool, modem, archive, number)


if __name__ == "__main__":
    main()
