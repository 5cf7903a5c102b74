# expect: pattern=repeated-query bench
"""The day board of an orthotics workshop with several clinics: who comes for which fitting, with which device.

The reception desks refresh the board of their clinic, and the workshop asks for its list of devices to have ready. Flask
and SQLAlchemy on PostgreSQL.

Measured: the board of a clinic (median) 68 to 107 ms, repaired 8 to 10 ms; 0.35 to 0.41 cores, repaired 0.04 (and PostgreSQL's own).
"""

import os
import sys
import threading
from datetime import date, datetime, timedelta

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services
from flask import Flask, abort, jsonify
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from werkzeug.serving import WSGIRequestHandler, make_server

CLINICS = 6
DAY = date(2026, 3, 16)


class Base(DeclarativeBase):
    pass


class Patient(Base):
    __tablename__ = "patient"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    born: Mapped[date]
    phone: Mapped[str]


class Device(Base):
    __tablename__ = "device"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    side: Mapped[str]
    shelf: Mapped[str]


class Fitting(Base):
    __tablename__ = "fitting"
    id: Mapped[int] = mapped_column(primary_key=True)
    clinic: Mapped[int] = mapped_column(index=True)
    starts: Mapped[datetime]
    room: Mapped[str]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    patient: Mapped[Patient] = relationship()
    device: Mapped[Device] = relationship()


app = Flask(__name__)
engine = None


def age(born):
    return DAY.year - born.year - ((DAY.month, DAY.day) < (born.month, born.day))


def board_line(fitting):
    patient = fitting.patient  # <- cost
    device = fitting.device  # <- cost
    return {
        "time": fitting.starts.strftime("%H:%M"),
        "room": fitting.room,
        "patient": patient.name,
        "age": age(patient.born),
        "phone": patient.phone,
        "device": f"{device.kind}, {device.side}",
        "shelf": device.shelf,
    }


@app.get("/clinics/<int:clinic>/board")
def board(clinic):
    if not 0 < clinic <= CLINICS:
        abort(404)
    with Session(engine) as session:
        fittings = session.scalars(select(Fitting).where(Fitting.clinic == clinic).order_by(Fitting.starts)).all()
        lines = [board_line(fitting) for fitting in fittings]  # <- cost
    return jsonify(day=DAY.isoformat(), clinic=clinic, fittings=lines)


@app.get("/clinics/<int:clinic>/shelves")
def shelves(clinic):
    wanted = (
        select(Device.shelf, Device.kind, Fitting.starts)
        .join(Fitting, Fitting.device_id == Device.id)
        .where(Fitting.clinic == clinic)
        .order_by(Device.shelf)
    )
    with Session(engine) as session:
        rows = session.execute(wanted).all()
    return jsonify([{"shelf": shelf, "kind": kind, "by": starts.isoformat()} for shelf, kind, starts in rows])


def fill():
    Base.metadata.create_all(engine)
    kinds = ("insole", "knee brace", "ankle orthosis", "corset", "wrist splint")
    opening = datetime.combine(DAY, datetime.min.time()) + timedelta(hours=7, minutes=30)
    with Session(engine) as session:
        for number in range(1, CLINICS * 70 + 1):
            born = date(1936 + number * 13 % 80, 1 + number % 12, 1 + number % 28)
            session.add(
                Patient(id=number, name=f"Patient {number:04}", born=born, phone=f"0555 {number * 7919 % 100000}")
            )
            side = "left" if number % 2 else "right"
            session.add(
                Device(id=number, kind=kinds[number % 5], side=side, shelf=f"{'ABCD'[number % 4]}{number % 37}")
            )
        session.flush()
        for number in range(1, CLINICS * 70 + 1):
            starts = opening + timedelta(minutes=number // CLINICS * 8)
            session.add(
                Fitting(
                    clinic=1 + number % CLINICS,
                    starts=starts,
                    room=f"F{number % 4}",
                    patient_id=number,
                    device_id=number,
                )
            )
        session.commit()


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_):
        pass


def main():
    global engine
    database = services.postgres()
    port = services.free_port()
    paths = [f"/clinics/{clinic}/board" for clinic in range(1, CLINICS + 1)] * 4
    paths += [f"/clinics/{clinic}/shelves" for clinic in range(1, CLINICS + 1)]
    services.outside(lambda: clients.come(port, paths, 10, 8))
    engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{database}/postgres", pool_size=8)
    fill()
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    threading.Timer(1.5, lambda: print("ready", os.getpid(), flush=True)).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
