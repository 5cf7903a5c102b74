# expect: pattern=connection-per-request bench
"""The rounds of a whisky warehouse: gaugers weigh and dip casks, and each reading becomes a task that works out what
the angels took, and raises an alarm for casks that leak.

A Celery worker (one process) on Redis, which keeps its casks in PostgreSQL with psycopg.

Measured: 25 readings a second; the worker is at work 70 to 90 % of its time, more than 60 % of that connecting; in the
twin 20 to 25 % of its time.
"""

import os
import random
import shutil
import sys
import time
import warnings
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import psycopg
import services
from celery import Celery, Task
from celery.signals import worker_ready
from psycopg.rows import dict_row

CASKS = 4000
READINGS_PER_SECOND = 25

SETUP = (
    "CREATE TABLE warehouse (id serial PRIMARY KEY, name text NOT NULL, humidity int NOT NULL)",
    "CREATE TABLE cask (id serial PRIMARY KEY, warehouse_id int NOT NULL REFERENCES warehouse, kind text NOT NULL,"
    " row_no int NOT NULL, tier int NOT NULL, filled_on date NOT NULL, filled_l real NOT NULL)",
    "CREATE TABLE reading (cask_id int PRIMARY KEY REFERENCES cask, litres real NOT NULL, strength real NOT NULL,"
    " taken_at timestamptz NOT NULL)",
    "CREATE TABLE alarm (cask_id int PRIMARY KEY REFERENCES cask, share real NOT NULL, raised_at timestamptz NOT NULL)",
    "INSERT INTO warehouse SELECT n, 'No. ' || n, 60 + n * 3 FROM generate_series(1, 8) n",
    "INSERT INTO cask SELECT n, n % 8 + 1, (ARRAY['hogshead','butt','barrel'])[n % 3 + 1], n / 60, n % 3,"
    " DATE '1998-03-01' + n % 7000, (ARRAY[250, 500, 200])[n % 3 + 1]"
    f" FROM generate_series(1, {CASKS}) n",
    "INSERT INTO reading SELECT id, filled_l * 0.8, 61.5, now() FROM cask",
    "ANALYZE",
)


def database():
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return services.postgres(*SETUP)


app = Celery("casks", set_as_current=True)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    worker_redirect_stdouts=False,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
)


class Store:
    """The tables of the warehouse."""

    def __init__(self, dsn):
        self.dsn = dsn

    def session(self):
        return psycopg.connect(self.dsn, row_factory=dict_row)  # <- cost

    def one(self, statement, *values):
        with self.session() as session:
            return session.execute(statement, values).fetchone()

    def run(self, statement, *values):
        with self.session() as session:
            session.execute(statement, values)

    def cask(self, number):
        return self.one(
            "SELECT c.id, c.kind, c.tier, c.filled_l, (now()::date - c.filled_on) / 365.25 AS years, w.humidity,"
            " r.litres AS before, r.strength AS strength_before FROM cask c JOIN warehouse w ON w.id = c.warehouse_id"
            " JOIN reading r ON r.cask_id = c.id WHERE c.id = %s",
            number,
        )

    def keep(self, number, litres, strength):
        self.run(
            "UPDATE reading SET litres = %s, strength = %s, taken_at = now() WHERE cask_id = %s",
            litres,
            strength,
            number,
        )

    def alarm(self, number, share):
        self.run(
            "INSERT INTO alarm VALUES (%s, %s, now()) ON CONFLICT (cask_id) DO UPDATE SET share = excluded.share,"
            " raised_at = excluded.raised_at",
            number,
            share,
        )


class CaskTask(Task):
    abstract = True
    _store = None

    @property
    def store(self):
        if self._store is None:
            self._store = Store(self.app.conf.casks_dsn)
        return self._store


def expected_share(years, humidity, tier):
    """The part that evaporates in these years: drier and higher takes more water."""
    yearly = 0.021 - (humidity - 60) * 0.0001 + tier * 0.0008
    return 1 - (1 - yearly) ** float(years)


@app.task(bind=True, base=CaskTask, name="casks.reading")
def take_reading(self, number, litres, strength):
    cask = self.store.cask(number)
    if cask is None:
        return
    self.store.keep(number, litres, strength)
    share = 1 - litres / cask["filled_l"]
    allowed = expected_share(cask["years"], cask["humidity"], cask["tier"])
    if share > allowed + 0.15 or strength < 40:
        self.store.alarm(number, share)


def gaugers(broker):
    """The hand-held devices: they send readings for as long as the warehouse is open."""
    sender = Celery("devices", broker=broker, set_as_current=False)
    due = time.monotonic()
    while True:
        number = random.randrange(1, CASKS + 1)
        litres = (250, 500, 200)[number % 3] * random.uniform(0.5, 0.9)
        sender.send_task("casks.reading", (number, round(litres, 1), round(random.uniform(41, 63), 1)))
        due += 1 / READINGS_PER_SECOND
        time.sleep(max(0, due - time.monotonic()))


@worker_ready.connect
def started(sender=None, **_):
    services.outside(lambda: gaugers(app.conf.broker_url))
    (worker,) = sender.pool._pool._pool  # the one process that works
    print(f"ready {worker.pid}", flush=True)


def main():
    warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
    app.conf.broker_url = f"redis://127.0.0.1:{services.redis()}/0"
    app.conf.casks_dsn = f"host=127.0.0.1 port={database()} user=postgres dbname=postgres"
    options = ["--concurrency=1", "--pool=prefork", "--loglevel=ERROR", "--without-gossip", "--without-mingle"]
    app.worker_main(["--quiet", "worker", *options, "--without-heartbeat"])


if __name__ == "__main__":
    main()
