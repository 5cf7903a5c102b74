# expect: pattern=repeated-query bench
# The desk of a tapestry conservation workshop (FastAPI, SQLAlchemy 2, PostgreSQL): the menders ask for the work
# sheet of a hanging (its damages, the dyed yarn that each is mended with, and how much of it), or how many there
# are.
#
# Measured: 6.5 answers a second in both; the problem takes 2.4 s of CPU in 27 s (its start left out) and about 60
# statements a sheet, the twin 0.6 s in 17 s and two statements a sheet (both at idle priority on a busy machine).
import http.client
import random
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from os import getpid
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import ForeignKey, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker

sys.path.append(str(Path(__file__).parents[2]))
import services

HANGINGS, DAMAGES_EACH, YARNS = 60, 70, 3000


# --- models ---------------------------------------------------------------------------------------------------------
class Base(DeclarativeBase):
    pass


class Hanging(Base):
    __tablename__ = "hanging"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    warps_per_cm: Mapped[float]


class Yarn(Base):
    __tablename__ = "yarn"
    id: Mapped[int] = mapped_column(primary_key=True)
    fibre: Mapped[str]
    shade: Mapped[str]
    dyed_with: Mapped[str]
    metres_per_gram: Mapped[float]


class Damage(Base):
    __tablename__ = "damage"
    id: Mapped[int] = mapped_column(primary_key=True)
    hanging_id: Mapped[int] = mapped_column(ForeignKey("hanging.id"), index=True)
    yarn_id: Mapped[int] = mapped_column(ForeignKey("yarn.id"))
    kind: Mapped[str]
    width_mm: Mapped[float]
    height_mm: Mapped[float]
    mended: Mapped[bool]
    yarn: Mapped[Yarn] = relationship()

    def grams(self, warps_per_cm: float) -> float:
        """Yarn for the rewoven patch: each warp is crossed by a weft twice a millimetre."""
        metres = self.width_mm * self.height_mm * warps_per_cm * 0.2 / 1000
        return round(metres / self.yarn.metres_per_gram, 2)


# --- schemas --------------------------------------------------------------------------------------------------------
class SheetLine(BaseModel):
    damage: int
    kind: str
    yarn: str
    grams: float

    @classmethod
    def of(cls, damage: Damage, hanging: Hanging) -> "SheetLine":
        yarn = damage.yarn  # <- cost
        label = f"{yarn.fibre} {yarn.shade} ({yarn.dyed_with})"
        return cls(damage=damage.id, kind=damage.kind, yarn=label, grams=damage.grams(hanging.warps_per_cm))


class WorkSheet(BaseModel):
    hanging: str
    lines: list[SheetLine]


# --- repository and service -----------------------------------------------------------------------------------------
class DamageRepository:
    def __init__(self, session: Session):
        self.session = session

    def hanging(self, number: int) -> Hanging | None:
        return self.session.get(Hanging, number)

    def unmended(self, hanging: Hanging) -> list[Damage]:
        asked = select(Damage).where(Damage.hanging_id == hanging.id, ~Damage.mended).order_by(Damage.id)  # <- cost
        return list(self.session.scalars(asked))

    def count(self, number: int) -> int:
        return self.session.scalar(select(func.count()).select_from(Damage).where(Damage.hanging_id == number))


class WorkSheets:
    def __init__(self, damages: DamageRepository):
        self.damages = damages

    def sheet(self, number: int) -> WorkSheet:
        hanging = self.damages.hanging(number)
        if hanging is None:
            raise HTTPException(404, "no such hanging")
        lines = [SheetLine.of(damage, hanging) for damage in self.damages.unmended(hanging)]
        return WorkSheet(hanging=hanging.title, lines=lines)


# --- application ----------------------------------------------------------------------------------------------------
def session_of(request: Request) -> Iterator[Session]:
    with request.app.state.sessions() as session:
        yield session


def sheets_of(session: Annotated[Session, Depends(session_of)]) -> WorkSheets:
    return WorkSheets(DamageRepository(session))


router = APIRouter(prefix="/hangings")


@router.get("/{number}/sheet")
def work_sheet(number: int, sheets: Annotated[WorkSheets, Depends(sheets_of)]) -> WorkSheet:
    return sheets.sheet(number)


@router.get("/{number}/damages")
def damages(number: int, sheets: Annotated[WorkSheets, Depends(sheets_of)]) -> dict[str, int]:
    return {"hanging": number, "damages": sheets.damages.count(number)}


@asynccontextmanager
async def lifespan(app: FastAPI):
    print(f"ready {getpid()}", flush=True)
    yield


def application(database: str) -> FastAPI:
    app = FastAPI(title="Tapestry mending", lifespan=lifespan)
    engine = create_engine(database, pool_size=8, max_overflow=0)
    app.state.sessions = sessionmaker(engine, expire_on_commit=False)
    app.include_router(router)
    return app


# --- its load -------------------------------------------------------------------------------------------------------
def menders(port: int, number: int = 4, pause: float = 0.6) -> None:
    """Each asks for a sheet or a count every ``pause`` seconds; the times taken are noted."""
    took: list[float] = []

    def mender() -> None:
        link = http.client.HTTPConnection("127.0.0.1", port)
        time.sleep(random.random() * pause)
        due = time.monotonic()
        while True:
            what = random.choices(("sheet", "damages"), (4, 1))[0]
            began = time.monotonic()
            link.request("GET", f"/hangings/{random.randint(1, HANGINGS)}/{what}")
            answer = link.getresponse()
            answer.read()
            assert answer.status < 400, answer.status
            took.append(time.monotonic() - began)
            due = max(due + pause, time.monotonic())
            time.sleep(due - time.monotonic() if due > time.monotonic() else 0)

    for _ in range(number):
        threading.Thread(target=mender, daemon=True).start()
    while True:
        time.sleep(5)
        with open("load.log", "a") as notes:
            notes.write(f"{len(took)} answers, {1000 * sum(took) / max(1, len(took)):.1f} ms each\n")
        took.clear()


def main() -> None:
    port = services.postgres(
        "CREATE TABLE hanging (id int PRIMARY KEY, title text NOT NULL, warps_per_cm float8 NOT NULL)",
        "CREATE TABLE yarn (id int PRIMARY KEY, fibre text NOT NULL, shade text NOT NULL, dyed_with text NOT NULL,"
        " metres_per_gram float8 NOT NULL)",
        "CREATE TABLE damage (id int PRIMARY KEY, hanging_id int NOT NULL REFERENCES hanging, yarn_id int NOT NULL"
        " REFERENCES yarn, kind text NOT NULL, width_mm float8 NOT NULL, height_mm float8 NOT NULL,"
        " mended bool NOT NULL)",
        f"INSERT INTO hanging SELECT n, 'hanging ' || n, 5 + n % 4 FROM generate_series(1, {HANGINGS}) n",
        "INSERT INTO yarn SELECT n, (ARRAY['wool', 'silk', 'linen'])[1 + n % 3], 'shade ' || n * 7 % 997,"
        f" (ARRAY['madder', 'weld', 'woad'])[1 + n % 3], 8 + n % 5 FROM generate_series(1, {YARNS}) n",
        f"INSERT INTO damage SELECT n, 1 + n % {HANGINGS}, 1 + n * 37 % {YARNS}, (ARRAY['slit', 'moth', 'tear'])"
        f"[1 + n % 3], 10 + n % 80, 8 + n % 50, n % 7 = 0 FROM generate_series(1, {HANGINGS * DAMAGES_EACH}) n",
        "CREATE INDEX ON damage (hanging_id)",
        "ANALYZE",
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    services.outside(lambda: menders(listener.getsockname()[1]))
    app = application(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres")
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
