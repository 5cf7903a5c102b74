# expect: pattern=pool-undersized bench
"""A bank of sourdough cultures: bakers ask for a strain, and get its pedigree and what it did in trial bakes.

Flask with Flask-SQLAlchemy on PostgreSQL under gunicorn (16 threads). The trial bakes lie in the sequencing archive,
behind a database function, whose answer takes some 60 ms; the archive bears a hundred such questions at a time.

Measured: a strain takes 280 to 370 ms, 80 % of it waiting for a connection; in the twin 64 to 77 ms.
"""

import os
import shutil
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import services
from flask import Blueprint, Flask, abort, g, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from gunicorn.app.base import BaseApplication
from sqlalchemy import ForeignKey, Numeric, cast, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

THREADS = 16
STRAINS = 3000

SETUP = (
    "CREATE TABLE bakery (id serial PRIMARY KEY, name text NOT NULL, town text NOT NULL)",
    "CREATE TABLE strain (id serial PRIMARY KEY, bakery_id int NOT NULL REFERENCES bakery, name text NOT NULL,"
    " flour text NOT NULL, hydration int NOT NULL, parent_id int REFERENCES strain)",
    "INSERT INTO bakery SELECT n, 'Bakehouse ' || n, (ARRAY['Altamura','Larzac','Graz','Oulu'])[n % 4 + 1]"
    " FROM generate_series(1, 150) n",
    "INSERT INTO strain SELECT n, n % 150 + 1, 'strain ' || n, (ARRAY['rye','spelt','wheat','einkorn'])[n % 4 + 1],"
    f" 60 + n % 60, CASE WHEN n > 20 THEN n / 3 END FROM generate_series(1, {STRAINS}) n",
    # the archive of another institute, reached through a foreign table; the sleep stands for its disks
    "CREATE FUNCTION trial_bakes(asked int) RETURNS TABLE (bake int, rise_ml int, ph numeric) LANGUAGE plpgsql AS $$"
    " BEGIN PERFORM pg_sleep(0.06); RETURN QUERY SELECT n, 400 + (asked * 31 + n * 17) % 300,"
    " 3.6 + ((asked + n) % 9) * 0.1 FROM generate_series(1, 12) n; END $$",
    "ANALYZE",
)


def database():
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return services.postgres(*SETUP)


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Bakery(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    town: Mapped[str]


class Strain(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    bakery_id: Mapped[int] = mapped_column(ForeignKey("bakery.id"))
    name: Mapped[str]
    flour: Mapped[str]
    hydration: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("strain.id"))
    bakery: Mapped[Bakery] = relationship()
    parent: Mapped["Strain | None"] = relationship(remote_side=[id])

    def as_dict(self):
        return {
            "id": self.id,
            "name": self.name,
            "flour": self.flour,
            "hydration": self.hydration,
            "bakery": f"{self.bakery.name}, {self.bakery.town}",
            "parent": self.parent.name if self.parent else None,
        }


class StrainRepository:
    """The questions that the views ask of the database."""

    def __init__(self, session):
        self.session = session

    def get(self, number):
        wanted = select(Strain).where(Strain.id == number)
        return self.session.scalars(wanted.options(joinedload(Strain.bakery), joinedload(Strain.parent))).first()

    def rise(self, number):
        bakes = func.trial_bakes(number).table_valued("bake", "rise_ml", "ph")
        asked = select(
            func.count(), func.avg(bakes.c.rise_ml).label("rise"), func.avg(cast(bakes.c.ph, Numeric)).label("ph")
        ).select_from(bakes)
        return self.session.execute(asked).one()


class Grading:
    """How a culture did, in the words of the bank."""

    limits = ((620, "vigorous"), (520, "steady"), (0, "slow"))

    @classmethod
    def of(cls, rise, ph):
        word = next(word for limit, word in cls.limits if rise >= limit)
        return f"{word}, {'sharp' if ph < 3.9 else 'mild'}"


strains = Blueprint("strains", __name__, url_prefix="/strains")


@strains.before_request
def open_repository():
    g.strains = StrainRepository(db.session)


@strains.get("/<int:number>")
def show(number):
    strain = g.strains.get(number)
    if strain is None:
        abort(404)
    told = strain.as_dict()
    bakes, rise, ph = g.strains.rise(number)
    told["trials"] = {"bakes": bakes, "rise_ml": float(rise), "ph": round(float(ph), 2)}
    told["grade"] = Grading.of(rise, ph)
    return jsonify(told)


@strains.get("/<int:number>/feeding")
def feeding(number):
    """A timetable for the starter; needs no archive."""
    warmth = request.args.get("celsius", 24, type=int)
    hours = max(4, 26 - warmth // 2 - number % 3)
    return jsonify(strain=number, feed_every_hours=hours, flour_g=50, water_g=50 + number % 11)


class Config:
    SQLALCHEMY_TRACK_MODIFICATIONS = False
    SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 2, "max_overflow": 0, "pool_timeout": 20}  # <- cost


def create_app(port):
    app = Flask(__name__)
    app.config.from_object(Config)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    db.init_app(app)  # <- cost
    app.register_blueprint(strains)
    return app


class Server(BaseApplication):
    def __init__(self, app):
        self.app = app
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
            "when_ready": bakers,
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        return self.app


def bakers(arbiter):
    port = arbiter.LISTENERS[0].sock.getsockname()[1]
    paths = [f"/strains/{number}" for number in range(1, STRAINS, 17)]
    services.customers(port, [*paths, "/strains/7/feeding?celsius=21"], number=THREADS, pause=0.25)


if __name__ == "__main__":
    Server(create_app(database())).run()
