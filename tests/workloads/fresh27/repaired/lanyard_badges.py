# expect: healthy bench
"""Imports the exports of the door controllers of a lanyard maker's sites into the attendance database.

Each controller delivers a CSV file of its badge readings every few seconds; a few worker processes import them:
each reading is joined to its employee, the readings of unknown and withdrawn badges go to a file for the porters.

Measured: a file of 1500 readings takes 0.10 to 0.15 s to import and 0.35 cores are used at five files a second; in the
repaired program 0.015 to 0.04 s and 0.07 cores.
"""

import csv
import logging
import multiprocessing
import os
import random
import sys
import time

import psycopg

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

EMPLOYEES = 6000
ROWS_PER_FILE = 1500
SECONDS_BETWEEN_FILES = 0.2
WORKERS = 2
DIRECTIONS = ("in", "out")
DOORS = ("gate-north", "gate-south", "canteen", "weaving-hall", "dye-house", "printing", "stores", "offices")

log = logging.getLogger("lanyard_badges")
database = None


def set_up(port):
    """What each worker process needs."""
    global database
    logging.basicConfig(filename="import.log", level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    database = psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=postgres")


def read_export(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def find_employees(badges):
    found = database.execute(
        "SELECT badge, id, department, withdrawn FROM employees WHERE badge = ANY(%s)", (list(badges),)
    )
    return {badge: employee for badge, *employee in found}


def join_readings(rows):
    """The readings of known badges as rows of the table, and the others."""
    readings, refused = [], []
    employees = find_employees({row["badge"] for row in rows})
    for row in rows:
        employee = employees.get(row["badge"])
        if employee is None:
            refused.append((row["badge"], row["door"], "unknown"))
            continue
        number, department, withdrawn = employee
        if withdrawn:
            refused.append((row["badge"], row["door"], "withdrawn"))
            continue
        readings.append((number, department, row["door"], row["direction"], row["at"]))
    return readings, refused


def store(readings):
    with database.cursor() as cursor:
        with cursor.copy("COPY readings (employee, department, door, direction, at) FROM STDIN") as copy:
            for reading in readings:
                copy.write_row(reading)
    database.commit()


def tell_porters(path, refused):
    target = os.path.join("porters", os.path.basename(path))
    with open(target, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(refused)


def import_file(path):
    begun = time.monotonic()
    rows = read_export(path)
    readings, refused = join_readings(rows)
    store(readings)
    if refused:
        tell_porters(path, refused)
    os.unlink(path)
    took = time.monotonic() - begun
    log.info("%s: %d readings, %d refused, %.3f s", path, len(readings), len(refused), took)
    return len(readings)


def deliver(number, chance):
    """One controller's export, as it arrives in the drop folder."""
    path = os.path.join("drop", f"controller-{number % 16:02}.csv")
    now = time.time()
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(("badge", "door", "direction", "at"))
        for at in range(ROWS_PER_FILE):
            badge = f"LB{chance.randrange(int(EMPLOYEES * 1.01)):06}"
            stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now - at))
            out.writerow((badge, chance.choice(DOORS), chance.choice(DIRECTIONS), stamp))
    return path


def start_database():
    return services.postgres(
        "CREATE TABLE employees (id int PRIMARY KEY, badge text UNIQUE, department text, withdrawn boolean)",
        "INSERT INTO employees SELECT n, 'LB' || lpad(n::text, 6, '0'), 'D' || n % 40, n % 97 = 0"
        f" FROM generate_series(1, {EMPLOYEES}) n",
        "CREATE TABLE readings (employee int, department text, door text, direction text, at timestamp)",
        "ANALYZE employees",
    )


def main():
    for folder in ("drop", "porters"):
        os.makedirs(folder, exist_ok=True)
    port = start_database()
    chance = random.Random(5)
    with multiprocessing.Pool(WORKERS, initializer=set_up, initargs=(port,)) as pool:
        pool.map(import_file, [deliver(number, chance) for number in range(WORKERS)])
        print("ready", os.getpid(), flush=True)
        number, due = WORKERS, time.monotonic()
        while True:
            pool.apply_async(import_file, (deliver(number, chance),))
            number += 1
            due += SECONDS_BETWEEN_FILES
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
