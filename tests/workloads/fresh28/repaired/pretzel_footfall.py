# expect: healthy bench
"""Footfall around pretzel stands: tables of the hour for the demand forecast.

Each stand has a counter that notes who passes, who stops and who buys. Once a second an hour's extract is fetched
from the collector, each stand's part is calibrated with the factors of its counter, and the table of all stands is
summed up by stand and minute.

Measured: 0.36 cores with the problem, 0.05 repaired, for an extract of 210,000 records a second.
"""

import os
import sqlite3
import struct
import sys
import time

import numpy as np
import pandas as pd
import requests

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

STANDS = 700
RECORDS_PER_STAND = 300
PERIOD = 1.0
PART = struct.Struct("<iiff")
RECORD = np.dtype(
    [("second", "<i4"), ("passed", "<i4"), ("stopped", "<i4"), ("bought", "<i4"), ("queue", "<f4"), ("air", "<f4")]
)

ROW = np.dtype(
    [("stand", "<i4"), ("minute", "<i4"), ("passed", "<f8"), ("stopped", "<f8"), ("bought", "<i8"), ("queue", "<f8")]
    + [("air", "<f8")]
)


def make_extract(seed):
    """What a collector sends for an hour: a part for each stand, of a head and its records."""
    rng = np.random.default_rng(seed)
    parts = []
    for stand in range(STANDS):
        records = np.zeros(RECORDS_PER_STAND, RECORD)
        records["second"] = np.sort(rng.integers(0, 3600, RECORDS_PER_STAND))
        records["passed"] = rng.poisson(14, RECORDS_PER_STAND)
        records["stopped"] = rng.poisson(3, RECORDS_PER_STAND)
        records["bought"] = rng.poisson(1, RECORDS_PER_STAND)
        records["queue"] = rng.gamma(2, 1.5, RECORDS_PER_STAND)
        records["air"] = rng.normal(9, 4, RECORDS_PER_STAND)
        gain, offset = rng.uniform(0.9, 1.1), rng.uniform(-0.5, 0.5)
        parts.append(PART.pack(stand, RECORDS_PER_STAND, gain, offset) + records.tobytes())
    return b"".join(parts)


def collector():
    extracts = [make_extract(seed) for seed in range(4)]
    return services.http_service(lambda path: extracts[int(path.rpartition("/")[2]) % len(extracts)])


def read_parts(extract):
    """The calibrated records, one stand after the other."""
    at = 0
    while at < len(extract):
        stand, count, gain, offset = PART.unpack_from(extract, at)
        at += PART.size
        records = np.frombuffer(extract, RECORD, count, at)
        at += records.nbytes
        part = np.empty(count, ROW)
        part["stand"] = stand
        part["minute"] = records["second"] // 60
        part["passed"] = records["passed"] * gain
        part["stopped"] = records["stopped"] * gain
        part["bought"] = records["bought"]
        part["queue"] = records["queue"]
        part["air"] = records["air"] + offset
        yield part


def hour_table(extract):
    rows = np.concatenate(list(read_parts(extract)))
    return pd.DataFrame(rows)


def summarise(table):
    by_minute = table.groupby(["stand", "minute"], sort=False)[["passed", "stopped", "bought", "queue"]].sum()
    by_stand = by_minute.groupby(level="stand").agg(
        {"passed": "sum", "stopped": "sum", "bought": "sum", "queue": "max"}
    )
    by_stand["rate"] = by_stand["bought"] / by_stand["passed"].clip(lower=1)
    return by_stand.reset_index()


def store(database, hour, by_stand):
    rows = [(hour, *row) for row in by_stand.itertuples(index=False, name=None)]
    with database:
        database.execute("DELETE FROM footfall WHERE hour <= ?", (hour - 48,))
        database.executemany("INSERT OR REPLACE INTO footfall VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def open_database():
    database = sqlite3.connect("footfall.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute(
        "CREATE TABLE footfall (hour INTEGER, stand INTEGER, passed REAL, stopped REAL, bought REAL, queue REAL,"
        " rate REAL, PRIMARY KEY (hour, stand))"
    )
    return database


def main():
    port = collector()
    session = requests.Session()
    database = open_database()
    due = time.monotonic()
    for hour in range(1 << 40):
        extract = session.get(f"http://127.0.0.1:{port}/hours/{hour}", timeout=10).content
        store(database, hour, summarise(hour_table(extract)))
        if hour == 0:
            print("ready", os.getpid(), flush=True)
            due = time.monotonic()
        due += PERIOD
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
