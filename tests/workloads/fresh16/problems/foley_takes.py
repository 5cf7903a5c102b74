# expect: pattern=slow-dependency bench
# The archive of a foley studio: editors look for takes of a prop on a surface ("clogs on gravel") while they cut a
# film, and the application answers with the best rated ones, newest first among equals, and what the booth is free
# for.
#
# Measured: 8 look-ups a second in both; one is answered in 216 ms (median, on a busy machine; the fastest tenth in
# 52 ms), in the twin in 10 ms (2.3 ms), at 3 % of a core here, and the rest in PostgreSQL.
import asyncio
import http.client
import json
import os
import socket
import sys
import threading
import time
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import asyncpg
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from pydantic import BaseModel

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

PROPS = [f"{kind} {thing}" for kind in ("old", "wet", "oak", "tin") for thing in ("clogs", "gate", "kettle", "saddle")]
SURFACES = ["gravel", "parquet", "snow", "cobbles", "reeds"]
TAKES = 20000
EDITORS = 4
LOOKUPS_EACH = 2.0  # a second and editor

SCHEMA = [
    "CREATE TABLE reels (id serial PRIMARY KEY, film text NOT NULL, cut_on date NOT NULL)",
    "INSERT INTO reels (film, cut_on) SELECT 'film ' || n, date '2019-01-01' + n FROM generate_series(1, 400) n",
    """CREATE TABLE takes (
        id serial PRIMARY KEY,
        reel_id integer NOT NULL REFERENCES reels,
        label text NOT NULL,
        rating smallint NOT NULL,
        seconds real NOT NULL,
        notes text NOT NULL
    )""",
    f"""INSERT INTO takes (reel_id, label, rating, seconds, notes)
        SELECT 1 + n % 400,
               initcap((ARRAY[{", ".join(f"'{prop}'" for prop in PROPS)}])[1 + n * 7 % {len(PROPS)}]) || ' on '
               || (ARRAY[{", ".join(f"'{surface}'" for surface in SURFACES)}])[1 + n * 11 / 13 % {len(SURFACES)}]
               || (ARRAY[' #', ', ', ' / '])[1 + n % 3] || n % 97,
               n * 31 % 100, 0.4 + n % 50 / 10.0, repeat('close mic, second pass; ', 4)
        FROM generate_series(1, {TAKES}) n""",
    "ANALYZE",
]

BEST_TAKES = """
    SELECT t.id, t.label, t.rating, t.seconds, r.film, r.cut_on
    FROM takes t JOIN reels r ON r.id = t.reel_id
    WHERE lower(regexp_replace(t.label, '[^[:alnum:]]+', ' ', 'g')) = $1
    ORDER BY t.rating DESC, t.id DESC
    LIMIT $2
"""


class Settings(BaseModel):
    port: int
    pool: int = 8


class Take(BaseModel):
    id: int
    label: str
    rating: int
    seconds: float
    film: str
    cut_on: date


class TakeList(BaseModel):
    wanted: str
    total_seconds: float
    takes: list[Take]


class TakeRepository:
    def __init__(self, pool: asyncpg.Pool):
        self.pool = pool

    async def best(self, label: str, limit: int) -> list[Take]:
        records = await self.pool.fetch(BEST_TAKES, label, limit)  # <- cost
        return [Take(**record) for record in records]


class TakeService:
    def __init__(self, takes: TakeRepository):
        self.takes = takes

    async def suggest(self, prop: str, surface: str, variant: int, limit: int) -> TakeList:
        label = f"{prop.strip()} on {surface.strip()} {variant}".lower()  # in the catalogue with any punctuation
        takes = await self.takes.best(label, limit)
        return TakeList(wanted=label, total_seconds=sum(take.seconds for take in takes), takes=takes)


def take_service(request: Request) -> TakeService:
    return TakeService(TakeRepository(request.app.state.pool))


router = APIRouter(prefix="/takes", tags=["takes"])


@router.get("")
async def suggest_takes(
    service: Annotated[TakeService, Depends(take_service)],
    prop: Annotated[str, Query(max_length=40)],
    surface: Annotated[str, Query(max_length=40)],
    variant: Annotated[int, Query(ge=0, lt=97)] = 0,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> TakeList:
    return await service.suggest(prop, surface, variant, limit)


@asynccontextmanager
async def lifespan(app: FastAPI):
    settings: Settings = app.state.settings
    async with asyncpg.create_pool(
        host="127.0.0.1",
        port=settings.port,
        user="postgres",
        database="postgres",
        min_size=2,
        max_size=settings.pool,
    ) as app.state.pool:
        asyncio.get_running_loop().call_later(0.5, partial(print, f"ready {os.getpid()}", flush=True))
        yield


def create_app(settings: Settings) -> FastAPI:
    app = FastAPI(title="Foley takes", lifespan=lifespan)
    app.state.settings = settings
    app.include_router(router)
    return app


def editor(port: int, number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    turn, due = number * 5, time.monotonic() + number * 0.09
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / LOOKUPS_EACH, time.monotonic() - 1)
        prop, surface = PROPS[turn % len(PROPS)], SURFACES[turn % len(SURFACES)]
        connection.request("GET", f"/takes?prop={quote(prop)}&surface={surface}&variant={turn % 97}")
        json.loads(connection.getresponse().read())
        turn += 7


def cutting_room(port: int) -> None:
    editors = [threading.Thread(target=editor, args=(port, number)) for number in range(EDITORS)]
    for one in editors:
        one.start()
    for one in editors:
        one.join()


def main() -> None:
    os.chmod(".", 0o1777)  # the database server is another user's
    settings = Settings(port=services.postgres(*SCHEMA))
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listening.getsockname()[1]
    services.outside(lambda: cutting_room(port))
    config = uvicorn.Config(create_app(settings), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
