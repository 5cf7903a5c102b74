# expect: healthy bench
# The rigging sheets of a house of marionettes: before a show the rigger calls up the sheet of a troupe, a line for each
# puppet with its weight, its worn lines, and the verdict of the latest inspection, in the order in which they hang.
#
# Measured: MEASURED
import http.client
import json
import logging
import os
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sqlalchemy import ForeignKey, Index, create_engine, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

sys.path.append(str(Path(__file__).parents[2]))
import services

TROUPES = 8
PUPPETS = 60


class Base(DeclarativeBase):
    pass


class Marionette(Base):
    __tablename__ = "marionettes"
    id: Mapped[int] = mapped_column(primary_key=True)
    troupe: Mapped[int] = mapped_column(index=True)
    name: Mapped[str]
    grams: Mapped[int]
    hook: Mapped[int]


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    marionette_id: Mapped[int] = mapped_column(ForeignKey("marionettes.id"), index=True)
    joint: Mapped[str]
    wear: Mapped[float]


class Inspection(Base):
    __tablename__ = "inspections"
    id: Mapped[int] = mapped_column(primary_key=True)
    marionette_id: Mapped[int] = mapped_column(ForeignKey("marionettes.id"))
    day: Mapped[int]
    verdict: Mapped[str]
    __table_args__ = (Index("inspections_latest", "marionette_id", "day"),)


class InspectionBook:
    """What the inspectors wrote."""

    def __init__(self, session):
        self.session = session

    def latest_of(self, troupe):
        """The latest inspection of each puppet of a troupe, by puppet."""
        newest = (
            select(Inspection.marionette_id, func.max(Inspection.day).label("day"))
            .join(Marionette, Marionette.id == Inspection.marionette_id)
            .where(Marionette.troupe == troupe)
            .group_by(Inspection.marionette_id)
            .subquery()
        )
        wanted = select(Inspection.marionette_id, Inspection.day, Inspection.verdict).join(
            newest, (newest.c.marionette_id == Inspection.marionette_id) & (newest.c.day == Inspection.day)
        )
        return {found.marionette_id: found for found in self.session.execute(wanted)}


class Column:
    """One column of a sheet: it may look at all puppets first, and then fills a cell for each."""

    title = ""

    def prepare(self, session, troupe):
        pass

    def cell(self, puppet):
        raise NotImplementedError


class Name(Column):
    title = "name"

    def cell(self, puppet):
        return puppet.name


class Weight(Column):
    title = "weight"

    def cell(self, puppet):
        return f"{puppet.grams / 1000:.2f} kg"


class WornLines(Column):
    title = "worn"

    def prepare(self, session, troupe):
        counted = (
            select(Line.marionette_id, func.count())
            .join(Marionette, Marionette.id == Line.marionette_id)
            .where(Marionette.troupe == troupe, Line.wear > 0.8)
            .group_by(Line.marionette_id)
        )
        self.worn = {puppet: number for puppet, number in session.execute(counted)}

    def cell(self, puppet):
        return self.worn.get(puppet.id, 0)


class Inspected(Column):
    title = "inspected"

    def prepare(self, session, troupe):
        self.latest = InspectionBook(session).latest_of(troupe)

    def cell(self, puppet):
        found = self.latest.get(puppet.id)
        return f"day {found.day}: {found.verdict}" if found else "never"


class Sheet:
    columns = (Name, Weight, WornLines, Inspected)

    def __init__(self, session, troupe):
        self.session, self.troupe = session, troupe

    def lines(self):
        hung = select(Marionette).where(Marionette.troupe == self.troupe).order_by(Marionette.hook)
        puppets = self.session.scalars(hung).all()
        columns = [kind() for kind in self.columns]
        for column in columns:
            column.prepare(self.session, self.troupe)
        return [{column.title: column.cell(puppet) for column in columns} for puppet in puppets]


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    engine = None
    served = 0
    spent = 0.0
    counting = threading.Lock()

    def do_GET(self):
        began = time.perf_counter()
        troupe = int(self.path.rsplit("/", 1)[1])
        with Session(self.engine) as session:
            body = json.dumps(Sheet(session, troupe).lines()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        with Desk.counting:
            Desk.served += 1
            Desk.spent += time.perf_counter() - began

    def log_message(self, *_):
        pass


def workshop():
    engine = create_engine("sqlite:///rigging.db")
    Base.metadata.create_all(engine)
    dice = random.Random(11)
    marionettes, lines, inspections = [], [], []
    hooks = list(range(TROUPES * PUPPETS))
    dice.shuffle(hooks)
    for at, hook in enumerate(hooks, 1):
        grams = dice.randint(400, 3200)
        marionettes.append({"id": at, "troupe": at % TROUPES, "name": f"puppet {at}", "grams": grams, "hook": hook})
        for joint in ("head", "left hand", "right hand", "left knee", "right knee", "back", "jaw"):
            lines.append({"marionette_id": at, "joint": joint, "wear": dice.random()})
        for day in dice.sample(range(1200), 14):
            verdict = dice.choice(["sound", "sound", "retie", "rest"])
            inspections.append({"marionette_id": at, "day": day, "verdict": verdict})
    with engine.begin() as connection:
        connection.execute(insert(Marionette), marionettes)
        connection.execute(insert(Line), lines)
        connection.execute(insert(Inspection), inspections)
    return engine


def rigger(port, period, first):
    """Calls up a sheet every ``period`` seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + first
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due += period
        connection.request("GET", f"/sheets/{random.randrange(TROUPES)}")
        connection.getresponse().read()


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    Desk.engine = workshop()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    server.daemon_threads = True
    for at in range(4):
        services.outside(lambda at=at: rigger(server.server_port, 0.32, at * 0.08))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"ready {os.getpid()}", flush=True)
    while True:
        time.sleep(10)
        with Desk.counting:
            sheets, spent = Desk.served, Desk.spent
        logging.info("%d sheets, %.1f ms each, cpu %.1f s", sheets, 1000 * spent / max(1, sheets), time.process_time())


if __name__ == "__main__":
    main()
