# expect: healthy bench
"""Umbrellas that a city lends at its tram stops: a stand reads the tag of an umbrella that is taken or put back, asks
this service, and opens its latch or not.

Flask under gunicorn (gthread), psycopg on PostgreSQL. The handlers use the connection of the request, which is
committed when the answer was good.

Measured: 24 requests a second in both; one is answered in 9 to 16 ms
(median, on a busy machine of 2 cores) at 8 % of a core; in the twin in 2.0 to 2.3 ms at 5 %.
"""

import enum
import http.client
import json
import os
import queue
import random
import socket
import sys
import threading
import time
from dataclasses import dataclass

import psycopg
from flask import Blueprint, Flask, abort, current_app, g, jsonify, request
from gunicorn.app.base import BaseApplication
from psycopg.rows import dict_row
from psycopg.types.enum import EnumInfo, register_enum

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

THREADS = 4
STOPS = 60
UMBRELLAS = 1500
GROUPS = 6  # of stands, each with a modem
TAGS_EACH = 4.0  # a second and group

SCHEMA = [
    "CREATE TABLE stops (id int PRIMARY KEY, name text, slots int)",
    "CREATE TYPE condition AS ENUM ('good', 'worn', 'broken')",
    "CREATE TABLE umbrellas (tag text PRIMARY KEY, stop_id int REFERENCES stops, holder text, taken_at timestamptz,"
    " condition condition DEFAULT 'good')",
    "CREATE TABLE journeys (id bigserial PRIMARY KEY, tag text, from_stop int, to_stop int, minutes real)",
    f"INSERT INTO stops SELECT i, 'Stop ' || i, 40 FROM generate_series(1, {STOPS}) i",
    f"INSERT INTO umbrellas (tag, stop_id) SELECT 'U' || i, 1 + i % {STOPS} FROM generate_series(1, {UMBRELLAS}) i",
    "CREATE INDEX ON umbrellas (stop_id)",
    "ALTER DATABASE postgres SET synchronous_commit = off",
]


class Condition(enum.Enum):
    GOOD = "good"
    WORN = "worn"
    BROKEN = "broken"


CONDITIONS = {condition: condition.value for condition in Condition}


@dataclass(frozen=True)
class Database:
    dsn: str
    schema: str = "public"
    patience_ms: int = 2000


class Refused(Exception):
    """The latch stays closed."""

    def __init__(self, word: str):
        super().__init__(word)
        self.word = word


class Connections:
    """Open connections, one for each thread of the worker at most; opened when they are needed first."""

    def __init__(self, database: Database, number: int):
        self.database = database
        self._idle: queue.LifoQueue[psycopg.Connection | None] = queue.LifoQueue()
        for _ in range(number):
            self._idle.put(None)

    def _open(self) -> psycopg.Connection:
        connection = psycopg.connect(self.database.dsn, row_factory=dict_row, application_name="stands")
        connection.execute(f"SET search_path TO {self.database.schema}")
        connection.execute(f"SET lock_timeout TO {self.database.patience_ms}")
        register_enum(EnumInfo.fetch(connection, "condition"), connection, Condition, mapping=CONDITIONS)
        connection.commit()
        return connection

    def take(self) -> psycopg.Connection:
        connection = self._idle.get(timeout=5)
        try:
            return connection or self._open()
        except psycopg.Error:
            self._idle.put(None)
            raise

    def give(self, connection: psycopg.Connection) -> None:
        self._idle.put(None if connection.closed or connection.broken else connection)


def db() -> psycopg.Connection:
    if "db" not in g:
        g.db = current_app.extensions["connections"].take()
    return g.db


def end_request(failure: BaseException | None) -> None:
    connection = g.pop("db", None)
    if connection is not None:
        try:
            if failure is None:
                connection.commit()
            else:
                connection.rollback()
        finally:
            current_app.extensions["connections"].give(connection)


class Lending:
    """What is done with an umbrella."""

    def __init__(self, connection: psycopg.Connection):
        self.connection = connection

    def _umbrella(self, tag: str) -> dict:
        chosen = "SELECT tag, stop_id, holder, condition FROM umbrellas WHERE tag = %s FOR UPDATE"
        found = self.connection.execute(chosen, [tag]).fetchone()
        if found is None:
            raise Refused("unknown")
        return found

    def take(self, tag: str, stop: int, holder: str) -> dict:
        umbrella = self._umbrella(tag)
        if umbrella["holder"] is not None:
            raise Refused("is out")
        if umbrella["condition"] is Condition.BROKEN:
            raise Refused("is broken")
        self.connection.execute(
            "UPDATE umbrellas SET holder = %s, taken_at = now(), stop_id = %s WHERE tag = %s", [holder, stop, tag]
        )
        return {"latch": "open", "tag": tag, "until": int(time.time()) + 24 * 3600}

    def put_back(self, tag: str, stop: int, condition: Condition) -> dict:
        umbrella = self._umbrella(tag)
        if umbrella["holder"] is None:
            raise Refused("was not taken")
        self.connection.execute(
            "INSERT INTO journeys (tag, from_stop, to_stop, minutes) SELECT tag, stop_id, %s,"
            " extract(epoch FROM now() - taken_at) / 60 FROM umbrellas WHERE tag = %s",
            [stop, tag],
        )
        self.connection.execute(
            "UPDATE umbrellas SET holder = NULL, stop_id = %s, condition = %s WHERE tag = %s", [stop, condition, tag]
        )
        return {"latch": "closed", "tag": tag, "thanks": umbrella["holder"]}


stands = Blueprint("stands", __name__, url_prefix="/stands")


def told_tag() -> tuple[str, dict]:
    told = request.get_json(silent=True) or {}
    tag = told.get("tag")
    if not isinstance(tag, str) or not tag.startswith("U"):
        abort(422)
    return tag, told


@stands.post("/<int:stop>/take")
def take(stop: int):
    tag, told = told_tag()
    return Lending(db()).take(tag, stop, str(told.get("holder", "guest")))


@stands.post("/<int:stop>/back")
def put_back(stop: int):
    tag, told = told_tag()
    try:
        condition = Condition(told.get("condition", "good"))
    except ValueError:
        abort(422)
    return Lending(db()).put_back(tag, stop, condition)


@stands.get("/<int:stop>")
def contents(stop: int):
    counted = "SELECT count(*) AS known, count(*) - count(holder) AS inside FROM umbrellas WHERE stop_id = %s"
    return db().execute(counted, [stop]).fetchone()


@stands.errorhandler(Refused)
def refused(why: Refused):
    return jsonify(latch="closed", why=why.word), 409


def create_app(database: Database) -> Flask:
    app = Flask(__name__)
    app.extensions["connections"] = Connections(database, THREADS)
    app.register_blueprint(stands)
    app.teardown_appcontext(end_request)
    return app


class City(BaseApplication):
    """Gunicorn, with one worker of four threads."""

    def __init__(self, database: Database, listening: socket.socket):
        self.database, self.listening = database, listening
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"fd://{self.listening.fileno()}",
            "worker_class": "gthread",
            "threads": THREADS,
            "worker_tmp_dir": ".",
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app(self.database)


def group(port: int, number: int) -> None:
    rng = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    own = [f"U{tag}" for tag in range(1 + number, UMBRELLAS, GROUPS)]
    out: list[str] = []
    due = time.monotonic() + number / TAGS_EACH / GROUPS

    def ask(method: str, path: str, told: dict | None = None) -> dict:
        headers = {"Content-Type": "application/json"} if told else {}
        connection.request(method, path, json.dumps(told) if told else None, headers)
        return json.loads(connection.getresponse().read())

    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / TAGS_EACH, time.monotonic() - 1)
        stop, chance = rng.randint(1, STOPS), rng.random()
        if chance < 0.2:
            ask("GET", f"/stands/{stop}")
        elif len(out) > 30 or (out and chance < 0.6):
            ask("POST", f"/stands/{stop}/back", {"tag": out.pop(0), "condition": rng.choice(["good", "worn"])})
        else:
            told = {"tag": rng.choice(own), "holder": f"card {rng.randrange(9999)}"}
            if ask("POST", f"/stands/{stop}/take", told)["latch"] == "open":
                out.append(told["tag"])


def rainy_day(port: int) -> None:
    groups = [threading.Thread(target=group, args=(port, number)) for number in range(GROUPS)]
    for one in groups:
        one.start()
    for one in groups:
        one.join()


def main() -> None:
    os.chmod(".", 0o1777)  # the database server is another user's
    database = Database(f"postgresql://postgres@127.0.0.1:{services.postgres(*SCHEMA)}/postgres")
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listening.getsockname()[1]
    services.outside(lambda: rainy_day(port))
    City(database, listening).run()


if __name__ == "__main__":
    main()
