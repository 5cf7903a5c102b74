# expect: pattern=repeated-query bench
"""Programmes of ceilidh evenings: the village halls fetch what is danced on an evening, in which set, to which tunes,
and who calls it.

Flask with SQLAlchemy on PostgreSQL. An evening has about thirty dances; a dance of the programme has its tunes.

Measured: 10 requests a second in both; a programme takes 39 ms (median, on a busy machine) and 0.21 to 0.35 cores, in
the twin 11 ms and 0.08 to 0.11 cores.
"""

import datetime
import logging
import os
import sys
import threading
import time
from collections import Counter

from flask import Flask, abort, g, jsonify
from sqlalchemy import ForeignKey, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker
from werkzeug.serving import WSGIRequestHandler, make_server

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
import services  # noqa: E402

EVENINGS = 120
REQUESTS_PER_SECOND = 10
SETUP = (
    "CREATE TABLE hall (id serial PRIMARY KEY, name text NOT NULL, floor text NOT NULL)",
    "CREATE TABLE evening (id serial PRIMARY KEY, hall_id int NOT NULL REFERENCES hall, held_on date NOT NULL,"
    " caller text NOT NULL, band text NOT NULL)",
    "CREATE TABLE dance (id int PRIMARY KEY, title text NOT NULL, formation text NOT NULL, bars int NOT NULL)",
    "CREATE TABLE slot (id serial PRIMARY KEY, evening_id int NOT NULL REFERENCES evening, place int NOT NULL,"
    " dance_id int NOT NULL REFERENCES dance, times int NOT NULL)",
    "CREATE TABLE tune (id serial PRIMARY KEY, slot_id int NOT NULL REFERENCES slot, place int NOT NULL,"
    " title text NOT NULL, key text NOT NULL, metre text NOT NULL)",
    "INSERT INTO hall SELECT n, 'Hall ' || n, (ARRAY['sprung','board','stone'])[n % 3 + 1]"
    " FROM generate_series(1, 12) n",
    f"INSERT INTO evening SELECT n, n % 12 + 1, DATE '2026-01-03' + n * 3, 'caller ' || n % 9, 'band ' || n % 14"
    f" FROM generate_series(1, {EVENINGS}) n",
    "INSERT INTO dance SELECT n, 'dance ' || n, (ARRAY['longways','square','circle','couples'])[n % 4 + 1],"
    " 32 + n % 3 * 8 FROM generate_series(0, 399) n",
    "INSERT INTO slot SELECT e.id * 100 + n, e.id, n, (e.id * 31 + n * 17) % 400, 4 + n % 5"
    " FROM evening e, generate_series(1, 28) n",
    "INSERT INTO tune (slot_id, place, title, key, metre) SELECT s.id, n, 'tune ' || (s.id * 7 + n * 13) % 3000,"
    " (ARRAY['D','G','A','Em'])[(s.id + n) % 4 + 1], (ARRAY['reel','jig','polka'])[s.id % 3 + 1]"
    " FROM slot s, generate_series(1, 1 + s.id % 2) n",
    "CREATE INDEX ON slot (evening_id)",
    "CREATE INDEX ON tune (slot_id)",
    "ANALYZE",
)


class Base(DeclarativeBase):
    pass


class Hall(Base):
    __tablename__ = "hall"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    floor: Mapped[str]


class Tune(Base):
    __tablename__ = "tune"
    id: Mapped[int] = mapped_column(primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"))
    place: Mapped[int]
    title: Mapped[str]
    key: Mapped[str]
    metre: Mapped[str]


class Dance(Base):
    __tablename__ = "dance"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    formation: Mapped[str]
    bars: Mapped[int]


class Slot(Base):
    __tablename__ = "slot"
    id: Mapped[int] = mapped_column(primary_key=True)
    evening_id: Mapped[int] = mapped_column(ForeignKey("evening.id"))
    place: Mapped[int]
    dance_id: Mapped[int] = mapped_column(ForeignKey("dance.id"))
    times: Mapped[int]
    dance: Mapped[Dance] = relationship()
    tunes: Mapped[list[Tune]] = relationship(order_by=Tune.place)


class Evening(Base):
    __tablename__ = "evening"
    id: Mapped[int] = mapped_column(primary_key=True)
    hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"))
    held_on: Mapped[datetime.date]
    caller: Mapped[str]
    band: Mapped[str]
    hall: Mapped[Hall] = relationship()
    slots: Mapped[list[Slot]] = relationship(order_by=Slot.place)


class Programmes:
    """Finds evenings, and makes their programmes."""

    def __init__(self, session):
        self.session = session

    def evening(self, number):
        wanted = select(Evening).where(Evening.id == number)
        return self.session.scalars(wanted).one_or_none()

    def tempo(self, dance, tune):
        beats = {"reel": 112, "jig": 118, "polka": 124}[tune.metre]
        return beats - (4 if dance.formation == "longways" else 0)

    def card(self, slot):
        dance = slot.dance  # <- cost
        tunes = [
            {"title": tune.title, "key": tune.key, "tempo": self.tempo(dance, tune)}
            for tune in slot.tunes  # <- cost
        ]
        minutes = dance.bars * slot.times * 2 / (tunes[0]["tempo"] if tunes else 112)
        return {
            "dance": dance.title,
            "formation": dance.formation,
            "length": f"{slot.times}x{dance.bars}",
            "minutes": round(minutes, 1),
            "tunes": tunes,
        }

    def programme(self, evening):
        cards = [self.card(slot) for slot in evening.slots]  # <- cost
        total = sum(card["minutes"] for card in cards)
        half = total / 2
        passed, pause = 0.0, 0
        for place, card in enumerate(cards):
            passed += card["minutes"]
            if passed >= half:
                pause = place + 1
                break
        return {
            "hall": evening.hall.name,
            "floor": evening.hall.floor,
            "on": evening.held_on.isoformat(),
            "caller": evening.caller,
            "band": evening.band,
            "minutes": round(total),
            "pause_after": pause,
            "formations": Counter(card["formation"] for card in cards),
            "dances": cards,
        }


def create_app(dsn):
    app = Flask(__name__)
    sessions = sessionmaker(create_engine(dsn, pool_size=4, max_overflow=0))

    @app.before_request
    def open_session():
        g.session = sessions()

    @app.teardown_request
    def close_session(error):
        g.session.close()

    @app.get("/evenings/<int:number>")
    def programme(number):
        programmes = Programmes(g.session)
        evening = programmes.evening(number)
        if evening is None:
            abort(404)
        return jsonify(programmes.programme(evening))

    @app.get("/halls")
    def halls():
        evenings = func.count(Evening.id)
        wanted = select(Hall.name, evenings).join(Evening, Evening.hall_id == Hall.id).group_by(Hall.id)
        return jsonify([{"hall": name, "evenings": count} for name, count in g.session.execute(wanted)])

    return app


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    database = services.postgres(*SETUP)
    port = services.free_port()
    paths = [f"/evenings/{number}" for number in range(1, EVENINGS + 1)] + ["/halls"] * 6

    def come():
        services.wait_for(port)
        clients.come(port, paths, REQUESTS_PER_SECOND, 3)

    services.outside(come)
    app = create_app(f"postgresql+psycopg://postgres@127.0.0.1:{database}/postgres")
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Handler)
    threading.Thread(target=server.serve_forever, name="server", daemon=True).start()
    time.sleep(3)
    print(f"ready {os.getpid()}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
