# expect: pattern=sync-write bench
"""Stores readings of sensors in a database."""

import os
import sqlite3

base = sqlite3.connect("readings.sqlite")
base.execute("create table if not exists reading (sensor integer, at integer, value real)")


def store(readings):
    for reading in readings:
        base.execute("insert into reading values (?, ?, ?)", reading)
        base.commit()  # <- cost


print("ready", os.getpid(), flush=True)
tick = 0
while True:
    store([(sensor, tick, sensor * 0.1) for sensor in range(20)])
    tick += 1
    if tick % 20 == 0:
        base.execute("delete from reading")
        base.commit()
