# expect: healthy bench
"""Counter API of a cufflink repairer: repairs by number or by the customer's phone, and new notes (FastAPI, asyncpg).

Measured: repairs by phone at 18/s in all: problem 46 ms (median); repaired 2.4 ms.
"""

import os
import random
import sys
from contextlib import asynccontextmanager

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import asyncpg
import clients
import services
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

SCHEMA = [
    """CREATE TABLE repairs (
        id bigserial PRIMARY KEY,
        phone text NOT NULL,
        metal text NOT NULL,
        fault text NOT NULL,
        state text NOT NULL,
        cents integer NOT NULL,
        taken_in timestamptz NOT NULL DEFAULT now()
    )""",
    "CREATE INDEX repairs_phone ON repairs (phone, taken_in)",
    """CREATE TABLE notes (
        id bigserial PRIMARY KEY,
        repair_id bigint NOT NULL REFERENCES repairs (id),
        text text NOT NULL
    )""",
    "CREATE INDEX notes_repair ON notes (repair_id)",
]
EXAMPLES = [
    """INSERT INTO repairs (phone, metal, fault, state, cents, taken_in)
       SELECT '+44 20 ' || lpad((n::bigint * 7919 % 120011)::text, 7, '0'),
              (ARRAY['silver', 'gold', 'brass', 'enamel'])[1 + n % 4],
              'toggle loose, face scratched, sent in with its twin and the box',
              (ARRAY['waiting', 'bench', 'ready', 'fetched'])[1 + n % 4],
              900 + n % 4000,
              now() - n * interval '3 minutes'
       FROM generate_series(1, 360000) AS n""",
    "INSERT INTO notes (repair_id, text) SELECT n * 9, 'customer rang' FROM generate_series(1, 20000) AS n",
    "VACUUM ANALYZE",
]

BY_PHONE = """
    SELECT id, metal, fault, state, cents, taken_in
    FROM repairs
    WHERE phone = $1
    ORDER BY taken_in DESC
    LIMIT 20
"""
BY_NUMBER = "SELECT id, phone, metal, fault, state, cents, taken_in FROM repairs WHERE id = $1"
NOTES = "SELECT id, text FROM notes WHERE repair_id = $1 ORDER BY id"


class Repair(BaseModel):
    id: int
    metal: str
    state: str
    price: str
    fault: str


def shown(record):
    return Repair(
        id=record["id"],
        metal=record["metal"],
        state=record["state"],
        fault=record["fault"],
        price=f"{record['cents'] / 100:.2f}",
    )


@asynccontextmanager
async def lifespan(app):
    app.state.pool = await asyncpg.create_pool(
        host="127.0.0.1", port=app.state.database_port, user="postgres", database="postgres", min_size=4, max_size=8
    )
    print("ready", os.getpid(), flush=True)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.get("/repairs/{number}")
async def repair(number: int, request: Request):
    async with request.app.state.pool.acquire() as connection:
        record = await connection.fetchrow(BY_NUMBER, number)
        if record is None:
            raise HTTPException(404, "no such repair")
        notes = await connection.fetch(NOTES, number)
    return {"repair": shown(record), "notes": [note["text"] for note in notes]}


@app.get("/customers/{phone}/repairs")
async def repairs_of_customer(phone: str, request: Request):
    records = await request.app.state.pool.fetch(BY_PHONE, phone)
    return {"phone": phone, "repairs": [shown(record) for record in records]}


def main():
    app.state.database_port = services.postgres(*SCHEMA, *EXAMPLES)
    port = services.free_port()
    random.seed(4)
    phones = [f"+44%2020%20{random.randrange(120011):07}" for _ in range(400)]
    paths = [f"/customers/{phone}/repairs" for phone in phones] + [f"/repairs/{n * 77}" for n in range(1, 100)]
    services.outside(lambda: clients.come(port, paths, rate=18, workers=6))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main()
