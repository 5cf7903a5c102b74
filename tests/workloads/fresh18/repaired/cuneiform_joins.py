# bench: repaired twin of cuneiform_joins
# A FastAPI service of a tablet museum: an edge of signs as it is read at the table is aligned with the broken edges
# of the collection, to find fragments that join; the reading room looks up single fragments meanwhile.
# Measured: 24 searches a second take 39 ms on average, lookups 1 to 2 ms; this process uses 5 % of a core, the
# searches run in two processes.
import asyncio
import functools
import http.client
import os
import random
import socket
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context

import uvicorn
from fastapi import FastAPI, HTTPException, Query, Request
from pydantic import BaseModel

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside  # noqa: E402

SIGNS = 90
GAP = 3
ALIGNERS = 2
CLAYS = ("buff", "grey", "red", "pale")


class Fragment(BaseModel):
    number: int
    museum_number: str
    clay: str
    edge: list[int]


class Join(BaseModel):
    museum_number: str
    score: int


class Collection:
    def __init__(self, seed: int, size: int = 320):
        rnd = random.Random(seed)
        self.fragments = [
            Fragment(
                number=n,
                museum_number=f"K.{3000 + n}",
                clay=CLAYS[n % len(CLAYS)],
                edge=[rnd.randrange(SIGNS) for _ in range(rnd.randint(44, 60))],
            )
            for n in range(size)
        ]
        self.by_clay: dict[str, list[Fragment]] = {}
        for fragment in self.fragments:
            self.by_clay.setdefault(fragment.clay, []).append(fragment)
        # how much two signs look alike when half of each is broken off
        self.likeness = [[8 if a == b else rnd.choice((-4, -4, -2, 3)) for b in range(SIGNS)] for a in range(SIGNS)]


def align(edge: list[int], other: list[int], likeness: list[list[int]]) -> int:
    """The best local alignment of two edges, signs may be missing on both sides."""
    above = [0] * (len(other) + 1)
    best = 0
    for sign in edge:
        alike = likeness[sign]
        row = [0]
        left = 0
        for column, facing in enumerate(other):
            score = above[column] + alike[facing]
            if above[column + 1] - GAP > score:
                score = above[column + 1] - GAP
            if left - GAP > score:
                score = left - GAP
            if score < 0:
                score = 0
            elif score > best:
                best = score
            row.append(score)
            left = score
        above = row
    return best


def best_joins(edge: list[int], clay: str, limit: int) -> list[tuple[int, int]]:
    scored = [(align(edge, f.edge, collection.likeness), f.number) for f in collection.by_clay[clay]]
    scored.sort(reverse=True)
    return scored[:limit]


def parse_edge(text: str) -> list[int]:
    try:
        signs = [int(part) for part in text.split("-")]
    except ValueError:
        raise HTTPException(422, "signs are numbers with dashes between them") from None
    if not signs or len(signs) > 80 or any(not 0 <= sign < SIGNS for sign in signs):
        raise HTTPException(422, "unknown sign or edge too long")
    return signs


collection = Collection(seed=1928)


@asynccontextmanager
async def lifespan(app: FastAPI):
    with ProcessPoolExecutor(ALIGNERS, mp_context=get_context("spawn")) as app.state.aligners:
        await asyncio.get_running_loop().run_in_executor(app.state.aligners, best_joins, [1, 2, 3], "buff", 1)
        asyncio.get_running_loop().call_later(2.0, lambda: print("ready", flush=True))
        yield


app = FastAPI(title="Edges", lifespan=lifespan)


@app.get("/joins")
async def joins(request: Request, edge: str, clay: str = Query("buff"), limit: int = 5) -> list[Join]:
    if clay not in collection.by_clay:
        raise HTTPException(404, "no such clay")
    search = functools.partial(best_joins, parse_edge(edge), clay, limit)
    found = await asyncio.get_running_loop().run_in_executor(request.app.state.aligners, search)
    return [Join(museum_number=collection.fragments[n].museum_number, score=s) for s, n in found]


@app.get("/fragments/{number}")
async def fragment(number: int) -> Fragment:
    if not 0 <= number < len(collection.fragments):
        raise HTTPException(404, "no such fragment")
    return collection.fragments[number]


def ask(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(body.decode())


def table(port: int, seed: int):
    """One transcriber who reads edges and looks for joins."""

    def work():
        rnd = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        due = time.monotonic()
        while True:
            edge = "-".join(str(rnd.randrange(SIGNS)) for _ in range(rnd.randint(46, 56)))
            ask(connection, f"/joins?edge={edge}&clay={rnd.choice(CLAYS)}")
            due = max(due + PERIOD * rnd.uniform(0.5, 1.5), time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    return work


def reading_room(port: int, seed: int):
    def work():
        rnd = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            ask(connection, f"/fragments/{rnd.randrange(320)}")
            time.sleep(0.05)

    return work


PERIOD = 0.2
TABLES = 5

if __name__ == "__main__":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    port = listener.getsockname()[1]
    for seed in range(TABLES):
        outside(table(port, seed))
    outside(reading_room(port, 77))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    server.run(sockets=[listener])
