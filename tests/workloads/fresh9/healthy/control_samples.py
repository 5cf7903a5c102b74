# expect: healthy bench
"""Rehearses the quality control of a hospital's laboratory at many times its pace: the analysers measure control samples,
each value is judged by the rules of Westgard against those before it, and all is kept in SQLite for the accreditation.

Measured: 4,000 values a second, 0.015 ms of a core each; what came within a third of a second shares a transaction.
"""

import json
import os
import queue
import random
import sqlite3
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

TARGETS = {
    ("GLU", 1): (4.9, 0.12),
    ("GLU", 2): (14.8, 0.31),
    ("K", 1): (3.9, 0.07),
    ("K", 2): (6.4, 0.11),
    ("CREA", 1): (71.0, 2.4),
    ("CREA", 2): (412.0, 9.6),
    ("TSH", 1): (1.1, 0.05),
    ("TSH", 2): (9.2, 0.38),
}
ANALYSERS = ("alinity-1", "alinity-2", "atellica-1")
RATE, GATHER, KEPT = 4000, 0.33, 60_000


@dataclass(frozen=True, slots=True)
class Value:
    analyser: str
    test: str
    level: int
    value: float
    at: float


class Chart:
    """The last ten values of one control on one analyser, in standard deviations from their target."""

    def __init__(self, mean: float, deviation: float) -> None:
        self._mean, self._deviation = mean, deviation
        self._last: deque[float] = deque(maxlen=10)

    def judge(self, value: float) -> str:
        """The rule that the value breaks, or nothing."""
        score = (value - self._mean) / self._deviation
        before = self._last[-1] if self._last else 0.0
        self._last.append(score)
        if abs(score) > 3:
            return "1-3s"
        if min(score, before) > 2 or max(score, before) < -2:
            return "2-2s"
        if abs(score - before) > 4:
            return "R-4s"
        if len(self._last) == 10 and (min(self._last) > 0 or max(self._last) < 0):
            return "10x"
        return ""


class Records:
    def __init__(self, path: str) -> None:
        self._base = sqlite3.connect(path, isolation_level=None)
        self._base.execute("pragma journal_mode = wal")
        self._base.execute("pragma synchronous = normal")
        self._base.execute(
            """create table control (
                id integer primary key, analyser text, test text, level int, value real, at real, rule text)"""
        )

    def add(self, rows: list[tuple]) -> None:
        """All of them in one transaction; the oldest make room."""
        self._base.execute("begin")
        self._base.executemany(
            "insert into control (analyser, test, level, value, at, rule) values (?, ?, ?, ?, ?, ?)", rows
        )
        self._base.execute("delete from control where id <= (select max(id) from control) - ?", (KEPT,))
        self._base.execute("commit")

    def lately(self, number: int) -> list[tuple]:
        """Mean and count of each control among the last values, in one statement."""
        return self._base.execute(
            """select test, level, round(avg(value), 3), count(*) from control
               where id > (select max(id) from control) - ? group by test, level""",
            (number,),
        ).fetchall()


class Control:
    def __init__(self, records: Records) -> None:
        self._records = records
        self._charts = {
            (analyser, *control): Chart(*target) for analyser in ANALYSERS for control, target in TARGETS.items()
        }
        self.broken: Counter[str] = Counter()

    def take(self, values: list[Value]) -> None:
        rows = []
        for each in values:
            rule = self._charts[each.analyser, each.test, each.level].judge(each.value)
            if rule:
                self.broken[rule] += 1
            rows.append((each.analyser, each.test, each.level, each.value, each.at, rule))
        self._records.add(rows)

    def report(self) -> dict:
        return {"broken": dict(self.broken), "lately": self._records.lately(3000)}


def measure(values: "queue.Queue[Value]") -> None:
    """The analysers: some values every 50 ms, each near its target, with a drift that comes and goes."""
    chance = random.Random(2)
    controls = list(TARGETS.items())
    due = time.monotonic()
    drift = 0.0
    while True:
        drift = drift * 0.99 + chance.gauss(0, 0.05)
        for _ in range(RATE // 20):
            (test, level), (mean, deviation) = chance.choice(controls)
            value = round(chance.gauss(mean + drift * deviation, deviation), 3)
            values.put(Value(chance.choice(ANALYSERS), test, level, value, round(time.time(), 3)))
        due += 0.05
        time.sleep(max(0.0, due - time.monotonic()))


def gather(values: "queue.Queue[Value]") -> list[Value]:
    """Wait for a value, let others come, and take what is there."""
    batch = [values.get()]
    time.sleep(GATHER)
    batch += (values.get_nowait() for _ in range(values.qsize()))
    return batch


def main() -> None:
    values: queue.Queue[Value] = queue.Queue(maxsize=5000)
    control = Control(Records("controls.db"))
    Thread(target=measure, args=(values,), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    batches = 0
    while True:
        control.take(gather(values))
        batches += 1
        if batches % 10 == 0:
            Path("report.json").write_text(json.dumps(control.report()))


if __name__ == "__main__":
    main()
