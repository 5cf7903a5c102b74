# expect: healthy bench
"""Stores readings of sensors in a database."""

import os
import sqlite3

base = sqlite3.connect("readings.sqlite")
base.execute("create table if not exists reading (sensor integer, at integer, value real)")


def store(readings):
    base.executemany("insert into reading values (?, ?, ?)", readings)
    base.commit()


print("ready", os.getpid(), flush=True)
tick = 0
while True:
    store([(sensor, tick, sensor * 0.1) for sensor in range(200_000)])
    tick += 1
    if tick % 3 == 0:
        base.execute("delete from reading")
        base.commit()
