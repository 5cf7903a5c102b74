# expect: pattern=slow-dependency bench
"""Judges the alarms of an electricity grid: asks the database what a meter said of late, and tells the crews which of
the alarms are outages. A thread hears the alarms, one judges them, one tells.

Measured: of 100 alarms a second 21 are judged, each after 48 ms at the database; in the twin all of them, 1 ms each.
"""

import collections
import logging
import os
import queue
import random
import sys
import threading
import time
from pathlib import Path

import psycopg

sys.path.append(str(Path(__file__).parents[2]))
import services

METERS, READINGS, FEEDERS = 3000, 400_000, 24
LEAST_VOLTS = 207.0
logging.basicConfig(filename="outages.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)

SCHEMA = (
    "create table readings (meter int not null, taken timestamptz not null, volts real, amperes real)",  # <- cost
    f"""insert into readings select (n::bigint * 7919) % {METERS}, timestamptz '2026-03-01' + n * interval '2 seconds',
        (case when n % 17 = 0 then 180 else 225 end) + n % 9, n % 40 from generate_series(1, {READINGS}) n""",
    "analyze readings",
)
RECENT = """
    select volts, amperes from readings where meter = %s
    order by taken desc limit 12
"""  # <- cost


class Alarms:
    """Meters that say that something is wrong: about a hundred a second."""

    def __init__(self, waiting):
        self._waiting = waiting
        self.missed = 0

    def listen(self):
        chance = random.Random(5)
        while True:
            time.sleep(0.01)
            try:
                self._waiting.put_nowait((time.monotonic(), chance.randrange(METERS)))
            except queue.Full:
                self.missed += 1


class Judge:
    def __init__(self, port, waiting):
        self._connection = psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=postgres", autocommit=True)
        self._waiting = waiting
        self._lock = threading.Lock()
        self._outages = collections.Counter()
        self.judged, self.waited = 0, 0.0

    def recent(self, meter):
        return self._connection.execute(RECENT, (meter,)).fetchall()  # <- cost

    def judge(self, meter):
        """Whether it is an outage: the volts are low on average, or missing."""
        said = [volts for volts, _ in self.recent(meter) if volts is not None]  # <- cost
        return not said or sum(said) / len(said) < LEAST_VOLTS

    def run(self):
        while True:
            came, meter = self._waiting.get()
            out = self.judge(meter)
            with self._lock:
                self.judged += 1
                self.waited += time.monotonic() - came
                if out:
                    self._outages[meter % FEEDERS] += 1

    def take(self):
        """The outages since the last time, the worst feeder first."""
        with self._lock:
            taken, self._outages = self._outages.most_common(), collections.Counter()
            return taken, self.judged, self.waited


def tell(alarms, judge):
    began = time.monotonic()
    with open("crews.txt", "w") as crews:
        while True:
            time.sleep(1)
            outages, judged, waited = judge.take()
            crews.seek(0)
            crews.truncate()
            crews.writelines(f"feeder {feeder}: {count} outages\n" for feeder, count in outages)
            crews.flush()
            rate = judged / (time.monotonic() - began)
            logging.info("%.1f a second, %.0f ms each, %d missed", rate, 1000 * waited / max(1, judged), alarms.missed)


def main():
    port = services.postgres(*SCHEMA)  # <- cost
    waiting = queue.Queue(maxsize=50)
    alarms, judge = Alarms(waiting), Judge(port, waiting)
    for work in (alarms.listen, judge.run):
        threading.Thread(target=work, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    tell(alarms, judge)


main()
