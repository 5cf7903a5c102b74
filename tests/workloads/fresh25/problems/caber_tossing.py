# expect: pattern=blocking-io bench
"""The office of a caber tossing league: reporters ask for the standings of a season and for a tosser's record,
stewards for the flags that fly over the greens, and judges report that a green is made ready.

FastAPI and SQLAlchemy on PostgreSQL. The tosses of past seasons are in an archive which is far away (a view here): it
takes some 14 ms until it answers.

Measured: 45 requests a second. The event loop is held for some 17 ms by each of 34 questions a second, 55 to 60 % of
its time; what needs no database (the flags) is answered in 14 ms (median), in the twin in 1 ms; a tosser's record in
28 ms, in the twin in 19 ms. 0.11 cores in both.
"""

import asyncio
import http.client
import json
import os
import random
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import ForeignKey, case, create_engine, desc, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

import services

TOSSERS = 240
SEASONS = range(2016, 2026)
REQUESTS_A_SECOND = 45

SETUP = (
    "CREATE TABLE tosser (id serial PRIMARY KEY, name text NOT NULL, clan text NOT NULL, tartan text NOT NULL)",
    "CREATE TABLE toss_kept (id serial PRIMARY KEY, season int NOT NULL, tosser_id int NOT NULL REFERENCES tosser,"
    " score int NOT NULL, clean boolean NOT NULL)",
    f"INSERT INTO tosser SELECT n, 'Tosser ' || n, 'Clan ' || n % 17, (ARRAY['muted','ancient','hunting'])[n % 3 + 1]"
    f" FROM generate_series(1, {TOSSERS}) n",
    f"INSERT INTO toss_kept SELECT n, 2016 + n % 10, n * 7 % {TOSSERS} + 1, n * 13 % 4, n % 9 = 0"
    " FROM generate_series(1, 6000) n",
    "CREATE INDEX ON toss_kept (season)",
    "CREATE INDEX ON toss_kept (tosser_id)",
    "CREATE VIEW toss AS WITH line AS MATERIALIZED (SELECT pg_sleep(0.014)) SELECT t.* FROM toss_kept t, line",
    "ANALYZE",
)


class Base(DeclarativeBase):
    pass


class Tosser(Base):
    __tablename__ = "tosser"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    clan: Mapped[str]
    tartan: Mapped[str]


class Toss(Base):
    __tablename__ = "toss"
    id: Mapped[int] = mapped_column(primary_key=True)
    season: Mapped[int]
    tosser_id: Mapped[int] = mapped_column(ForeignKey("tosser.id"))
    score: Mapped[int]
    clean: Mapped[bool]


class Place(BaseModel):
    rank: int
    tosser: str
    clan: str
    points: int


class Record(BaseModel):
    tosser: str
    tartan: str
    seasons: dict[int, int]


POINTS = func.sum(Toss.score + case((Toss.clean, 3), else_=0))


class Archive:
    """What the league asks of its tables."""

    def __init__(self, session: Session):
        self.session = session

    def standings(self, season: int, limit: int = 20) -> list[Place]:
        points = POINTS.label("points")
        asked = select(Tosser.name, Tosser.clan, points).join(Toss, Toss.tosser_id == Tosser.id)
        asked = asked.where(Toss.season == season).group_by(Tosser.id).order_by(desc(points), Tosser.id).limit(limit)
        rows = self.session.execute(asked).all()  # <- cost
        return [Place(rank=n, tosser=row.name, clan=row.clan, points=row.points) for n, row in enumerate(rows, 1)]

    def record(self, number: int) -> Record | None:
        asked = select(Tosser.name, Tosser.tartan, Toss.season, POINTS.label("points"))
        asked = asked.join(Toss, Toss.tosser_id == Tosser.id).where(Tosser.id == number)
        rows = self.session.execute(asked.group_by(Tosser.id, Toss.season).order_by(Toss.season)).all()  # <- cost
        if not rows:
            return None
        return Record(tosser=rows[0].name, tartan=rows[0].tartan, seasons={row.season: row.points for row in rows})


@dataclass
class Greens:
    """The state of the greens today, which only this process knows."""

    flags: dict[str, str] = field(default_factory=dict)
    readied: int = 0

    def ready(self, name: str, flag: str) -> None:
        if flag not in ("white", "red", "blue"):
            raise ValueError(f"no such flag: {flag}")
        self.flags[name] = flag
        self.readied += 1


def session_of(request: Request) -> Iterator[Session]:
    with Session(request.app.state.engine) as session:
        yield session


def greens_of(request: Request) -> Greens:
    return request.app.state.greens


Sessions = Annotated[Session, Depends(session_of)]
router = APIRouter()


@router.get("/seasons/{season}/standings")
async def standings(season: int, session: Sessions) -> list[Place]:  # <- cost
    if season not in SEASONS:
        raise HTTPException(404, f"no season {season}")
    return Archive(session).standings(season)


@router.get("/tossers/{number}")
async def tosser(number: int, session: Sessions) -> Record:  # <- cost
    record = Archive(session).record(number)
    if record is None:
        raise HTTPException(404, f"no tosser {number}")
    return record


@router.get("/greens")
async def flags(request: Request) -> dict:
    greens = greens_of(request)
    return {"flags": greens.flags, "readied": greens.readied}


@router.post("/greens/{name}")
async def readied(name: str, request: Request) -> dict:
    try:
        greens_of(request).ready(name, (await request.json())["flag"])
    except (KeyError, ValueError) as error:
        raise HTTPException(422, str(error)) from error
    return {"green": name}


@asynccontextmanager
async def lifespan(app: FastAPI):
    async def announce() -> None:
        await asyncio.sleep(2)
        print(f"ready {os.getpid()}", flush=True)

    told = asyncio.create_task(announce())
    yield
    told.cancel()
    app.state.engine.dispose()


def create_app(dsn: str) -> FastAPI:
    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.state.engine = create_engine(dsn, pool_size=12, max_overflow=8)
    app.state.greens = Greens()
    app.include_router(router)

    @app.exception_handler(OperationalError)
    async def archive_away(request: Request, error: OperationalError) -> JSONResponse:
        return JSONResponse({"detail": "the archive does not answer"}, 503)

    return app


def database() -> str:
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return f"postgresql+psycopg://postgres@127.0.0.1:{services.postgres(*SETUP)}/postgres"


def reporter(port: int, number: int, reporters: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + 0.5 + number / REQUESTS_A_SECOND
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + reporters / REQUESTS_A_SECOND, time.monotonic() - 1)
        kind = random.random()
        if kind < 0.45:
            connection.request("GET", f"/seasons/{random.choice(SEASONS)}/standings")
        elif kind < 0.75:
            connection.request("GET", f"/tossers/{random.randint(1, TOSSERS)}")
        elif kind < 0.9:
            connection.request("GET", "/greens")
        else:
            body = json.dumps({"flag": random.choice(["white", "red", "blue"])})
            connection.request("POST", f"/greens/{random.choice('abcd')}", body, {"Content-Type": "application/json"})
        connection.getresponse().read()


def reporters(port: int, number: int = 10) -> None:
    crowd = [threading.Thread(target=reporter, args=(port, n, number)) for n in range(number)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()


def main() -> None:
    app = create_app(database())
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    services.outside(lambda: reporters(listener.getsockname()[1]))
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main()
