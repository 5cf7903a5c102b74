# expect: healthy bench
# The register of reindeer earmarks: herders name the cuts they saw in an ear, and the application answers whose
# mark it is, with the district and latest sightings; sightings are noted, and pages of a district's marks are
# leafed through.
#
# Measured: about 32 requests a second; one is answered in 17 ms (median, on a busy machine; the fastest tenth in
# 5.5 ms) at 9 to 15 % of a core; a page of 30 marks takes two statements (marks with their herders, sightings of
# all marks), a search two, and a sighting one commit.
import asyncio
import http.client
import json
import os
import random
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship, selectinload

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

CUTS = ["fork", "notch", "slit", "swallow", "key", "step", "hook", "bite"]
MARKS, DISTRICTS = 4000, 20
HERDERS_ASKING, ASK_EACH = 6, 5.3  # a second and herder

SCHEMA = [
    "CREATE TABLE herders (id serial PRIMARY KEY, name text NOT NULL, district integer NOT NULL)",
    """CREATE TABLE marks (id serial PRIMARY KEY, herder_id integer NOT NULL REFERENCES herders,
        left_ear text NOT NULL, right_ear text NOT NULL, district integer NOT NULL)""",
    """CREATE TABLE sightings (id serial PRIMARY KEY, mark_id integer NOT NULL REFERENCES marks,
        place text NOT NULL, seen_at timestamptz NOT NULL DEFAULT now())""",
    f"INSERT INTO herders (name, district) SELECT 'Herder ' || n, n % {DISTRICTS} FROM generate_series(1, 800) n",
    f"""INSERT INTO marks (herder_id, left_ear, right_ear, district)
        SELECT 1 + n % 800, (ARRAY[{", ".join(f"'{cut}'" for cut in CUTS)}])[1 + n % 8] || '-' || n / 64 % 8,
               (ARRAY[{", ".join(f"'{cut}'" for cut in CUTS)}])[1 + n / 8 % 8] || '-' || n / 512, n % {DISTRICTS}
        FROM generate_series(0, {MARKS - 1}) n""",
    f"""INSERT INTO sightings (mark_id, place, seen_at)
        SELECT 1 + n % {MARKS}, 'fell ' || n % 90, now() - n * interval '1 minute' FROM generate_series(1, 9000) n""",
    "CREATE INDEX ON marks (left_ear, right_ear)",
    "CREATE INDEX ON marks (district, id)",
    "CREATE INDEX ON sightings (mark_id)",
    "ANALYZE",
]


class Base(DeclarativeBase):
    pass


class Herder(Base):
    __tablename__ = "herders"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    district: Mapped[int]


class Sighting(Base):
    __tablename__ = "sightings"
    id: Mapped[int] = mapped_column(primary_key=True)
    mark_id: Mapped[int] = mapped_column(ForeignKey("marks.id"))
    place: Mapped[str]
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Mark(Base):
    __tablename__ = "marks"
    id: Mapped[int] = mapped_column(primary_key=True)
    herder_id: Mapped[int] = mapped_column(ForeignKey("herders.id"))
    left_ear: Mapped[str]
    right_ear: Mapped[str]
    district: Mapped[int]
    herder: Mapped[Herder] = relationship(lazy="raise")
    sightings: Mapped[list[Sighting]] = relationship(lazy="raise")


class HerderOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str


class MarkOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    left_ear: str
    right_ear: str
    herder: HerderOut


class SightingOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    place: str
    seen_at: datetime


class MarkPage(MarkOut):
    sightings: list[SightingOut]


class SightingIn(BaseModel):
    mark_id: int
    place: str = Field(max_length=60)


class MarkRepository:
    def __init__(self, session: AsyncSession):
        self.session = session

    async def by_cuts(self, left: str, right: str) -> Mark | None:
        wanted = select(Mark).where(Mark.left_ear == left, Mark.right_ear == right).limit(1)
        return await self.session.scalar(wanted.options(joinedload(Mark.herder), selectinload(Mark.sightings)))

    async def of_district(self, district: int, after: int, limit: int = 30) -> list[Mark]:
        wanted = select(Mark).where(Mark.district == district, Mark.id > after).order_by(Mark.id).limit(limit)
        wanted = wanted.options(joinedload(Mark.herder), selectinload(Mark.sightings))
        return list(await self.session.scalars(wanted))

    async def note(self, seen: SightingIn) -> Sighting:
        sighting = Sighting(mark_id=seen.mark_id, place=seen.place)
        self.session.add(sighting)
        await self.session.commit()
        return sighting


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as opened:
        yield opened


def repository(opened: Annotated[AsyncSession, Depends(session)]) -> MarkRepository:
    return MarkRepository(opened)


Marks = Annotated[MarkRepository, Depends(repository)]
router = APIRouter(tags=["marks"])


@router.get("/marks/search")
async def search(left: str, right: str, marks: Marks) -> MarkPage:
    found = await marks.by_cuts(left, right)
    if found is None:
        raise HTTPException(404, "nobody's mark")
    return MarkPage.model_validate(found)


@router.get("/districts/{district}/marks")
async def leaf(district: int, marks: Marks, after: int = 0) -> list[MarkPage]:
    return [MarkPage.model_validate(mark) for mark in await marks.of_district(district, after)]


@router.post("/sightings", status_code=201)
async def note_sighting(seen: SightingIn, marks: Marks) -> dict[str, int]:
    return {"id": (await marks.note(seen)).id}


@asynccontextmanager
async def lifespan(app: FastAPI):
    url = f"postgresql+asyncpg://postgres@127.0.0.1:{app.state.database}/postgres"
    engine = create_async_engine(url, pool_size=5, max_overflow=5)
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    asyncio.get_running_loop().call_later(0.5, partial(print, f"ready {os.getpid()}", flush=True))
    yield
    await engine.dispose()


def create_app(database: int) -> FastAPI:
    app = FastAPI(title="Earmarks", lifespan=lifespan)
    app.state.database = database
    app.include_router(router)
    return app


def herder(port: int, number: int) -> None:
    rng = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + number / 30
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / ASK_EACH, time.monotonic() - 1)
        kind, mark = rng.random(), rng.randrange(MARKS)
        if kind < 0.6:
            left, right = f"{CUTS[mark % 8]}-{mark // 64 % 8}", f"{CUTS[mark // 8 % 8]}-{mark // 512}"
            connection.request("GET", f"/marks/search?left={left}&right={right}")
        elif kind < 0.75:
            connection.request("GET", f"/districts/{mark % DISTRICTS}/marks?after={mark // 2}")
        else:
            seen = json.dumps({"mark_id": 1 + mark, "place": f"fell {mark % 90}"})
            connection.request("POST", "/sightings", seen, {"Content-Type": "application/json"})
        connection.getresponse().read()


def herders(port: int) -> None:
    asking = [threading.Thread(target=herder, args=(port, number)) for number in range(HERDERS_ASKING)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()


def main() -> None:
    os.chmod(".", 0o1777)  # the database server is another user's
    database = services.postgres(*SCHEMA)
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listening.getsockname()[1]
    services.outside(lambda: herders(port))
    config = uvicorn.Config(create_app(database), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
