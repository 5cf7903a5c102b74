# expect: healthy bench
# Counts of calling corncrakes: recorders in the meadows deliver what they heard in a night (a batch of calls,
# stored in one transaction), and volunteers look at the page of a meadow: calls by hour, loudest birds, and when it
# may be mown.
#
# Measured: 3 deliveries of 60 calls and 12 pages a second, a page in two statements and 4.2 ms (median, on a busy
# machine), at 5 % of a core; calls older than two minutes are removed.
import http.client
import json
import os
import random
import socket
import sys
import threading
import time
from pathlib import Path

from flask import Blueprint, Flask, abort, current_app, jsonify, render_template, request
from gunicorn.app.base import BaseApplication
from jinja2 import DictLoader
from sqlalchemy import Engine, create_engine, text

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

MEADOWS = 120
RECORDERS, VOLUNTEERS = 3, 4
CALLS = 60  # in a delivery

SCHEMA = [
    "CREATE TABLE meadows (id integer PRIMARY KEY, name text NOT NULL, mown_after date NOT NULL)",
    """CREATE TABLE calls (id bigserial PRIMARY KEY, meadow_id integer NOT NULL REFERENCES meadows,
        bird integer NOT NULL, hour smallint NOT NULL, loudness real NOT NULL,
        heard_at timestamptz NOT NULL DEFAULT now())""",
    f"""INSERT INTO meadows SELECT n, 'Meadow ' || n, date '2025-07-15' + n % 30
        FROM generate_series(0, {MEADOWS - 1}) n""",
    f"""INSERT INTO calls (meadow_id, bird, hour, loudness)
        SELECT n % {MEADOWS}, n % 7, (21 + n / {MEADOWS} % 8) % 24, 40 + n % 45 FROM generate_series(1, 15000) n""",
    "CREATE INDEX calls_of_meadow ON calls (meadow_id, hour) INCLUDE (bird, loudness)",
    "CREATE INDEX calls_by_age ON calls (heard_at)",
    "ANALYZE",
]

PAGE = """<html><body><h1>{{ meadow.name }}</h1><p>Mow after {{ meadow.mown_after }}.</p><table>
{% for hour in hours -%}
<tr><td>{{ "%02d" | format(hour.hour) }}</td><td>{{ hour.calls }}</td><td>{{ hour.birds }} birds</td>
<td>{{ "%.1f" | format(hour.loudest) }} dB</td></tr>
{% endfor -%}
</table></body></html>"""

MEADOW = text("SELECT id, name, mown_after FROM meadows WHERE id = :meadow")
BY_HOUR = text("""
    SELECT hour, count(*) AS calls, count(DISTINCT bird) AS birds, max(loudness) AS loudest
    FROM calls WHERE meadow_id = :meadow GROUP BY hour ORDER BY (hour + 12) % 24
""")
ADD_CALLS = text("INSERT INTO calls (meadow_id, bird, hour, loudness) VALUES (:meadow, :bird, :hour, :loudness)")
DROP_OLD = text("""
    DELETE FROM calls WHERE heard_at < now() - interval '2 minutes'
""")


class CallRepository:
    def __init__(self, engine: Engine):
        self.engine = engine

    def add(self, calls: list[dict]) -> None:
        with self.engine.begin() as connection:
            connection.execute(ADD_CALLS, calls)

    def page(self, meadow: int) -> tuple | None:
        with self.engine.connect() as connection:
            found = connection.execute(MEADOW, {"meadow": meadow}).first()
            if found is None:
                return None
            return found, connection.execute(BY_HOUR, {"meadow": meadow}).all()

    def drop_old(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(DROP_OLD)


class Housekeeping(threading.Thread):
    """Removes old calls now and then."""

    def __init__(self, calls: CallRepository, every: float = 10.0):
        super().__init__(name="housekeeping", daemon=True)
        self.calls, self.every = calls, every

    def run(self) -> None:
        while True:
            time.sleep(self.every)
            self.calls.drop_old()


meadows = Blueprint("meadows", __name__, url_prefix="/meadows")


def repository() -> CallRepository:
    return current_app.extensions["calls"]


@meadows.get("/<int:meadow>")
def show(meadow: int) -> str:
    found = repository().page(meadow)
    if found is None:
        abort(404)
    return render_template("meadow.html", meadow=found[0], hours=found[1])


@meadows.post("/<int:meadow>/calls")
def deliver(meadow: int):
    told = request.get_json()
    if not told or meadow >= MEADOWS:
        abort(422)
    calls = [
        {"meadow": meadow, "bird": call["bird"], "hour": call["hour"], "loudness": call["loudness"]} for call in told
    ]
    repository().add(calls)
    return jsonify(stored=len(calls)), 201


def create_app(database: int) -> Flask:
    app = Flask(__name__)
    app.jinja_loader = DictLoader({"meadow.html": PAGE})
    url = f"postgresql+psycopg://postgres@127.0.0.1:{database}/postgres"
    calls = CallRepository(create_engine(url, pool_size=4, max_overflow=1))
    app.extensions["calls"] = calls
    app.register_blueprint(meadows)
    Housekeeping(calls).start()
    return app


class Counting(BaseApplication):
    """Gunicorn, with one worker of four threads."""

    def __init__(self, database: int, listening: socket.socket):
        self.database, self.listening = database, listening
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": f"fd://{self.listening.fileno()}",
            "worker_class": "gthread",
            "threads": 4,
            "keepalive": 30,
            "worker_tmp_dir": ".",
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app(self.database)


def recorder(port: int, number: int) -> None:
    rng = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + number / RECORDERS
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1, time.monotonic() - 1)
        heard = [
            {"bird": rng.randrange(7), "hour": (21 + rng.randrange(8)) % 24, "loudness": round(rng.gauss(62, 9), 1)}
            for _ in range(CALLS)
        ]
        body, headers = json.dumps(heard), {"Content-Type": "application/json"}
        connection.request("POST", f"/meadows/{rng.randrange(MEADOWS)}/calls", body, headers)
        connection.getresponse().read()


def volunteer(port: int, number: int) -> None:
    rng = random.Random(100 + number)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + number / 12
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / 3, time.monotonic() - 1)
        connection.request("GET", f"/meadows/{rng.randrange(MEADOWS)}")
        connection.getresponse().read()


def people(port: int) -> None:
    there = [threading.Thread(target=recorder, args=(port, number)) for number in range(RECORDERS)]
    there += [threading.Thread(target=volunteer, args=(port, number)) for number in range(VOLUNTEERS)]
    for one in there:
        one.start()
    for one in there:
        one.join()


def main() -> None:
    os.chmod(".", 0o1777)  # the database server is another user's
    database = services.postgres(*SCHEMA)
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listening.getsockname()[1]
    services.outside(lambda: people(port))
    Counting(database, listening).run()


if __name__ == "__main__":
    main()
