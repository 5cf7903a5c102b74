# expect: healthy bench
"""The control room of a sea salt works: pans report depth and brine, walkers ask what to do at a pan, and the
sluices are asked for their state.

FastAPI on uvicorn with asyncpg. Looks costly, and is as it should be: the pool is small but nobody waits for it, what
blocks (packing the day's chart) runs in a thread, the sluices' controllers bear four questions at a time and get no
more, readings are written in batches.

Measured: 28 requests a second, a pan in 9 ms, 0.1 cores.
"""

import asyncio
import gzip
import os
import random
import shutil
import sys
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import asyncpg
import httpx
import services
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

PANS = 600
WALKERS = 6

SETUP = (
    "CREATE TABLE pan (id int PRIMARY KEY, stage text NOT NULL, area_m2 int NOT NULL, sluice int NOT NULL)",
    "CREATE TABLE reading (pan_id int NOT NULL REFERENCES pan, at timestamptz NOT NULL, depth_mm real NOT NULL,"
    " baume real NOT NULL)",
    "INSERT INTO pan SELECT n, (ARRAY['reservoir','evaporator','concentrator','crystalliser'])[n % 4 + 1],"
    f" 200 + n * 7 % 900, n % 20 FROM generate_series(1, {PANS}) n",
    "INSERT INTO reading SELECT n % 600 + 1, now() - n * interval '10 milliseconds', 40 + n % 90, 5 + n % 21"
    " FROM generate_series(1, 12000) n",
    "CREATE INDEX ON reading (pan_id, at DESC)",
    "ANALYZE",
)


def database():
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return services.postgres(*SETUP)


class Advice(BaseModel):
    pan: int
    stage: str
    depth_mm: float
    baume: float
    sluice_open: bool
    advice: str


class Pans:
    """What the database knows."""

    def __init__(self, pool):
        self.pool = pool

    async def state(self, number):
        return await self.pool.fetchrow(
            "SELECT p.id, p.stage, p.sluice, r.depth_mm, r.baume FROM pan p JOIN LATERAL (SELECT depth_mm, baume"
            " FROM reading WHERE pan_id = p.id ORDER BY at DESC LIMIT 1) r ON true WHERE p.id = $1",
            number,
        )

    async def day(self, number):
        return await self.pool.fetch(
            "SELECT at, depth_mm, baume FROM reading WHERE pan_id = $1 ORDER BY at DESC LIMIT 60", number
        )

    async def keep(self, readings):
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.copy_records_to_table("reading", records=readings)
            await connection.execute("DELETE FROM reading WHERE at < now() - interval '2 minutes'")


class Sluices:
    """The controllers at the gates; they bear four questions at a time."""

    def __init__(self, base):
        self.client = httpx.AsyncClient(base_url=base, timeout=5)
        self.limit = asyncio.Semaphore(4)

    async def is_open(self, number):
        async with self.limit:
            answer = await self.client.get(f"/gates/{number}")
        return answer.json()["open"]


class Readings:
    """Collects what the probes tell, and writes it once in two seconds."""

    def __init__(self, pans):
        self.pans = pans
        self.waiting = []

    def add(self, *reading):
        self.waiting.append(reading)

    async def write(self):
        while True:
            await asyncio.sleep(2)
            batch, self.waiting = self.waiting, []
            if batch:
                await self.pans.keep(batch)


async def probes(readings):
    """The floats in the pans: a hundred readings a second."""
    import datetime

    while True:
        await asyncio.sleep(0.5)
        now = datetime.datetime.now(datetime.timezone.utc)
        for pan in random.sample(range(1, PANS + 1), 50):
            readings.add(pan, now, random.uniform(30, 130), random.uniform(4, 26))


def advise(stage, depth, baume):
    if stage == "crystalliser" and baume > 25:
        return "rake"
    if depth < 40:
        return "let brine in"
    return "leave" if baume < 20 else "pass on"


def chart(rows):
    """The day of a pan, packed for the hand-held device."""
    lines = [f"{row['at']:%H:%M:%S};{row['depth_mm']:.1f};{row['baume']:.1f}" for row in rows]
    return gzip.compress("\n".join(lines).encode(), 6)


async def works(request: Request):
    return request.app.state


router = APIRouter(prefix="/pans")


@router.get("/{number}", response_model=Advice)
async def pan(number: int, state=Depends(works)):
    found = await state.pans.state(number)
    if found is None:
        raise HTTPException(404, "no such pan")
    is_open = await state.sluices.is_open(found["sluice"])  # (which sluice: the pan tells)
    advice = advise(found["stage"], found["depth_mm"], found["baume"])
    return Advice(
        pan=number,
        stage=found["stage"],
        depth_mm=found["depth_mm"],
        baume=found["baume"],
        sluice_open=is_open,
        advice=advice,
    )


@router.get("/{number}/chart")
async def pan_chart(number: int, state=Depends(works)):
    packed = await run_in_threadpool(chart, await state.pans.day(number))
    return Response(packed, media_type="text/csv", headers={"Content-Encoding": "gzip"})


def create_app(database_port, sluices):
    @asynccontextmanager
    async def lifespan(app):
        pool = await asyncpg.create_pool(
            host="127.0.0.1", port=database_port, user="postgres", database="postgres", min_size=3, max_size=3
        )
        app.state.pans = Pans(pool)
        app.state.sluices = Sluices(sluices)
        readings = Readings(app.state.pans)
        tasks = [asyncio.create_task(readings.write()), asyncio.create_task(probes(readings))]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await app.state.sluices.client.aclose()
        await pool.close()

    app = FastAPI(title="Salt works", lifespan=lifespan)
    app.include_router(router)
    return app


def gate(path):
    """The controller of a sluice."""
    time.sleep(0.003)
    return b'{"open": true}' if int(path.rsplit("/", 1)[1]) % 3 else b'{"open": false}'


class ControlRoom(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        if self.started:
            paths = [f"/pans/{n}" for n in range(1, PANS, 7)] + [f"/pans/{n}/chart" for n in range(1, PANS, 60)]
            services.customers(self.config.port, paths, number=WALKERS, pause=0.2)
            print(f"ready {os.getpid()}", flush=True)


def main():
    app = create_app(database(), f"http://127.0.0.1:{services.http_service(gate)}")
    config = uvicorn.Config(app, host="127.0.0.1", port=services.free_port(), log_level="error", access_log=False)
    asyncio.run(ControlRoom(config).serve())


if __name__ == "__main__":
    main()
