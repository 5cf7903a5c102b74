# bench: healthy
"""The care of gargoyles: masons on the scaffolds of a cathedral ask for the sheet of a water spout (its damage, the
mortar that suits it, what its neighbours look like), and enter what they found.

FastAPI and asyncpg on PostgreSQL: a pool with room, one question for each sheet, answers that hold for some seconds in
a bounded cache, and a lock that only those who refresh the same mortar list wait for.

Measured: 130 sheets and 12 findings a second; 11 % of a core.
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
from collections import OrderedDict
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated

import asyncpg
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

SPOUTS = 900
MASONS = 8
SHEETS_A_SECOND = 130
FINDINGS_A_SECOND = 12

SETUP = (
    "CREATE TABLE mortar (id serial PRIMARY KEY, name text NOT NULL, lime real NOT NULL, sand real NOT NULL)",
    "CREATE TABLE spout (id serial PRIMARY KEY, bay int NOT NULL, side text NOT NULL, beast text NOT NULL,"
    " carved int NOT NULL, mortar_id int NOT NULL REFERENCES mortar)",
    "CREATE TABLE finding (spout_id int NOT NULL REFERENCES spout, part text NOT NULL, grade int NOT NULL,"
    " found_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (spout_id, part))",
    "CREATE INDEX spout_bay ON spout (bay)",
    "INSERT INTO mortar SELECT n, 'mix ' || n, 1 + n % 3, 3 + n % 4 FROM generate_series(1, 12) n",
    "INSERT INTO spout SELECT n, n / 12, (ARRAY['north','south','choir'])[n % 3 + 1],"
    " (ARRAY['dog','griffin','monk','ape','dragon'])[n % 5 + 1], 1240 + n % 640, n % 12 + 1"
    f" FROM generate_series(1, {SPOUTS}) n",
    "INSERT INTO finding SELECT n, p, (n * 7 + length(p)) % 5 FROM"
    f" generate_series(1, {SPOUTS}) n, unnest(ARRAY['jaw','wing','neck','throat']) p",
    "ANALYZE",
)


def database() -> int:
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return services.postgres(*SETUP)


class Finding(BaseModel):
    part: str
    grade: int


class Mortar(BaseModel):
    name: str
    lime: float
    sand: float


class Sheet(BaseModel):
    spout: int
    beast: str
    carved: int
    findings: dict[str, int]
    neighbours: list[int]
    mortar: Mortar
    urgent: bool


class HoldingCache:
    """The newest answers, each for some seconds."""

    def __init__(self, most: int, seconds: float):
        self.most, self.seconds = most, seconds
        self.held: OrderedDict[int, tuple[float, Sheet]] = OrderedDict()

    def get(self, key: int) -> Sheet | None:
        until, sheet = self.held.get(key, (0.0, None))
        return sheet if until > time.monotonic() else None

    def put(self, key: int, sheet: Sheet) -> None:
        self.held[key] = time.monotonic() + self.seconds, sheet
        self.held.move_to_end(key)
        if len(self.held) > self.most:
            self.held.popitem(last=False)

    def drop(self, key: int) -> None:
        self.held.pop(key, None)


class Mortars:
    """The list of mixes, which hardly changes: fetched anew once a minute by whoever comes first."""

    def __init__(self, pool: asyncpg.Pool):
        self.pool, self.lock = pool, asyncio.Lock()
        self.mixes: list[tuple[int, Mortar]] = []
        self.until = 0.0

    async def mix(self, number: int) -> Mortar:
        async with self.lock:
            if time.monotonic() > self.until:
                rows = await self.pool.fetch("SELECT id, name, lime, sand FROM mortar ORDER BY id")
                self.mixes = [(row["id"], Mortar(name=row["name"], lime=row["lime"], sand=row["sand"])) for row in rows]
                self.until = time.monotonic() + 60
        return next(mortar for known, mortar in self.mixes if known == number)  # a dozen


class Workshop:
    def __init__(self, pool: asyncpg.Pool, cache: HoldingCache, mortars: Mortars):
        self.pool, self.cache, self.mortars = pool, cache, mortars

    async def sheet(self, spout: int) -> Sheet:
        held = self.cache.get(spout)
        if held is not None:
            return held
        row = await self.pool.fetchrow(
            "SELECT s.beast, s.carved, s.mortar_id, (SELECT json_object_agg(part, grade) FROM finding f"
            " WHERE f.spout_id = s.id) AS findings, ARRAY(SELECT n.id FROM spout n WHERE n.bay = s.bay AND n.id <> s.id"
            " ORDER BY n.id) AS neighbours FROM spout s WHERE s.id = $1",
            spout,
        )
        if row is None:
            raise HTTPException(404, f"no spout {spout}")
        findings = json.loads(row["findings"] or "{}")
        sheet = Sheet(
            spout=spout,
            beast=row["beast"],
            carved=row["carved"],
            findings=findings,
            neighbours=row["neighbours"],
            mortar=await self.mortars.mix(row["mortar_id"]),
            urgent=max(findings.values(), default=0) >= 4,
        )
        self.cache.put(spout, sheet)
        return sheet

    async def enter(self, spout: int, findings: list[Finding]) -> int:
        await self.pool.execute(
            "INSERT INTO finding (spout_id, part, grade) SELECT $1, * FROM unnest($2::text[], $3::int[])"
            " ON CONFLICT (spout_id, part) DO UPDATE SET grade = excluded.grade, found_at = now()",
            spout,
            [finding.part for finding in findings],
            [finding.grade for finding in findings],
        )
        self.cache.drop(spout)
        return len(findings)


def workshop(request: Request) -> Workshop:
    return request.app.state.workshop


router = APIRouter(prefix="/spouts", tags=["spouts"])


@router.get("/{spout}")
async def read_sheet(spout: int, shop: Annotated[Workshop, Depends(workshop)]) -> Sheet:
    return await shop.sheet(spout)


@router.post("/{spout}/findings")
async def enter_findings(
    spout: int, findings: list[Finding], shop: Annotated[Workshop, Depends(workshop)]
) -> dict[str, int]:
    return {"entered": await shop.enter(spout, findings)}


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with asyncpg.create_pool(
        host="127.0.0.1", port=app.state.database_port, user="postgres", database="postgres", min_size=6, max_size=10
    ) as pool:
        app.state.workshop = Workshop(pool, HoldingCache(most=300, seconds=5), Mortars(pool))
        asyncio.get_running_loop().call_later(1.5, partial(print, f"ready {os.getpid()}", flush=True))
        yield


def mason(port: int, number: int) -> None:
    rng = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    each = MASONS / (SHEETS_A_SECOND + FINDINGS_A_SECOND)
    due = time.monotonic() + number * each / MASONS
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + each, time.monotonic() - 1)
        spout = min(SPOUTS, 1 + int(rng.expovariate(1 / 150)))
        try:
            if rng.random() < FINDINGS_A_SECOND / (SHEETS_A_SECOND + FINDINGS_A_SECOND):
                found = [{"part": part, "grade": rng.randrange(5)} for part in ("jaw", "neck", "throat")]
                head = {"Content-Type": "application/json"}
                connection.request("POST", f"/spouts/{spout}/findings", json.dumps(found), head)
            else:
                connection.request("GET", f"/spouts/{spout}")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()
            time.sleep(0.5)


def scaffold(port: int) -> None:
    masons = [threading.Thread(target=mason, args=(port, number)) for number in range(MASONS)]
    for one in masons:
        one.start()
    for one in masons:
        one.join()


def main() -> None:
    app = FastAPI(title="Gargoyles", lifespan=lifespan)
    app.state.database_port = database()
    app.include_router(router)
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listening.getsockname()[1]
    services.outside(lambda: scaffold(port))
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listening])


if __name__ == "__main__":
    main()
