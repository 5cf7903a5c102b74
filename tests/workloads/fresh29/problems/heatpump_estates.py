# expect: pattern=repeated-query bench
"""Heat pumps of housing estates: the page of the estate's caretaker, from PostgreSQL through SQLAlchemy and FastAPI.

The page lists the pumps of an estate with their tariff and newest reading, and the estate's sums.

Measured: at 20 pages a second, CPU 0.42-0.60 cores with the problem and 0.10-0.12 in the twin.
"""

import os
import sys
import threading
import time
from datetime import datetime, timedelta

import uvicorn
from fastapi import FastAPI, HTTPException
from sqlalchemy import ForeignKey, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, sessionmaker

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

ESTATES = 20
PUMPS_PER_ESTATE = 60
READINGS_PER_PUMP = 48
REQUESTS_PER_SECOND = 20

SCHEMA = (
    "create table tariff (id int primary key, name text not null, cents_day int not null, cents_night int not null)",
    "insert into tariff select n, 'tariff ' || n, 24 + n, 17 + n from generate_series(1, 6) n",
    "create table pump (id int primary key, estate int not null, flat text not null, rated_kw real not null,"
    " tariff_id int not null references tariff)",
    f"insert into pump select n, n / {PUMPS_PER_ESTATE}, 'flat ' || n % {PUMPS_PER_ESTATE}, 4 + n % 5, 1 + n % 6"
    f" from generate_series(0, {ESTATES * PUMPS_PER_ESTATE - 1}) n",
    "create index on pump (estate)",
    "create table reading (id bigserial primary key, pump_id int not null references pump, taken timestamp not null,"
    " electric_kw real not null, heat_kw real not null, flow_c real not null)",
    "insert into reading (pump_id, taken, electric_kw, heat_kw, flow_c)"
    " select id, timestamp '2026-01-10' + s * interval '15 minutes', 1 + (id + s) % 9 * 0.1, 3 + (id * s) % 7 * 0.2,"
    f" 32 + s % 8 from pump, generate_series(1, {READINGS_PER_PUMP}) s",
    "create index on reading (pump_id, taken desc)",
    "analyze",
)


class Base(DeclarativeBase):
    pass


class Tariff(Base):
    __tablename__ = "tariff"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    cents_day: Mapped[int]
    cents_night: Mapped[int]


class Pump(Base):
    __tablename__ = "pump"
    id: Mapped[int] = mapped_column(primary_key=True)
    estate: Mapped[int]
    flat: Mapped[str]
    rated_kw: Mapped[float]
    tariff_id: Mapped[int] = mapped_column(ForeignKey("tariff.id"))
    tariff: Mapped[Tariff] = relationship()


class Reading(Base):
    __tablename__ = "reading"
    id: Mapped[int] = mapped_column(primary_key=True)
    pump_id: Mapped[int] = mapped_column(ForeignKey("pump.id"))
    taken: Mapped[datetime]
    electric_kw: Mapped[float]
    heat_kw: Mapped[float]
    flow_c: Mapped[float]


port = services.postgres(*SCHEMA)
engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", pool_size=6, max_overflow=2)
sessions = sessionmaker(engine)
app = FastAPI(title="Heat pumps")


def pumps_of(session: Session, estate: int) -> list[Pump]:
    wanted = select(Pump).where(Pump.estate == estate).options(joinedload(Pump.tariff)).order_by(Pump.id)
    return list(session.scalars(wanted))


def newest_reading(session: Session, pump: Pump) -> Reading | None:
    newest = select(Reading).where(Reading.pump_id == pump.id).order_by(Reading.taken.desc()).limit(1)
    return session.scalars(newest).first()  # <- cost


def is_night(taken: datetime) -> bool:
    return taken.hour >= 22 or taken.hour < 6


def row_of(pump: Pump, reading: Reading | None) -> dict:
    row = {"pump": pump.id, "flat": pump.flat, "tariff": pump.tariff.name, "rated_kw": pump.rated_kw}
    if reading is None:
        return row | {"state": "silent"}
    cents = pump.tariff.cents_night if is_night(reading.taken) else pump.tariff.cents_day
    return row | {
        "state": "heating" if reading.heat_kw > 0.5 else "idle",
        "taken": reading.taken.isoformat(),
        "electric_kw": round(reading.electric_kw, 2),
        "performance": round(reading.heat_kw / reading.electric_kw, 2),
        "flow_c": round(reading.flow_c, 1),
        "cents_per_hour": round(reading.electric_kw * cents, 1),
    }


@app.get("/estates/{estate}/pumps")
def estate_page(estate: int) -> dict:
    with sessions() as session:
        pumps = pumps_of(session, estate)
        if not pumps:
            raise HTTPException(404, "no such estate")
        rows = []
        for pump in pumps:  # <- cost
            rows.append(row_of(pump, newest_reading(session, pump)))  # <- cost
    heating = [row for row in rows if row["state"] == "heating"]
    return {
        "estate": estate,
        "pumps": rows,
        "heating": len(heating),
        "electric_kw": round(sum(row["electric_kw"] for row in heating), 1),
        "cents_per_hour": round(sum(row["cents_per_hour"] for row in heating), 1),
    }


@app.get("/estates/{estate}/silent")
def silent_pumps(estate: int, hours: int = 6) -> dict:
    with sessions() as session:
        last = session.scalar(select(func.max(Reading.taken)))
        heard = select(Reading.pump_id).where(Reading.taken > last - timedelta(hours=hours))
        silent = session.scalars(select(Pump.id).where(Pump.estate == estate, Pump.id.not_in(heard)))
        return {"estate": estate, "silent": list(silent)}


def announce(own_port: int) -> None:
    services.wait_for(own_port)
    time.sleep(1.5)
    print("ready", os.getpid(), flush=True)


def main() -> None:
    own_port = services.free_port()
    paths = [f"/estates/{estate}/pumps" for estate in range(ESTATES)]
    services.outside(lambda: clients.come(own_port, paths, REQUESTS_PER_SECOND, workers=4))
    threading.Thread(target=announce, args=(own_port,), daemon=True).start()
    uvicorn.run(app, host="127.0.0.1", port=own_port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
