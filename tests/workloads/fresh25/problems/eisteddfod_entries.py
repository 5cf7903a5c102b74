# expect: pattern=pool-undersized bench
"""The entries of an eisteddfod: stewards look up the programme of a competition, the choirs and reciters that
entered, and note that somebody has come to the stage.

Flask with Flask-SQLAlchemy on PostgreSQL, under gunicorn (one process, 16 threads). The rolls of the societies are
kept by the council's server; a question to it (a view here) takes some 20 ms.

Measured: 84 requests a second; a society's entries are answered in 176 ms (median), in the twin in 25 ms; the rest is
waiting for one of the two connections. 0.22 to 0.25 cores in both.
"""

import logging
import os
import random
import shutil
import sys
import threading
import time
from datetime import datetime, timedelta

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

from flask import Blueprint, Flask, abort, jsonify, render_template_string
from flask_sqlalchemy import SQLAlchemy
from gunicorn.app.base import BaseApplication
from sqlalchemy.exc import SQLAlchemyError

import clients
import services

COMPETITIONS = 160
SOCIETIES = 500
THREADS = 16
REQUESTS_A_SECOND = 84

SETUP = (
    "CREATE TABLE competition (id serial PRIMARY KEY, title text NOT NULL, stage text NOT NULL, starts time NOT NULL,"
    " minutes int NOT NULL)",
    "CREATE TABLE society (id serial PRIMARY KEY, name text NOT NULL, town text NOT NULL)",
    "CREATE TABLE entry_kept (id serial PRIMARY KEY, competition_id int NOT NULL REFERENCES competition,"
    " society_id int NOT NULL REFERENCES society, piece text NOT NULL, voices int NOT NULL)",
    "CREATE TABLE arrival (entry_id int PRIMARY KEY, at timestamptz NOT NULL)",
    "INSERT INTO competition SELECT n, 'Competition ' || n, (ARRAY['Pavilion','Babell','Encore'])[n % 3 + 1],"
    f" TIME '09:00' + n % 9 * INTERVAL '1 hour', 6 + n % 7 FROM generate_series(1, {COMPETITIONS}) n",
    f"INSERT INTO society SELECT n, 'Côr ' || n, 'Llan ' || n % 90 FROM generate_series(1, {SOCIETIES}) n",
    f"INSERT INTO entry_kept SELECT n, n % {COMPETITIONS} + 1, n * 11 % {SOCIETIES} + 1, 'Piece ' || n % 71, 1 + n % 60"
    " FROM generate_series(1, 1600) n",
    "CREATE INDEX ON entry_kept (competition_id)",
    "CREATE INDEX ON entry_kept (society_id)",
    "CREATE VIEW entry AS WITH council AS MATERIALIZED (SELECT pg_sleep(0.020)) SELECT e.* FROM entry_kept e, council",
    "ANALYZE",
)

PROGRAMME = """<!doctype html>
<title>{{ competition.title }}</title>
<h1>{{ competition.title }}</h1>
<p>{{ competition.stage }}</p>
<ol>{% for slot in slots %}<li>{{ slot.at }} {{ slot.society }} ({{ slot.town }}): {{ slot.piece }}</li>
{% endfor %}</ol>
"""

db = SQLAlchemy()
pages = Blueprint("pages", __name__)


class Config:
    SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 2, "max_overflow": 0, "pool_recycle": 1800}  # <- cost
    MAX_CONTENT_LENGTH = 64 * 1024


class Competition(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.Text, nullable=False)
    stage = db.Column(db.Text, nullable=False)
    starts = db.Column(db.Time, nullable=False)
    minutes = db.Column(db.Integer, nullable=False)


class Society(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.Text, nullable=False)
    town = db.Column(db.Text, nullable=False)


class Entry(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    competition_id = db.Column(db.ForeignKey("competition.id"), nullable=False)
    society_id = db.Column(db.ForeignKey("society.id"), nullable=False)
    piece = db.Column(db.Text, nullable=False)
    voices = db.Column(db.Integer, nullable=False)


class Arrival(db.Model):
    entry_id = db.Column(db.Integer, primary_key=True)
    at = db.Column(db.DateTime(timezone=True), nullable=False)


class Caller:
    """How often each stage was called; the threads share it."""

    def __init__(self):
        self._lock = threading.Lock()
        self._calls: dict[str, int] = {}

    def called(self, stage):
        with self._lock:
            self._calls[stage] = self._calls.get(stage, 0) + 1

    def counts(self):
        with self._lock:
            return dict(self._calls)


caller = Caller()


def rows(statement):
    return db.session.execute(statement).all()  # <- cost


def running_order(competition, entries):
    """Small societies first, and each gets the time that the competition allows."""
    at = datetime.combine(datetime.today(), competition.starts)
    slots = []
    for entry in sorted(entries, key=lambda entry: entry.voices):
        slots.append({"at": f"{at:%H:%M}", "society": entry.name, "town": entry.town, "piece": entry.piece})
        at += timedelta(minutes=competition.minutes + (2 if entry.voices > 30 else 1))
    return slots


@pages.get("/competitions/<int:number>")
def programme(number):
    asked = db.select(Society.name, Society.town, Entry.piece, Entry.voices, Competition)
    asked = asked.join(Entry, Entry.society_id == Society.id)
    asked = asked.join(Competition, Competition.id == Entry.competition_id).where(Competition.id == number)
    found = rows(asked)
    if not found:
        abort(404, f"no competition {number}")
    competition = found[0].Competition
    caller.called(competition.stage)
    slots = running_order(competition, found)
    return render_template_string(PROGRAMME, competition=competition, slots=slots)


@pages.get("/societies/<int:number>")
def society(number):
    asked = db.select(Society.name, Entry.id, Entry.piece, Competition.title, Competition.stage)
    asked = asked.join(Entry, Entry.society_id == Society.id).join(Competition).where(Society.id == number)
    found = rows(asked.order_by(Competition.starts))
    if not found:
        abort(404, f"no society {number}")
    entries = [{"entry": row.id, "piece": row.piece, "in": row.title, "stage": row.stage} for row in found]
    return jsonify({"society": found[0].name, "entries": entries})


@pages.get("/stages")
def stages():
    return jsonify(caller.counts())


@pages.app_errorhandler(404)
def missing(error):
    return jsonify({"error": error.description}), 404


@pages.app_errorhandler(SQLAlchemyError)
def council_away(error):
    db.session.rollback()
    return jsonify({"error": "the rolls cannot be read"}), 503


def create_app(uri):
    app = Flask(__name__)
    app.config.from_object(Config)
    app.config["SQLALCHEMY_DATABASE_URI"] = uri
    db.init_app(app)
    app.register_blueprint(pages)
    return app


def database():
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return f"postgresql+psycopg://postgres@127.0.0.1:{services.postgres(*SETUP)}/postgres"


class Server(BaseApplication):
    def __init__(self, uri):
        self.uri = uri
        super().__init__()

    def load_config(self):
        options = {
            "bind": f"127.0.0.1:{services.free_port()}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": THREADS,
            "keepalive": 75,
            "loglevel": "error",
            "control_socket_disable": True,
            "when_ready": stewards,
            "post_worker_init": announce,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        return create_app(self.uri)


def announce(worker):
    def tell():
        time.sleep(2)
        print(f"ready {worker.pid}", flush=True)

    threading.Thread(target=tell, daemon=True).start()


def stewards(arbiter):
    port = arbiter.LISTENERS[0].sock.getsockname()[1]
    paths = [f"/competitions/{n}" for n in random.sample(range(1, COMPETITIONS + 1), 60)]
    paths += [f"/societies/{n * 11 % SOCIETIES + 1}" for n in range(1, 41)]
    services.outside(lambda: clients.come(port, paths + ["/stages"], REQUESTS_A_SECOND, workers=14))


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    Server(database()).run()
