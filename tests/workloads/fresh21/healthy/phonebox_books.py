# bench: healthy
"""Book exchanges in old telephone boxes: a reader asks which boxes nearby hold books that they wish for, and whoever
takes or leaves a book says so. FastAPI on uvicorn, asyncpg with a pool that is wide enough.

What looks odd and is fine: a scan of the list of boxes (there are sixty), a lock around the shelf summary (it is held
for the time of one query every five seconds), a small bounded cache of wish lists, and a sleep between sweeps.

Measured: TODO
"""

import asyncio
import http.client
import json
import math
import os
import random
import sys
import threading
import time
from collections import OrderedDict
from contextlib import asynccontextmanager, suppress
from typing import Annotated

import asyncpg
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from pydantic import BaseModel

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

BOXES = 60
BOOKS = 3000
READERS = 400
ASKERS = 6
QUESTIONS_EACH = 8.0  # a second

SCHEMA = [
    "CREATE TABLE boxes (id integer PRIMARY KEY, corner text NOT NULL, east real NOT NULL, north real NOT NULL)",
    f"""INSERT INTO boxes SELECT n, 'corner ' || n, n * 37 % 100 / 10.0, n * 53 % 100 / 10.0
        FROM generate_series(1, {BOXES}) n""",
    """CREATE TABLE books (
        id integer PRIMARY KEY,
        title text NOT NULL,
        box_id integer REFERENCES boxes,
        since timestamptz NOT NULL DEFAULT now()
    ) WITH (fillfactor = 60)""",
    f"""INSERT INTO books (id, title, box_id)
        SELECT n, 'title ' || n % 900, 1 + n * 7 % {BOXES} FROM generate_series(1, {BOOKS}) n""",
    "CREATE INDEX books_by_title ON books (title)",
    "CREATE TABLE wishes (reader integer NOT NULL, title text NOT NULL, PRIMARY KEY (reader, title))",
    f"""INSERT INTO wishes SELECT reader, 'title ' || (reader * 31 + n * 17) % 900
        FROM generate_series(1, {READERS}) reader, generate_series(1, 8) n""",
    "ANALYZE",
]

WISHES = "SELECT array_agg(title ORDER BY title) FROM wishes WHERE reader = $1"
HELD = """
    SELECT title, box_id, count(*) AS copies, min(since) AS since FROM books
    WHERE title = ANY($1) AND box_id = ANY($2) GROUP BY title, box_id ORDER BY title, box_id
"""
FULLEST = "SELECT box_id, count(*) AS books FROM books WHERE box_id IS NOT NULL GROUP BY box_id ORDER BY 2 DESC LIMIT 5"


class Box(BaseModel):
    id: int
    corner: str
    east: float
    north: float


class Held(BaseModel):
    title: str
    box: int
    kilometres: float
    copies: int


class Answer(BaseModel):
    reader: int
    wishes: int
    found: list[Held]


class WishCache:
    """The wish lists of those who asked lately: at most so many, for at most so long."""

    def __init__(self, size: int = 128, seconds: float = 20.0):
        self.size, self.seconds = size, seconds
        self.kept: OrderedDict[int, tuple[float, list[str]]] = OrderedDict()

    def get(self, reader: int) -> list[str] | None:
        kept = self.kept.get(reader)
        if kept is None or kept[0] < time.monotonic():
            return None
        self.kept.move_to_end(reader)
        return kept[1]

    def put(self, reader: int, titles: list[str]) -> None:
        self.kept[reader] = (time.monotonic() + self.seconds, titles)
        while len(self.kept) > self.size:
            self.kept.popitem(last=False)

    def sweep(self) -> None:
        now = time.monotonic()
        for reader in [reader for reader, (until, _) in self.kept.items() if until < now]:
            del self.kept[reader]


class Exchange:
    def __init__(self, pool: asyncpg.Pool, boxes: list[Box]):
        self.pool = pool
        self.boxes = boxes
        self.wishes = WishCache()
        self.lock = asyncio.Lock()
        self.fullest: tuple[float, list[dict]] = (0.0, [])

    async def wish_list(self, reader: int) -> list[str]:
        titles = self.wishes.get(reader)
        if titles is None:
            titles = await self.pool.fetchval(WISHES, reader) or []
            self.wishes.put(reader, titles)
        return titles

    def near(self, east: float, north: float, kilometres: float) -> dict[int, float]:
        away = {box.id: math.hypot(box.east - east, box.north - north) for box in self.boxes}
        return {number: distance for number, distance in away.items() if distance <= kilometres}

    async def find(self, reader: int, east: float, north: float, kilometres: float) -> Answer:
        titles = await self.wish_list(reader)
        near = self.near(east, north, kilometres)
        rows = await self.pool.fetch(HELD, titles, list(near))
        found = [
            Held(title=row["title"], box=row["box_id"], kilometres=round(near[row["box_id"]], 2), copies=row["copies"])
            for row in rows
        ]
        return Answer(reader=reader, wishes=len(titles), found=sorted(found, key=lambda held: held.kilometres))

    async def move(self, book: int, box: int | None) -> bool:
        done = await self.pool.execute("UPDATE books SET box_id = $2, since = now() WHERE id = $1", book, box)
        return done == "UPDATE 1"

    async def fullest_boxes(self) -> list[dict]:
        async with self.lock:
            until, rows = self.fullest
            if until < time.monotonic():
                rows = [dict(row) for row in await self.pool.fetch(FULLEST)]
                self.fullest = (time.monotonic() + 5, rows)
            return rows

    async def sweep(self) -> None:
        while True:
            await asyncio.sleep(2)
            self.wishes.sweep()


def exchange(request: Request) -> Exchange:
    return request.app.state.exchange


router = APIRouter()
Uses = Annotated[Exchange, Depends(exchange)]


@router.get("/readers/{reader}/finds")
async def finds(
    uses: Uses,
    reader: int,
    east: Annotated[float, Query(ge=0, le=10)],
    north: Annotated[float, Query(ge=0, le=10)],
    kilometres: Annotated[float, Query(gt=0, le=6)] = 2.5,
) -> Answer:
    return await uses.find(reader, east, north, kilometres)


@router.post("/books/{book}/box/{box}", status_code=204)
async def leave(uses: Uses, book: int, box: int) -> None:
    if not await uses.move(book, box):
        raise HTTPException(404, "no such book")


@router.get("/boxes/fullest")
async def fullest(uses: Uses) -> list[dict]:
    return await uses.fullest_boxes()


@asynccontextmanager
async def lifespan(app: FastAPI):
    place = {"host": "127.0.0.1", "port": app.state.database, "user": "postgres", "database": "postgres"}
    async with asyncpg.create_pool(**place, min_size=8, max_size=8) as pool:
        boxes = [Box(**row) for row in await pool.fetch("SELECT id, corner, east, north FROM boxes")]
        app.state.exchange = Exchange(pool, boxes)
        sweeping = asyncio.create_task(app.state.exchange.sweep())
        asyncio.get_running_loop().call_later(1.5, lambda: print(f"ready {os.getpid()}", flush=True))
        yield
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping


def create_app(database: int) -> FastAPI:
    app = FastAPI(title="Telephone box books", lifespan=lifespan)
    app.state.database = database
    app.include_router(router)
    return app


def asker(port: int, number: int) -> None:
    chance = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + number / ASKERS / QUESTIONS_EACH
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / QUESTIONS_EACH, time.monotonic() - 1)
        kind = chance.random()
        if kind < 0.8:
            where = f"east={chance.uniform(0, 10):.1f}&north={chance.uniform(0, 10):.1f}"
            connection.request("GET", f"/readers/{chance.randint(1, READERS)}/finds?{where}")
        elif kind < 0.95:
            connection.request("POST", f"/books/{chance.randint(1, BOOKS)}/box/{chance.randint(1, BOXES)}")
        else:
            connection.request("GET", "/boxes/fullest")
        body = connection.getresponse().read()
        if body:
            json.loads(body)


def town(port: int) -> None:
    services.wait_for(port)
    askers = [threading.Thread(target=asker, args=(port, number)) for number in range(ASKERS)]
    for one in askers:
        one.start()
    for one in askers:
        one.join()


def main() -> None:
    os.chmod(".", 0o1777)  # the database server is another user's
    database = services.postgres(*SCHEMA)
    port = services.free_port()
    services.outside(lambda: town(port))
    uvicorn.run(create_app(database), host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
