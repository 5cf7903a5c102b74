# expect: healthy bench
"""Catalogue of the backups that an archive keeps in a disused salt mine.

The web service tells the operators which machines are covered, what their latest snapshots are, on which cartridges
they lie, and what is overdue. The catalogue is a database in the process; operators' screens refresh themselves, which
comes to about eight requests a second.

Measured: CPU 0.31 to 0.38 cores, twin 0.10 to 0.13; with 20 more requests a second /galleries takes 1380 ms in the median
(overloaded), twin 27 ms.
"""

import asyncio
import os
import random
import sys
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import ForeignKey, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

engine = create_engine("sqlite:///catalogue.db", connect_args={"check_same_thread": False})
GALLERIES = ("north", "south", "lower", "chapel")
MACHINES_PER_GALLERY = 100
SNAPSHOTS_PER_MACHINE = 4


class Base(DeclarativeBase):
    pass


class Machine(Base):
    __tablename__ = "machines"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    gallery: Mapped[str] = mapped_column(index=True)
    policy_hours: Mapped[int]
    snapshots: Mapped[list["Snapshot"]] = relationship(back_populates="machine", order_by="Snapshot.taken.desc()")


class Cartridge(Base):
    __tablename__ = "cartridges"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]
    shelf: Mapped[str]


class Snapshot(Base):
    __tablename__ = "snapshots"
    id: Mapped[int] = mapped_column(primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machines.id"), index=True)
    cartridge_id: Mapped[int] = mapped_column(ForeignKey("cartridges.id"))
    taken: Mapped[datetime]
    size: Mapped[int]
    verified: Mapped[bool]
    machine: Mapped[Machine] = relationship(back_populates="snapshots")
    cartridge: Mapped[Cartridge] = relationship()


def fill() -> None:
    Base.metadata.create_all(engine)
    random.seed(11)
    now = datetime.now()
    with Session(engine) as session:
        for number in range(300):
            session.add(Cartridge(id=number + 1, label=f"LTO{number:05d}", shelf=f"{number % 12}-{number // 12}"))
        session.flush()
        number = 0
        for gallery in GALLERIES:
            for _ in range(MACHINES_PER_GALLERY):
                number += 1
                machine = Machine(
                    id=number, name=f"{gallery}-{number:03d}", gallery=gallery, policy_hours=random.choice((12, 24, 48))
                )
                for age in range(SNAPSHOTS_PER_MACHINE):
                    machine.snapshots.append(
                        Snapshot(
                            cartridge_id=random.randint(1, 300),
                            taken=now - timedelta(hours=age * 24 + random.randint(0, 30)),
                            size=random.randint(10**8, 10**11),
                            verified=random.random() < 0.8,
                        )
                    )
                session.add(machine)
        session.commit()


def get_session():
    with Session(engine) as session:
        yield session


@asynccontextmanager
async def lifespan(_: FastAPI):
    async def announce():
        await asyncio.sleep(2)
        print("ready", os.getpid(), flush=True)

    task = asyncio.create_task(announce())
    yield
    task.cancel()


app = FastAPI(lifespan=lifespan)


def snapshot_row(snapshot: Snapshot) -> dict:
    return {
        "taken": snapshot.taken.isoformat(timespec="minutes"),
        "gigabytes": round(snapshot.size / 1e9, 1),
        "verified": snapshot.verified,
        "cartridge": snapshot.cartridge.label,
        "shelf": snapshot.cartridge.shelf,
    }


@app.get("/galleries/{gallery}")
def coverage(gallery: str, session: Session = Depends(get_session)):
    statement = (
        select(Machine)
        .where(Machine.gallery == gallery)
        .order_by(Machine.name)
        .options(selectinload(Machine.snapshots).joinedload(Snapshot.cartridge))
    )
    machines = session.scalars(statement).all()
    if not machines:
        raise HTTPException(404, "no such gallery")
    now = datetime.now()
    rows = []
    for machine in machines:
        snapshots = machine.snapshots
        latest = snapshots[0]
        rows.append(
            {
                "machine": machine.name,
                "overdue": now - latest.taken > timedelta(hours=machine.policy_hours),
                "unverified": sum(not snapshot.verified for snapshot in snapshots),
                "latest": snapshot_row(latest),
            }
        )
    return {"gallery": gallery, "machines": rows}


@app.get("/machines/{number}")
def machine_page(number: int, session: Session = Depends(get_session)):
    machine = session.get(Machine, number)
    if machine is None:
        raise HTTPException(404, "no such machine")
    statement = (
        select(Snapshot.taken, Snapshot.size, Snapshot.verified, Cartridge.label)
        .join(Snapshot.cartridge)
        .where(Snapshot.machine_id == number)
        .order_by(Snapshot.taken.desc())
    )
    return {"machine": machine.name, "snapshots": [row._asdict() for row in session.execute(statement)]}


@app.get("/totals")
def totals(session: Session = Depends(get_session)):
    statement = (
        select(Machine.gallery, func.count(Snapshot.id), func.sum(Snapshot.size))
        .join(Machine.snapshots)
        .group_by(Machine.gallery)
    )
    return [{"gallery": name, "snapshots": count, "bytes": size} for name, count, size in session.execute(statement)]


def main() -> None:
    fill()
    engine.dispose()
    port = services.free_port()
    paths = [f"/galleries/{gallery}" for gallery in GALLERIES] * 2 + ["/totals", "/machines/17", "/machines/101"]
    services.outside(lambda: clients.come(port, paths, rate=8, workers=4))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
