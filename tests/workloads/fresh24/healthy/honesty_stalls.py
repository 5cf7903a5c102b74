# bench: healthy
"""Honesty stalls along the lanes: a page for each stall shows what lies there and at what price, a guest tells what was
taken, and the map of all stalls is fetched by telephones.

Flask under gunicorn with four threads, psycopg on PostgreSQL. What may look costly, and is as it should be: a pool of
connections that is as large as the number of threads, one query with a join for a page, templates that are compiled
once, a bounded cache of packed maps, takings that a thread writes in batches each second, a lock around a list append.

Measured: 140 requests a second, 1.4 ms for one (median), 0.13 cores.
"""

import gzip
import json
import logging
import os
import queue
import sys
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager

import psycopg
from flask import Flask, Response, abort, request
from gunicorn.app.base import BaseApplication
from psycopg.rows import dict_row

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
import services  # noqa: E402

STALLS = 300
THREADS = 4
SETUP = (
    "CREATE TABLE stall (id int PRIMARY KEY, lane text NOT NULL, parish int NOT NULL, lat real NOT NULL,"
    " lon real NOT NULL)",
    "CREATE TABLE ware (id serial PRIMARY KEY, stall_id int NOT NULL REFERENCES stall, name text NOT NULL,"
    " pence int NOT NULL, pieces int NOT NULL)",
    "CREATE TABLE taking (stall_id int NOT NULL, pence int NOT NULL, at double precision NOT NULL)",
    f"INSERT INTO stall SELECT n, 'lane ' || n % 90, n % 12, 50.9 + n * 0.001, -3.2 - n * 0.002"
    f" FROM generate_series(0, {STALLS - 1}) n",
    "INSERT INTO ware (stall_id, name, pence, pieces) SELECT s.id,"
    " (ARRAY['eggs','plums','jam','beans','dahlias','honey'])[n], 50 + (s.id * n) % 400, (s.id + n) % 20"
    " FROM stall s, generate_series(1, 6) n",
    "CREATE INDEX ON ware (stall_id)",
    "ANALYZE",
)
PAGE = """<!doctype html><title>{{ lane }}</title><h1>Stall {{ number }}, {{ lane }}</h1>
<table>{% for ware in wares %}<tr><td>{{ ware.name }}</td><td>{{ '%.2f' % (ware.pence / 100) }}</td>
<td>{{ 'gone' if not ware.pieces else ware.pieces }}</td></tr>{% endfor %}</table>
<p>{{ wares|sum(attribute='pieces') }} pieces; put the money into the tin.</p>"""


class Connections:
    """As many as there are threads; a request takes one, and gives it back."""

    def __init__(self, dsn, size):
        self.free = queue.LifoQueue()
        for _ in range(size):
            self.free.put(psycopg.connect(dsn, autocommit=True, row_factory=dict_row))

    @contextmanager
    def one(self):
        connection = self.free.get(timeout=5)
        try:
            yield connection
        finally:
            self.free.put(connection)


class Takings:
    """Keeps what was told, and writes it once a second."""

    def __init__(self, connections):
        self.connections = connections
        self.lock = threading.Lock()
        self.waiting = []
        self.written = 0

    def told(self, stall, pence):
        with self.lock:
            self.waiting.append((stall, pence, time.time()))

    def flush(self):
        with self.lock:
            batch, self.waiting = self.waiting, []
        if batch:
            with self.connections.one() as connection, connection.cursor() as cursor:
                with cursor.copy("COPY taking FROM STDIN") as copy:
                    for row in batch:
                        copy.write_row(row)
            self.written += len(batch)

    def run(self):
        while True:
            time.sleep(1.0)
            try:
                self.flush()
            except psycopg.Error:
                logging.exception("takings are lost")


class Maps:
    """The packed maps of the parishes asked for last; each is good for ten seconds."""

    def __init__(self, connections, size=8, seconds=10):
        self.connections, self.size, self.seconds = connections, size, seconds
        self.kept = OrderedDict()
        self.lock = threading.Lock()

    def packed(self, parish):
        with self.lock:
            found = self.kept.get(parish)
            if found and found[0] > time.monotonic():
                self.kept.move_to_end(parish)
                return found[1]
        packed = gzip.compress(json.dumps(self.read(parish)).encode(), 5)
        with self.lock:
            self.kept[parish] = (time.monotonic() + self.seconds, packed)
            self.kept.move_to_end(parish)
            while len(self.kept) > self.size:
                self.kept.popitem(last=False)
        return packed

    def read(self, parish):
        wanted = (
            "SELECT s.id, s.lane, s.lat, s.lon, sum(w.pieces)::int AS pieces FROM stall s JOIN ware w"
            " ON w.stall_id = s.id WHERE s.parish = %s GROUP BY s.id ORDER BY s.id"
        )
        with self.connections.one() as connection:
            return connection.execute(wanted, (parish,)).fetchall()


def create_app(dsn):
    app = Flask(__name__)
    connections = Connections(dsn, THREADS + 1)
    takings, maps = Takings(connections), Maps(connections)
    page = app.jinja_env.from_string(PAGE)
    threading.Thread(target=takings.run, name="takings", daemon=True).start()

    @app.get("/stalls/<int:number>")
    def stall(number):
        wanted = (
            "SELECT s.lane, w.name, w.pence, w.pieces FROM stall s JOIN ware w ON w.stall_id = s.id WHERE s.id = %s"
            " ORDER BY w.name"
        )
        with connections.one() as connection:
            wares = connection.execute(wanted, (number,)).fetchall()
        if not wares:
            abort(404)
        return page.render(number=number, lane=wares[0]["lane"], wares=wares)

    @app.get("/taken/<int:number>")
    def taken(number):
        if number >= STALLS:
            abort(404)
        takings.told(number, request.args.get("pence", 0, int))
        return "", 204

    @app.get("/parishes/<int:parish>/map")
    def parish_map(parish):
        return Response(maps.packed(parish), mimetype="application/json", headers={"Content-Encoding": "gzip"})

    return app


class Server(BaseApplication):
    def __init__(self, dsn):
        self.dsn, self.listening = dsn, services.free_port()
        super().__init__()

    def load_config(self):
        options = {
            "bind": f"127.0.0.1:{self.listening}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": THREADS,
            "keepalive": 75,
            "loglevel": "error",
            "control_socket_disable": True,
            "when_ready": guests,
            "post_worker_init": begin,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        return create_app(self.dsn)


def guests(arbiter):
    port = arbiter.LISTENERS[0].sock.getsockname()[1]
    paths = [f"/stalls/{number}" for number in range(STALLS)] + [f"/taken/{n}?pence={n}" for n in range(0, STALLS, 3)]
    paths += [f"/parishes/{parish}/map" for parish in range(12)] * 4
    services.outside(lambda: clients.come(port, paths, 140, 8))


def begin(worker):
    threading.Timer(3, lambda: print(f"ready {worker.pid}", flush=True)).start()


if __name__ == "__main__":
    Server(f"host=127.0.0.1 port={services.postgres(*SETUP)} user=postgres dbname=postgres").run()
