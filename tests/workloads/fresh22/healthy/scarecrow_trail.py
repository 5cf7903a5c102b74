# bench: healthy
"""The scarecrow trail of a village: visitors scan the code of a scarecrow in a front garden, read who made it of what,
and give it a rosette; the tea tent shows the ranking.

FastAPI with asyncpg on PostgreSQL. Looks costly, and is as it should be: a page is one statement with its joins, a
rosette one upsert (a visitor has one rosette for each scarecrow, and moves it), the ranking is asked for by one task
every other second and served from memory, and a pool of few connections is enough.

Measured: 52 requests a second, a page in 1.9 ms, 6 % of a core.
"""

import asyncio
import os
import random
import shutil
import sys
from contextlib import asynccontextmanager
from typing import Annotated

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import asyncpg
import clients
import services
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from pydantic import BaseModel

SCARECROWS, MAKERS, VISITORS = 180, 70, 900

SETUP = (
    "CREATE TABLE maker (id int PRIMARY KEY, name text NOT NULL)",
    "CREATE TABLE scarecrow (id int PRIMARY KEY, maker_id int NOT NULL REFERENCES maker, title text NOT NULL,"
    " garden text NOT NULL, theme text NOT NULL)",
    "CREATE TABLE part (id serial PRIMARY KEY, scarecrow_id int NOT NULL REFERENCES scarecrow, what text NOT NULL,"
    " rescued boolean NOT NULL)",
    "CREATE TABLE rosette (scarecrow_id int NOT NULL REFERENCES scarecrow, visitor int NOT NULL, colour text NOT NULL,"
    " given timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (scarecrow_id, visitor)) WITH (fillfactor = 60)",
    f"INSERT INTO maker SELECT n, 'Family ' || n FROM generate_series(1, {MAKERS}) n",
    f"INSERT INTO scarecrow SELECT n, n % {MAKERS} + 1, 'Worzel the ' || n || 'th', n || ' Church Lane',"
    f" (ARRAY['space', 'nursery', 'sport', 'royal'])[n % 4 + 1] FROM generate_series(1, {SCARECROWS}) n",
    f"INSERT INTO part (scarecrow_id, what, rescued) SELECT n % {SCARECROWS} + 1, (ARRAY['boot', 'broom', 'turnip',"
    " 'tights', 'tweed jacket', 'flower pot'])[n % 6 + 1], n % 3 = 0 FROM generate_series(1, 1400) n",
    f"INSERT INTO rosette (scarecrow_id, visitor, colour) SELECT DISTINCT n % {SCARECROWS} + 1, n * 7 % {VISITORS},"
    " 'blue' FROM generate_series(1, 4000) n",
    "CREATE INDEX ON part (scarecrow_id)",
    "ANALYZE",
)

PAGE = """
SELECT s.title, s.garden, s.theme, m.name AS maker,
       (SELECT array_agg(p.what ORDER BY p.id) FROM part p WHERE p.scarecrow_id = s.id) AS parts,
       (SELECT count(*) FROM rosette r WHERE r.scarecrow_id = s.id) AS rosettes
FROM scarecrow s JOIN maker m ON m.id = s.maker_id WHERE s.id = $1
"""
GIVE = """
INSERT INTO rosette (scarecrow_id, visitor, colour) VALUES ($1, $2, $3)
ON CONFLICT (scarecrow_id, visitor) DO UPDATE SET colour = excluded.colour, given = now()
"""
RANKING = """
SELECT s.id, s.title, count(*) AS rosettes, count(*) FILTER (WHERE r.colour = 'gold') AS gold
FROM rosette r JOIN scarecrow s ON s.id = r.scarecrow_id GROUP BY s.id ORDER BY rosettes DESC, s.id LIMIT 20
"""


class Scarecrow(BaseModel):
    title: str
    garden: str
    theme: str
    maker: str
    parts: list[str]
    rosettes: int


class Ranking:
    """The best twenty; a few seconds old is good enough for a tea tent."""

    def __init__(self, pool, every=2.0):
        self.pool, self.every = pool, every
        self.rows = []

    async def refresh(self):
        self.rows = [dict(row) for row in await self.pool.fetch(RANKING)]

    async def keep_fresh(self):
        while True:
            try:
                await self.refresh()
            except (asyncpg.PostgresError, OSError) as error:
                print(f"the ranking stays as it is: {error}", file=sys.stderr)
            await asyncio.sleep(self.every)


class Trail:
    def __init__(self, pool):
        self.pool = pool
        self.ranking = Ranking(pool)

    async def scarecrow(self, number):
        row = await self.pool.fetchrow(PAGE, number)
        if row is None:
            return None
        return Scarecrow(**{**row, "parts": row["parts"] or []})

    async def give(self, number, visitor, colour):
        try:
            await self.pool.execute(GIVE, number, visitor, colour)
        except asyncpg.ForeignKeyViolationError:
            return False
        return True


@asynccontextmanager
async def open_day(app):
    async def announce():
        await asyncio.sleep(2)
        print(f"ready {os.getpid()}", flush=True)

    address = {"host": "127.0.0.1", "port": app.state.database, "user": "postgres", "database": "postgres"}
    async with asyncpg.create_pool(**address, min_size=3, max_size=5) as pool:
        app.state.trail = Trail(pool)
        tasks = [asyncio.create_task(app.state.trail.ranking.keep_fresh()), asyncio.create_task(announce())]
        yield
        for task in tasks:
            task.cancel()


def the_trail(request: Request) -> Trail:
    return request.app.state.trail


TheTrail = Annotated[Trail, Depends(the_trail)]
app = FastAPI(lifespan=open_day)


@app.get("/scarecrows/{number}")
async def scarecrow(number: int, trail: TheTrail) -> Scarecrow:
    found = await trail.scarecrow(number)
    if found is None:
        raise HTTPException(404, "no such scarecrow")
    return found


@app.post("/scarecrows/{number}/rosettes", status_code=201)
async def rosette(number: int, trail: TheTrail, visitor: Annotated[int, Query(ge=0)], colour: str = "blue"):
    if colour not in ("blue", "red", "gold"):
        raise HTTPException(422, "there are blue, red and gold rosettes")
    if not await trail.give(number, visitor, colour):
        raise HTTPException(404, "no such scarecrow")
    return {"scarecrow": number, "colour": colour}


@app.get("/ranking")
async def ranking(trail: TheTrail):
    return trail.ranking.rows


def database():
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return services.postgres(*SETUP)


def readers(port):
    services.wait_for(port)
    pages = [f"/scarecrows/{n}" for n in range(1, SCARECROWS, 2)]
    clients.come(port, [*pages, *["/ranking"] * 20], rate=40, workers=6)


def givers(port):
    dice = random.Random(3)
    services.wait_for(port)
    given = [
        f"/scarecrows/{dice.randint(1, SCARECROWS)}/rosettes?visitor={dice.randrange(VISITORS)}&colour={colour}"
        for colour in ("blue", "red", "gold") * 120
    ]
    clients.come(port, given, rate=12, workers=3, body=b"{}")


if __name__ == "__main__":
    app.state.database = database()
    port = services.free_port()
    services.outside(lambda: readers(port))
    services.outside(lambda: givers(port))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
