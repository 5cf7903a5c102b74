# expect: healthy bench
"""The job scheduler of a window cleaning company: crews' rounds, reminders, invoices and backups at their times.

Jobs are kept in order of their time; one thread sleeps until the next is due, a small pool runs them. What ran goes
to a database. Most of the time nothing is due.
"""

import heapq
import itertools
import json
import logging
import os
import queue
import random
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

RUNNERS = 3
STREETS = 400
RUNS_KEPT = 5000

log = logging.getLogger("window_cleaners")


@dataclass(order=True)
class Job:
    due: float
    tie: int
    name: str = field(compare=False)
    every: float = field(compare=False)
    do: object = field(compare=False)


class Scheduler:
    """Runs each job at its time, again and again; a job never overlaps itself."""

    def __init__(self, runners, finished):
        self.jobs = []
        self.changed = threading.Condition()
        self.ties = itertools.count()
        self.pool = ThreadPoolExecutor(runners, thread_name_prefix="runner")
        self.finished = finished

    def add(self, name, every, do, first=None):
        due = time.monotonic() + (every if first is None else first)
        self._push(Job(due, next(self.ties), name, every, do))

    def _push(self, job):
        with self.changed:
            heapq.heappush(self.jobs, job)
            if self.jobs[0] is job:
                self.changed.notify()

    def _next(self):
        """The next job, once it is due."""
        with self.changed:
            while True:
                if not self.jobs:
                    self.changed.wait()
                    continue
                left = self.jobs[0].due - time.monotonic()
                if left <= 0:
                    return heapq.heappop(self.jobs)
                self.changed.wait(left)

    def _run(self, job):
        begun = time.monotonic()
        try:
            said = job.do()
        except Exception as error:
            log.exception("%s failed", job.name)
            said = f"failed: {error}"
        self.finished.put((job.name, time.time(), time.monotonic() - begun, str(said)))
        job.due = max(job.due + job.every, time.monotonic())
        self._push(job)

    def run(self):
        while True:
            self.pool.submit(self._run, self._next())


class Journal(threading.Thread):
    """Writes what ran, in batches."""

    def __init__(self):
        super().__init__(name="journal", daemon=True)
        self.finished = queue.SimpleQueue()

    def run(self):
        database = sqlite3.connect("journal.db")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE IF NOT EXISTS runs (name TEXT, at REAL, seconds REAL, said TEXT)")
        while True:
            batch = [self.finished.get()]
            time.sleep(2)  # more come meanwhile
            while not self.finished.empty():
                batch.append(self.finished.get())
            with database:
                database.executemany("INSERT INTO runs VALUES (?, ?, ?, ?)", batch)
                database.execute("DELETE FROM runs WHERE rowid <= (SELECT max(rowid) FROM runs) - ?", (RUNS_KEPT,))


class Rounds:
    """The streets, and when their windows were cleaned."""

    def __init__(self):
        chance = random.Random(21)
        self.lock = threading.Lock()
        self.cleaned = [chance.randint(0, 60) for _ in range(STREETS)]
        self.windows = [chance.randint(8, 90) for _ in range(STREETS)]

    def plan(self):
        """Tomorrow's round: the streets that have waited longest, up to a day's windows."""
        with self.lock:
            waiting = sorted(range(STREETS), key=self.cleaned.__getitem__, reverse=True)
            chosen, windows = [], 0
            for street in waiting:
                if windows + self.windows[street] <= 900:
                    chosen.append(street)
                    windows += self.windows[street]
            for street in range(STREETS):
                self.cleaned[street] += 1
            for street in chosen:
                self.cleaned[street] = 0
        return f"{len(chosen)} streets, {windows} windows"

    def remind(self):
        with self.lock:
            late = [street for street, days in enumerate(self.cleaned) if days > 45]
        return f"{len(late)} reminders"

    def invoice(self):
        with self.lock:
            total = sum(windows * 180 for windows, days in zip(self.windows, self.cleaned) if days == 0)
        return f"{total / 100:.2f} to invoice"

    def back_up(self):
        with self.lock:
            state = {"cleaned": list(self.cleaned), "windows": list(self.windows)}
        with open("rounds.new", "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.replace("rounds.new", "rounds.json")
        return "saved"


def main():
    logging.basicConfig(filename="scheduler.log", level=logging.WARNING, format="%(asctime)s %(message)s")
    journal = Journal()
    journal.start()
    rounds = Rounds()
    scheduler = Scheduler(RUNNERS, journal.finished)
    for crew in range(6):
        scheduler.add(f"plan crew {crew}", 3.0, rounds.plan, first=0.5 * crew)
    scheduler.add("reminders", 4.0, rounds.remind, first=0.2)
    scheduler.add("invoices", 2.5, rounds.invoice, first=0.3)
    scheduler.add("backup", 10.0, rounds.back_up, first=1.1)
    threading.Timer(1.5, lambda: print("ready", os.getpid(), flush=True)).start()
    scheduler.run()


if __name__ == "__main__":
    main()
