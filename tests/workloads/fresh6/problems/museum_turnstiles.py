# expect: pattern=connection-per-request bench
"""Opens the turnstiles of a museum: each scan of a ticket is looked up in the ticket office's database and used up
there, so that no ticket lets two visitors in; the halls are counted, and a full hall makes its turnstile wait.

Measured: a scan takes 8 ms (40 to 97 on a busy machine), and 1 ms of CPU without the server's; 0.6 ms (1 to 9) and
0.3 ms of CPU in the twin; 180 scans a second.
"""

import collections
import logging
import os
import random
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

sys.path.append(str(Path(__file__).parents[2]))
import services

HALLS = ("antiquity", "armour", "clocks", "costume", "prints", "whales")
TICKETS, SCANS_A_SECOND, ROOM = 20_000, 30, 240
SCHEMA = (
    "create table ticket (code text primary key, kind text not null, entries integer not null, used_at timestamptz)",
    "insert into ticket select 'T' || n, (array['adult', 'child', 'member'])[1 + n % 3], 3"
    f" from generate_series(1, {TICKETS}) n",
    "insert into ticket select 'X' || n, 'day', 0 from generate_series(1, 200) n",
    "analyze ticket",
)
USE = """
    update ticket set entries = case when entries > 1 then entries - 1 else 3 end, used_at = now()
    where code = %s and entries > 0 returning kind
"""
logging.basicConfig(filename="turnstiles.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


@dataclass(frozen=True, slots=True)
class Verdict:
    open: bool
    sign: str


class TicketOffice:
    """The database of the ticket office."""

    def __init__(self, port):
        self.where = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"

    def use(self, code):
        """Use a ticket up; its kind, or None if it is not valid."""
        with psycopg.connect(self.where, autocommit=True) as connection:  # <- cost
            found = connection.execute(USE, (code,)).fetchone()
        return found[0] if found else None


class Hall:
    """The visitors of a hall: those who came in, until they have seen enough."""

    def __init__(self, name):
        self.name = name
        self._leaves = collections.deque()
        self._lock = threading.Lock()

    def full(self):
        with self._lock:
            now = time.monotonic()
            while self._leaves and self._leaves[0] < now:
                self._leaves.popleft()
            return len(self._leaves) >= ROOM

    def enter(self):
        with self._lock:
            self._leaves.append(time.monotonic() + 4)

    def __len__(self):
        return len(self._leaves)


class Turnstile(threading.Thread):
    """One turnstile: takes the scans of its reader as they come."""

    def __init__(self, hall, office, seed):
        super().__init__(name=f"turnstile {hall.name}", daemon=True)
        self.hall = hall
        self.office = office
        self.passed = collections.Counter()
        self.seconds = 0.0
        self._chance = random.Random(seed)

    def scans(self):
        due = time.monotonic() + self._chance.random()
        while True:
            due = max(due + 1 / SCANS_A_SECOND, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))
            number = self._chance.randrange(TICKETS) + 1
            yield f"X{number % 200 + 1}" if number % 40 == 0 else f"T{number}"

    def judge(self, code):
        if self.hall.full():
            return Verdict(False, "please wait")
        kind = self.office.use(code)  # <- cost
        if kind is None:
            return Verdict(False, "not valid")
        self.hall.enter()
        self.passed[kind] += 1
        return Verdict(True, "welcome back" if kind == "member" else "welcome")

    def run(self):
        for code in self.scans():
            began = time.monotonic()
            try:
                verdict = self.judge(code)  # <- cost
            except psycopg.Error as problem:
                logging.warning("%s: %s", self.name, problem)
                continue
            self.seconds += time.monotonic() - began
            self.passed[verdict.sign] += 1


def main():
    office = TicketOffice(services.postgres(*SCHEMA))
    turnstiles = [Turnstile(Hall(name), office, seed) for seed, name in enumerate(HALLS)]
    for turnstile in turnstiles:
        turnstile.start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(2)
        passed = sum((turnstile.passed for turnstile in turnstiles), collections.Counter())
        scans = passed["welcome"] + passed["welcome back"] + passed["not valid"] + passed["please wait"]
        each = sum(turnstile.seconds for turnstile in turnstiles) / max(1, scans)
        logging.info("%d scans, %.1f ms each, %s", scans, each * 1000, dict(passed))


main()
