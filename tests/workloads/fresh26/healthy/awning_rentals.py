# expect: healthy bench
"""Rental desk for awnings: which are free between two days, what an event has booked, and its confirmation.

A server for the web shop, on aiohttp and PostgreSQL; the shop's pages send some 150 requests a second.
"""

import json
import os
import sys
from datetime import date, timedelta
from decimal import Decimal

import asyncpg
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

REQUESTS_PER_SECOND = 150
FIRST = date(2025, 5, 1)

SCHEMA = (
    "CREATE TABLE awning (id int PRIMARY KEY, depot text NOT NULL, width int NOT NULL, colour text, cents int)",
    "CREATE TABLE booking (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, awning int NOT NULL REFERENCES awning,"
    " event int NOT NULL, first date NOT NULL, last date NOT NULL, confirmed boolean NOT NULL DEFAULT false)",
    "INSERT INTO awning SELECT n, 'depot ' || n % 8, 200 + n % 5 * 100, 'colour ' || n % 6, 1900 + n % 40 * 50"
    " FROM generate_series(1, 960) n",
    "INSERT INTO booking (awning, event, first, last) SELECT 1 + n * 7 % 960, n / 3, date '2025-05-01' + n % 120,"
    " date '2025-05-01' + n % 120 + 1 + n % 4 FROM generate_series(1, 9000) n",
    "CREATE INDEX ON awning (depot, width)",
    "CREATE INDEX ON booking (awning, first)",
    "CREATE INDEX ON booking (event)",
    "ANALYZE",
)

FREE = """
SELECT a.id, a.colour, a.cents
FROM awning a
WHERE a.depot = $1 AND a.width = $2
  AND NOT EXISTS (SELECT FROM booking b
                  WHERE b.awning = a.id AND b.first BETWEEN $3::date - 14 AND $4 AND b.last >= $3)
ORDER BY a.cents, a.id
LIMIT 12
"""

EVENT = """
SELECT b.id, b.first, b.last, b.confirmed, a.id AS awning, a.width, a.colour, a.cents * (b.last - b.first + 1) AS cents
FROM booking b JOIN awning a ON a.id = b.awning
WHERE b.event = $1
ORDER BY b.first, b.id
"""

CONFIRM = """
UPDATE booking SET confirmed = true WHERE event = $1 RETURNING id
"""


def plain(value):
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value))


def answer(data, status=200):
    return web.json_response(data, status=status, dumps=lambda content: json.dumps(content, default=plain))


POOL = web.AppKey("pool", asyncpg.Pool)


async def free(request):
    try:
        first = date.fromisoformat(request.query["first"])
        last = date.fromisoformat(request.query["last"])
        width = int(request.query["width"])
    except (KeyError, ValueError):
        raise web.HTTPBadRequest from None
    rows = await request.app[POOL].fetch(FREE, request.match_info["depot"], width, first, last)
    days = (last - first).days + 1
    found = [{"awning": row["id"], "colour": row["colour"], "cents": row["cents"] * days} for row in rows]
    return answer({"depot": request.match_info["depot"], "first": first, "last": last, "free": found})


async def event(request):
    rows = await request.app[POOL].fetch(EVENT, int(request.match_info["event"]))
    if not rows:
        raise web.HTTPNotFound
    return answer({"bookings": [dict(row) for row in rows], "cents": sum(row["cents"] for row in rows)})


async def confirm(request):
    rows = await request.app[POOL].fetch(CONFIRM, int(request.match_info["event"]))
    return answer({"confirmed": [row["id"] for row in rows]}, 200 if rows else 404)


def make(database):
    app = web.Application()

    async def connected(app):
        app[POOL] = await asyncpg.create_pool(
            host="127.0.0.1", port=database, user="postgres", database="postgres", min_size=4, max_size=8
        )
        yield
        await app[POOL].close()

    app.cleanup_ctx.append(connected)
    app.router.add_get("/depots/{depot}/free", free)
    app.router.add_get(r"/events/{event:\d+}", event)
    app.router.add_get(r"/events/{event:\d+}/confirm", confirm)
    return app


def paths():
    wanted = [f"/events/{1 + number * 17 % 2900}" for number in range(80)]
    wanted += [f"/events/{1 + number * 19 % 2900}/confirm" for number in range(15)]
    for number in range(100):
        first = FIRST + timedelta(days=number * 7 % 120)
        last = first + timedelta(days=1 + number % 3)
        width = 200 + number % 5 * 100
        wanted.append(f"/depots/depot%20{number % 8}/free?first={first}&last={last}&width={width}")
    return wanted


def main():
    port = services.free_port()
    database = services.postgres(*SCHEMA)

    def come():
        services.wait_for(port)
        clients.come(port, paths(), REQUESTS_PER_SECOND, 8)

    services.outside(come)
    web.run_app(
        make(database),
        host="127.0.0.1",
        port=port,
        access_log=None,
        print=lambda *_: print("ready", os.getpid(), flush=True),
    )


if __name__ == "__main__":
    main()
