# expect: pattern=pool-undersized bench
"""Water for wasabi: growers on a mountain stream share it out among their terraces. The tablets at the sluices ask what
their terrace may draw, all on the same beat, as they set their clocks by the same time server.

FastAPI and asyncpg on PostgreSQL. The outlook of the stream is computed in the database of the prefecture, behind a
function, which takes some 45 ms; it bears a hundred such questions at a time.

Measured: 14 tablets ask every 0.5 s; an allowance takes 173 ms (mean; the slowest tenth more than
290 ms), 120 ms of it waiting for a connection; in the twin 55 ms (60 ms).
"""

import asyncio
import http.client
import os
import shutil
import socket
import sys
import threading
import time
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated

import asyncpg
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

TABLETS = 14
BEAT = 0.5
TERRACES = 600

SETUP = (
    "CREATE TABLE grower (id serial PRIMARY KEY, name text NOT NULL, shares int NOT NULL)",
    "CREATE TABLE terrace (id serial PRIMARY KEY, grower_id int NOT NULL REFERENCES grower, level int NOT NULL,"
    " area_m2 real NOT NULL, gravel_cm int NOT NULL, planted date NOT NULL)",
    "CREATE TABLE draw (terrace_id int NOT NULL REFERENCES terrace, taken_on date NOT NULL, litres real NOT NULL,"
    " PRIMARY KEY (terrace_id, taken_on))",
    "INSERT INTO grower SELECT n, 'house ' || n, 1 + n % 5 FROM generate_series(1, 40) n",
    "INSERT INTO terrace SELECT n, n % 40 + 1, n / 30, 20 + n % 70, 15 + n % 20, DATE '2022-04-01' + n % 600"
    f" FROM generate_series(1, {TERRACES}) n",
    "INSERT INTO draw SELECT t, DATE '2024-05-01' + d, 900 + t * 7 % 400 + d FROM"
    f" generate_series(1, {TERRACES}) t, generate_series(0, 13) d",
    # a foreign table's rows; the sleep stands for the way to the prefecture
    "CREATE FUNCTION stream_outlook(asked int) RETURNS TABLE (hour int, flow_ls real, celsius real) LANGUAGE plpgsql"
    " AS $$ BEGIN PERFORM pg_sleep(0.045); RETURN QUERY SELECT n, (180 + (asked * 13 + n * 29) % 60)::real,"
    " (11 + ((asked + n) % 7) * 0.4)::real FROM generate_series(0, 11) n; END $$",
    "ANALYZE",
)


def database() -> int:
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return services.postgres(*SETUP)


class Settings(BaseModel):
    database_port: int
    pool_min: int = 2
    pool_max: int = 2  # <- cost
    acquire_seconds: float = 15.0


class Allowance(BaseModel):
    terrace: int
    grower: str
    litres_a_minute: float
    drawn_of_late: float
    warmest: float
    advice: str


class StreamStore:
    """Terraces, what they drew, and the outlook of the stream."""

    def __init__(self, pool: asyncpg.Pool, acquire_seconds: float):
        self.pool = pool
        self.acquire_seconds = acquire_seconds

    async def situation(self, terrace: int) -> tuple[asyncpg.Record | None, list[asyncpg.Record]]:
        async with self.pool.acquire(timeout=self.acquire_seconds) as connection:  # <- cost
            known = await connection.fetchrow(
                "SELECT t.id, t.area_m2, t.gravel_cm, t.level, g.name, g.shares, avg(d.litres) AS drawn FROM terrace t"
                " JOIN grower g ON g.id = t.grower_id LEFT JOIN draw d ON d.terrace_id = t.id WHERE t.id = $1"
                " GROUP BY t.id, g.id",
                terrace,
            )
            if known is None:
                return None, []
            return known, await connection.fetch("SELECT hour, flow_ls, celsius FROM stream_outlook($1)", terrace)


class WaterMaster:
    """The rules of the stream's council."""

    def __init__(self, store: StreamStore):
        self.store = store

    async def allowance(self, terrace: int) -> Allowance:
        known, outlook = await self.store.situation(terrace)
        if known is None:
            raise HTTPException(404, f"no terrace {terrace}")
        lowest = min(row["flow_ls"] for row in outlook)
        warmest = max(row["celsius"] for row in outlook)
        litres = lowest * 60 * known["shares"] / 400 * min(1.0, known["area_m2"] / 60)
        return Allowance(
            terrace=terrace,
            grower=known["name"],
            litres_a_minute=round(litres, 1),
            drawn_of_late=round(known["drawn"] or 0.0, 1),
            warmest=round(warmest, 1),
            advice=self.advice(warmest, known["gravel_cm"]),
        )

    @staticmethod
    def advice(warmest: float, gravel: int) -> str:
        if warmest > 13:
            return "shade"
        return "rake the gravel" if gravel < 20 else "leave as it is"


def water_master(request: Request) -> WaterMaster:
    state = request.app.state
    return WaterMaster(StreamStore(state.pool, state.settings.acquire_seconds))


router = APIRouter(prefix="/terraces", tags=["terraces"])


@router.get("/{terrace}/allowance")
async def read_allowance(terrace: int, master: Annotated[WaterMaster, Depends(water_master)]) -> Allowance:
    return await master.allowance(terrace)


@router.get("/{terrace}/sluice")
async def read_sluice(terrace: int) -> dict[str, int]:
    """How far a sluice opens for a turn of its wheel; needs no database."""
    return {"terrace": terrace, "turns": 3 + terrace % 5, "millimetres": 12 + terrace * 7 % 30}


@asynccontextmanager
async def lifespan(app: FastAPI):
    settings: Settings = app.state.settings
    app.state.pool = await asyncpg.create_pool(  # <- cost
        host="127.0.0.1",  # <- cost
        port=settings.database_port,  # <- cost
        user="postgres",  # <- cost
        database="postgres",  # <- cost
        min_size=settings.pool_min,  # <- cost
        max_size=settings.pool_max,  # <- cost
    )
    asyncio.get_running_loop().call_later(1, partial(print, f"ready {os.getpid()}", flush=True))
    yield
    await app.state.pool.close()


def create_app(settings: Settings) -> FastAPI:
    app = FastAPI(title="Terraces", lifespan=lifespan)
    app.state.settings = settings
    app.include_router(router)
    return app


def tablet(port: int, number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    beat = int(time.time() / BEAT)
    while True:
        beat = max(beat + 1, int(time.time() / BEAT))
        time.sleep(max(0.0, beat * BEAT - time.time()))
        terrace = (beat * TABLETS + number) % TERRACES + 1
        try:
            connection.request("GET", f"/terraces/{terrace}/{'sluice' if beat % 25 == number else 'allowance'}")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()
            time.sleep(0.5)


def sluices(port: int) -> None:
    tablets = [threading.Thread(target=tablet, args=(port, number)) for number in range(TABLETS)]
    for one in tablets:
        one.start()
    for one in tablets:
        one.join()


def main() -> None:
    settings = Settings(database_port=database())
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listening.getsockname()[1]
    services.outside(lambda: sluices(port))
    config = uvicorn.Config(create_app(settings), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
