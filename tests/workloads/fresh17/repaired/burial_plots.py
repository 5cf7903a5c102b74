# expect: healthy bench
# The plot register of a churchyard trust (Flask, psycopg, gunicorn): sextons look up a plot with its stone and its
# leases, and note inspections of stones that lean.
#
# Measured: 28 answers a second in both, in 47 to 54 ms, in the twin 7 to 39 ms; alone, a connection is made in 1.9
# to 2.3 ms and its query answered in 0.6 ms (both at idle priority on a busy machine).
import http.client
import json
import os
import queue
import random
import socket
import sys
import threading
import time
from pathlib import Path

import psycopg
from flask import Blueprint, Flask, abort, current_app, g, jsonify, request
from gunicorn.app.base import BaseApplication
from psycopg.rows import dict_row

sys.path.append(str(Path(__file__).parents[2]))
import services

PLOTS = 4000


# --- database -------------------------------------------------------------------------------------------------------
class Pool:
    """Connections that requests borrow; made when they are first needed, and anew when they broke."""

    def __init__(self, database, size):
        self.database = database
        self.free = queue.LifoQueue()
        for _ in range(size):
            self.free.put(None)

    def take(self):
        db = self.free.get(timeout=5)
        if db is not None and not db.closed:
            return db
        try:
            return psycopg.connect(self.database, autocommit=True, row_factory=dict_row)
        except psycopg.Error:
            self.free.put(None)
            raise

    def give(self, db):
        self.free.put(db)


def get_db():
    """The database of this request."""
    if "db" not in g:
        g.db = current_app.extensions["pool"].take()
    return g.db


def close_db(error=None):
    db = g.pop("db", None)
    if db is not None:
        current_app.extensions["pool"].give(db)


# --- repositories ---------------------------------------------------------------------------------------------------
class PlotRepository:
    def __init__(self, db):
        self.db = db

    def plot(self, number):
        return self.db.execute(
            "SELECT p.id, p.row_letter, p.stone, p.lean_degrees, l.family, l.until FROM plot p"
            " LEFT JOIN lease l ON l.plot_id = p.id WHERE p.id = %s ORDER BY l.until DESC LIMIT 1",
            (number,),
        ).fetchone()

    def leaning(self, letter, degrees):
        asked = (
            "SELECT id, stone, lean_degrees FROM plot WHERE row_letter = %s AND lean_degrees > %s ORDER BY id LIMIT 20"
        )
        return self.db.execute(asked, (letter, degrees)).fetchall()

    def inspected(self, number, degrees):
        asked = "UPDATE plot SET lean_degrees = %s, inspected = now() WHERE id = %s RETURNING id"
        return self.db.execute(asked, (degrees, number)).fetchone()


def plots():
    return PlotRepository(get_db())


# --- blueprint ------------------------------------------------------------------------------------------------------
register = Blueprint("register", __name__, url_prefix="/plots")


@register.get("/<int:number>")
def plot(number):
    found = plots().plot(number)
    if found is None:
        abort(404)
    return jsonify(found)


@register.get("/rows/<letter>/leaning")
def leaning(letter):
    return jsonify(plots().leaning(letter, request.args.get("over", 9.0, type=float)))


@register.post("/<int:number>/inspections")
def inspect(number):
    told = request.get_json()
    if plots().inspected(number, float(told["degrees"])) is None:
        abort(404)
    return jsonify(noted=number), 201


def create_app(database):
    app = Flask(__name__)
    app.extensions["pool"] = Pool(database, size=6)
    app.json.sort_keys = False
    app.teardown_appcontext(close_db)
    app.register_blueprint(register)
    return app


# --- server and load ------------------------------------------------------------------------------------------------
class Register(BaseApplication):
    def __init__(self, listener, database):
        self.descriptor, self.database = listener.detach(), database
        super().__init__()

    def load_config(self):
        chosen = {
            "bind": f"fd://{self.descriptor}",
            "worker_class": "gthread",
            "threads": 6,
            "keepalive": 60,
            "worker_tmp_dir": os.getcwd(),
            "loglevel": "error",
            "control_socket_disable": True,
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        return create_app(self.database)


def sextons(port, number=6, pause=0.2):
    """Each looks up or notes something every ``pause`` seconds; the times taken are noted."""
    took = []

    def sexton():
        link = http.client.HTTPConnection("127.0.0.1", port)
        time.sleep(1 + random.random() * pause)
        while True:
            began = time.monotonic()
            what, chosen = random.random(), random.randint(1, PLOTS)
            if what < 0.75:
                link.request("GET", f"/plots/{chosen}")
            elif what < 0.9:
                link.request("GET", f"/plots/rows/{random.choice('ABCDEFGHKLMNPRST')}/leaning?over=9.5")
            else:
                told = json.dumps({"degrees": round(random.random() * 10, 1)})
                link.request("POST", f"/plots/{chosen}/inspections", told, {"Content-Type": "application/json"})
            answer = link.getresponse()
            answer.read()
            assert answer.status < 400, answer.status
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, began + pause - time.monotonic()))

    for _ in range(number):
        threading.Thread(target=sexton, daemon=True).start()
    while True:
        time.sleep(5)
        with open("load.log", "a") as notes:
            notes.write(f"{len(took)} answers, {1000 * sum(took) / max(1, len(took)):.1f} ms each\n")
        took.clear()


def main():
    port = services.postgres(
        "CREATE TABLE plot (id int PRIMARY KEY, row_letter text NOT NULL, stone text NOT NULL,"
        " lean_degrees float8 NOT NULL, inspected timestamptz)",
        "CREATE TABLE lease (plot_id int NOT NULL REFERENCES plot, family text NOT NULL, until date NOT NULL)",
        "INSERT INTO plot SELECT n, substr('ABCDEFGHKLMNPRST', 1 + n % 16, 1), (ARRAY['slate', 'granite', 'limestone'])"
        f"[1 + n % 3], n * 13 % 100 / 10.0 FROM generate_series(1, {PLOTS}) n",
        "INSERT INTO lease SELECT 1 + n % 4000, 'family ' || n % 700, date '2020-01-01' + n % 9000"
        " FROM generate_series(1, 9000) n",
        "CREATE INDEX ON lease (plot_id, until)",
        "CREATE INDEX ON plot (row_letter, lean_degrees)",
        "ANALYZE",
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    services.outside(lambda: sextons(listener.getsockname()[1]))
    Register(listener, f"host=127.0.0.1 port={port} user=postgres dbname=postgres").run()


if __name__ == "__main__":
    main()
