# bench: healthy
# A Flask-SQLAlchemy service of a fire brigade: which bonfires are permitted today in a district, and how dry it is
# there. gunicorn with a pool of threads, PostgreSQL. A page costs three statements, whatever its length.
# Measured: 50 pages a second in bursts, 22 % of a core.
import http.client
import json
import os
import random
import socket
import sys
import threading
import time
from collections import OrderedDict
from datetime import date, timedelta

from flask import Flask, abort, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from gunicorn.app.base import BaseApplication
from sqlalchemy import select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship, selectinload

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside, postgres  # noqa: E402

DISTRICTS = 30


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class District(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    dryness: Mapped[int]


class Farmer(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    phone: Mapped[str]


class Permit(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    district_id: Mapped[int] = mapped_column(db.ForeignKey("district.id"), index=True)
    farmer_id: Mapped[int] = mapped_column(db.ForeignKey("farmer.id"))
    day: Mapped[date] = mapped_column(index=True)
    cubic_metres: Mapped[int]
    farmer: Mapped[Farmer] = relationship()
    conditions: Mapped[list["Condition"]] = relationship(order_by="Condition.id")


class Condition(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    permit_id: Mapped[int] = mapped_column(db.ForeignKey("permit.id"), index=True)
    words: Mapped[str]


class Recent:
    """The answers of the last seconds, for callers who press reload; never more than ``size``."""

    def __init__(self, size, seconds):
        self.size, self.seconds = size, seconds
        self.lock = threading.Lock()
        self.kept = OrderedDict()

    def get(self, key):
        with self.lock:
            made, value = self.kept.get(key, (0.0, None))
        return value if time.monotonic() - made < self.seconds else None

    def put(self, key, value):
        with self.lock:
            self.kept[key] = time.monotonic(), value
            self.kept.move_to_end(key)
            while len(self.kept) > self.size:
                self.kept.popitem(last=False)


def create_app(port):
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 8, "max_overflow": 0}
    db.init_app(app)
    recent = Recent(size=64, seconds=0.5)

    @app.get("/districts/<int:number>/permits")
    def permits(number):
        day = date.fromisoformat(request.args.get("day", FIRST.isoformat()))
        body = recent.get((number, day))
        if body is None:
            district = db.session.get(District, number) or abort(404)
            found = db.session.scalars(
                select(Permit)
                .where(Permit.district_id == number, Permit.day == day)
                .options(joinedload(Permit.farmer), selectinload(Permit.conditions))
                .order_by(Permit.id)
            ).all()
            body = json.dumps(
                {
                    "district": district.name,
                    "dryness": district.dryness,
                    "permits": [
                        {
                            "id": permit.id,
                            "farmer": permit.farmer.name,
                            "phone": permit.farmer.phone,
                            "cubic_metres": permit.cubic_metres,
                            "conditions": [condition.words for condition in permit.conditions],
                        }
                        for permit in found
                    ],
                }
            )
            recent.put((number, day), body)
        return app.response_class(body, mimetype="application/json")

    @app.get("/health")
    def health():
        db.session.execute(text("SELECT 1"))
        return jsonify(well=True)

    return app


FIRST = date(2024, 3, 1)


def fill(app):
    rnd = random.Random(5)
    words = ["keep water at hand", "not after sunset", "call before lighting", "wind below force 4", "watch until cold"]
    with app.app_context():
        db.create_all()
        db.session.add_all(District(id=n, name=f"District {n}", dryness=rnd.randint(1, 5)) for n in range(1, 31))
        db.session.add_all(Farmer(id=n, name=f"Farm {n}", phone=f"0{n:05}") for n in range(1, 301))
        db.session.flush()
        for number in range(1, DISTRICTS + 1):
            for ahead in range(5):
                for _ in range(12):
                    chosen = rnd.sample(words, rnd.randint(1, 3))
                    db.session.add(
                        Permit(
                            district_id=number,
                            farmer_id=rnd.randint(1, 300),
                            day=FIRST + timedelta(days=ahead),
                            cubic_metres=rnd.randint(1, 40),
                            conditions=[Condition(words=each) for each in chosen],
                        )
                    )
        db.session.commit()
        db.session.execute(text("ANALYZE"))
        db.session.commit()
        db.engine.dispose()


class Server(BaseApplication):
    def load_config(self):
        settings = {
            "bind": f"fd://{listener.fileno()}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": 8,
            "keepalive": 30,
            "loglevel": "warning",
            "post_worker_init": announce,
        }
        for key, value in settings.items():
            self.cfg.set(key, value)

    def load(self):
        return app


def announce(worker):
    notice = threading.Timer(2.0, lambda: print("ready", os.getpid(), flush=True))
    notice.daemon = True
    notice.start()


def callers(port, seed):
    """Farms that ask in bursts: all at once, then nothing for some tenths of a second."""

    def work():
        listener.close()
        rnd = random.Random(seed)
        line = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            for _ in range(rnd.randint(1, 4)):
                day = FIRST + timedelta(days=rnd.randrange(5))
                line.request("GET", f"/districts/{rnd.randint(1, DISTRICTS)}/permits?day={day}")
                if line.getresponse().read()[:1] != b"{":
                    raise SystemExit("no page")
            time.sleep(0.3 - time.time() % 0.3)

    return work


if __name__ == "__main__":
    app = create_app(postgres())
    fill(app)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    for seed in range(6):
        outside(callers(listener.getsockname()[1], seed))
    Server().run()
