# expect: pattern=repeated-query bench
"""Tasting sheets of a coffee broker: before a sale the tasters open the sheet of a region, with its lots, what the cups
were given by the panel, and the price that the broker expects, worked out from the rate card of the grade.

Flask and Flask-SQLAlchemy on PostgreSQL, under gunicorn (gthread). The rate card is kept by day: a new line for a grade
holds from its day on.

Measured: 14 requests each second in both; 30 % of a core, and a sheet takes 32 to 39 ms (median; up to 136 ms while
others use the machine); in the twin 7 % and 9 to 21 ms.
"""

import http.client
import json
import os
import random
import socket
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean

from flask import Blueprint, Flask, abort, request
from flask_sqlalchemy import SQLAlchemy
from gunicorn.app.base import BaseApplication
from sqlalchemy import Date, ForeignKey, Numeric, String, func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

REGIONS = ["Huila", "Sidamo", "Yirgacheffe", "Antigua", "Tarrazu", "Mbeya"]
GRADES = ["AA", "AB", "PB", "C", "E", "TT", "SHB", "HB", "Supremo", "Excelso", "G1", "G2"]
LOTS_OF_SALE = 45
TASTERS = 4
SHEETS_EACH = 3.5  # a second and taster

SCHEMA = [
    "CREATE TABLE estates (id int PRIMARY KEY, name text, region text, metres int)",
    "CREATE TABLE lots (id int PRIMARY KEY, sale date, estate_id int REFERENCES estates, grade text, bags int)",
    "CREATE TABLE cups (id serial PRIMARY KEY, lot_id int REFERENCES lots, taster text, flavour int, body int)",
    "CREATE TABLE rates (id serial PRIMARY KEY, grade text, holds_from date, cents numeric(8, 2))",
    "INSERT INTO estates SELECT i, 'Estate ' || i, (ARRAY['Huila','Sidamo','Yirgacheffe','Antigua',"
    "'Tarrazu','Mbeya'])[1 + i % 6], 300 + i * 37 % 1700 FROM generate_series(1, 90) i",
    "INSERT INTO rates (grade, holds_from, cents) SELECT g, DATE '2024-01-01' + d * 7, 700 + (d * 31 + length(g) * 57)"
    f" % 900 FROM unnest(ARRAY{GRADES}) g, generate_series(0, 51) d",
    "CREATE INDEX ON rates (grade, holds_from)",
]


@dataclass(frozen=True)
class Verdict:
    flavour: float
    body: float
    tasted: int

    @property
    def factor(self) -> float:
        return 1 + (self.flavour - 5) * 0.04 + (self.body - 5) * 0.015 if self.tasted else 1.0


db = SQLAlchemy()


class Estate(db.Model):
    __tablename__ = "estates"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String)
    region: Mapped[str] = mapped_column(String)
    metres: Mapped[int]

    @property
    def elevation(self) -> str:
        return "high" if self.metres > 1200 else "mid" if self.metres > 600 else "low"


class Lot(db.Model):
    __tablename__ = "lots"
    id: Mapped[int] = mapped_column(primary_key=True)
    sale: Mapped[date] = mapped_column(Date)
    estate_id: Mapped[int] = mapped_column(ForeignKey("estates.id"))
    grade: Mapped[str] = mapped_column(String)
    bags: Mapped[int]
    estate: Mapped[Estate] = relationship()


class Cup(db.Model):
    __tablename__ = "cups"
    id: Mapped[int] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lots.id"))
    taster: Mapped[str] = mapped_column(String)
    flavour: Mapped[int]
    body: Mapped[int]


class Rate(db.Model):
    __tablename__ = "rates"
    id: Mapped[int] = mapped_column(primary_key=True)
    grade: Mapped[str] = mapped_column(String)
    holds_from: Mapped[date] = mapped_column(Date)
    cents: Mapped[float] = mapped_column(Numeric(8, 2))


class RateCard:
    """What a kilogram of a grade fetches, as the broker has set it."""

    ELEVATIONS = {"high": 1.18, "mid": 1.0, "low": 0.91}

    def __init__(self, day: date):
        self.day = day

    def rate(self, grade: str) -> float:
        holding = (
            select(Rate.cents)
            .where(Rate.grade == grade, Rate.holds_from <= self.day)
            .order_by(Rate.holds_from.desc())
            .limit(1)
        )
        cents = db.session.scalar(holding)  # <- cost
        if cents is None:
            raise LookupError(f"no rate for {grade} on {self.day}")
        return float(cents)

    def expected(self, lot: Lot, verdict: Verdict) -> float:
        rate = self.rate(lot.grade)  # <- cost
        return round(rate * self.ELEVATIONS[lot.estate.elevation] * verdict.factor, 2)


class Panel:
    """What the tasters found."""

    nothing = Verdict(0, 0, 0)

    def verdicts(self, lots: list[Lot]) -> dict[int, Verdict]:
        cups = select(Cup.lot_id, Cup.flavour, Cup.body).where(Cup.lot_id.in_([lot.id for lot in lots]))
        by_lot = defaultdict(list)
        for lot_id, flavour, body in db.session.execute(cups):
            by_lot[lot_id].append((flavour, body))
        return {
            lot_id: Verdict(fmean(cup[0] for cup in given), fmean(cup[1] for cup in given), len(given))
            for lot_id, given in by_lot.items()
        }


def lots_of(sale: date, region: str) -> list[Lot]:
    chosen = select(Lot).join(Lot.estate).where(Lot.sale == sale, Estate.region == region).order_by(Lot.id)
    return list(db.session.scalars(chosen.options(joinedload(Lot.estate))))


def line(lot: Lot, verdict: Verdict, card: RateCard) -> dict:
    return {
        "lot": lot.id,
        "estate": lot.estate.name,
        "elevation": lot.estate.elevation,
        "grade": lot.grade,
        "kilograms": lot.bags * 60,
        "flavour": round(verdict.flavour, 1),
        "body": round(verdict.body, 1),
        "expected": card.expected(lot, verdict),
    }


tasting = Blueprint("tasting", __name__)


def asked_day() -> date:
    try:
        return date.fromisoformat(request.args["sale"])
    except (KeyError, ValueError):
        abort(422)


@tasting.get("/regions/<region>/sheet")
def sheet(region: str) -> dict:
    if region not in REGIONS:
        abort(404)
    day = asked_day()
    lots = lots_of(day, region)
    verdicts, card = Panel().verdicts(lots), RateCard(day)
    lines = [line(lot, verdicts.get(lot.id, Panel.nothing), card) for lot in lots]
    worth = sum(one["expected"] * one["kilograms"] for one in lines)
    return {"region": region, "sale": day.isoformat(), "lines": lines, "worth": round(worth)}


@tasting.get("/sales")
def sales() -> dict:
    counted = select(Lot.sale, func.count(), func.sum(Lot.bags)).group_by(Lot.sale).order_by(Lot.sale)
    return {"sales": [[sale.isoformat(), lots, bags] for sale, lots, bags in db.session.execute(counted)]}


def seed(day: date) -> None:
    rng, estates = random.Random(7), defaultdict(list)
    for estate in db.session.scalars(select(Estate)):
        estates[estate.region].append(estate.id)
    lots = [
        {"id": number, "sale": day, "estate_id": rng.choice(estates[region]), "grade": rng.choice(GRADES), "bags": 20}
        for number, region in enumerate((region for region in REGIONS for _ in range(LOTS_OF_SALE)), 1)
    ]
    db.session.execute(Lot.__table__.insert(), lots)
    cups = [
        {"lot_id": lot["id"], "taster": taster, "flavour": rng.randint(3, 9), "body": rng.randint(3, 9)}
        for lot in lots
        for taster in ("Alemu", "Inés", "Ruth")
    ]
    db.session.execute(Cup.__table__.insert(), cups)
    db.session.execute(db.text("CREATE INDEX ON cups (lot_id)"))
    db.session.commit()


def create_app(database: int, day: date) -> Flask:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"postgresql+psycopg://postgres@127.0.0.1:{database}/postgres"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 4}
    db.init_app(app)
    app.register_blueprint(tasting)
    with app.app_context():
        seed(day)
    return app


class Brokers(BaseApplication):
    def __init__(self, database: int, day: date, listening: socket.socket):
        self.database, self.day, self.listening = database, day, listening
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": f"fd://{self.listening.fileno()}",
            "worker_class": "gthread",
            "threads": 4,
            "worker_tmp_dir": ".",
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app(self.database, self.day)


def taster(port: int, number: int, day: date) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    turn, due = number, time.monotonic() + number / SHEETS_EACH / TASTERS
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / SHEETS_EACH, time.monotonic() - 1)
        region = REGIONS[turn % len(REGIONS)]
        path = "/sales" if turn % 8 == 0 else f"/regions/{region}/sheet?sale={day}"
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200 and json.loads(answer.read()), answer.status
        turn += 1


def tasters(port: int, day: date) -> None:
    at_table = [threading.Thread(target=taster, args=(port, number, day)) for number in range(TASTERS)]
    for one in at_table:
        one.start()
    for one in at_table:
        one.join()


def main() -> None:
    os.chmod(".", 0o1777)  # the database server is another user's
    day = date(2024, 11, 4) + timedelta(days=2)
    database = services.postgres(*SCHEMA)
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listening.getsockname()[1]
    services.outside(lambda: tasters(port, day))
    Brokers(database, day, listening).run()


if __name__ == "__main__":
    main()
