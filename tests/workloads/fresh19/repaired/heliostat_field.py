# bench: repaired twin of heliostat_field
# The control-room wall of a solar tower: a panel for each sector of the mirror field asks a FastAPI service for aim,
# soiling and alarms, all panels on the same tick.
# Measured: a panel takes 34 ms in the mean and 46 ms at worst, 5 % of a core.
import asyncio
import json
import os
import socket
import sys
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside, postgres  # noqa: E402

SECTORS = 28
TICK = 0.45

SCHEMA = [
    "create table mirrors (id int primary key, sector int not null, azimuth float8 not null, elevation float8 not null,"
    " reflectivity float8 not null)",
    "insert into mirrors select n, n % 28, n * 0.137, 20 + n % 50, 0.86 + (n % 11) * 0.01"
    " from generate_series(0, 2239) n",
    "create index on mirrors (sector)",
    "create table alarms (id int primary key, mirror int not null references mirrors, severity int not null,"
    " text text not null)",
    "insert into alarms select n, n * 13 % 2240, n % 4, 'drive ' || n from generate_series(0, 399) n",
    "create index on alarms (mirror)",
    # The historian stands at the plant's other site: each of its functions takes a round trip there.
    "create function aim(wanted int) returns table (mirrors bigint, azimuth float8, elevation float8) language sql as"
    " $$ select count(*), avg(azimuth), avg(elevation) from mirrors, (select pg_sleep(0.006)) link"
    " where sector = wanted $$",
    "create function soiling(wanted int) returns table (mean float8, worst float8) language sql as"
    " $$ select avg(reflectivity), min(reflectivity) from mirrors, (select pg_sleep(0.006)) link"
    " where sector = wanted $$",
    "create function open_alarms(wanted int) returns table (severity int, number bigint) language sql as"
    " $$ select a.severity, count(*) from alarms a join mirrors m on m.id = a.mirror, (select pg_sleep(0.006)) link"
    " where m.sector = wanted group by a.severity $$",
    "analyze",
]


class Panel(BaseModel):
    sector: int
    mirrors: int
    azimuth: float
    elevation: float
    soiling: float
    worst: float
    alarms: dict[int, int]


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.pool = await asyncpg.create_pool(
        host="127.0.0.1",
        port=app.state.database,
        user="postgres",
        database="postgres",
        min_size=8,
        max_size=32,
    )
    yield
    await app.state.pool.close()


app = FastAPI(title="heliostat field", lifespan=lifespan)


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.get("/sectors/{sector}/panel", response_model=Panel)
async def panel(sector: int, request: Request):
    if not 0 <= sector < SECTORS:
        raise HTTPException(404, "no such sector")
    async with request.app.state.pool.acquire() as connection:
        aim = await connection.fetchrow("select * from aim($1)", sector)
        soil = await connection.fetchrow("select * from soiling($1)", sector)
        alarms = await connection.fetch("select * from open_alarms($1)", sector)
    return Panel(
        sector=sector,
        mirrors=aim["mirrors"],
        azimuth=aim["azimuth"],
        elevation=aim["elevation"],
        soiling=1 - soil["mean"],
        worst=1 - soil["worst"],
        alarms={row["severity"]: row["number"] for row in alarms},
    )


async def wall(port):
    """All panels ask on each tick, and the next tick comes when it is due and all have been drawn."""
    await asyncio.sleep(0.5)
    lines = [await connect(port) for _ in range(SECTORS)]
    loop = asyncio.get_running_loop()
    took = []
    due = loop.time()
    while True:
        took += await asyncio.gather(*(draw(*line, sector) for sector, line in enumerate(lines)))
        if os.environ.get("PANEL_TIMES") and len(took) >= SECTORS * 10:
            print(f"panel: mean {sum(took) / len(took):.3f} s, worst {max(took):.3f} s", file=sys.stderr, flush=True)
            took.clear()
        due = max(due + TICK, loop.time())
        await asyncio.sleep(due - loop.time())


async def connect(port):
    for _ in range(100):
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit("the service does not listen")


async def draw(reader, writer, sector):
    began = asyncio.get_running_loop().time()
    writer.write(f"GET /sectors/{sector}/panel HTTP/1.1\r\nHost: field\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    json.loads(await reader.readexactly(length))
    return asyncio.get_running_loop().time() - began


def start_wall(port):
    try:
        asyncio.run(wall(port))
    except EOFError:
        pass


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("ready", flush=True)


def main():
    app.state.database = postgres(*SCHEMA)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    outside(lambda: start_wall(port))
    Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listener])


if __name__ == "__main__":
    main()
