# expect: healthy bench
"""Bookings of a unicycle school: timetable pages from a Redis cache, bookings in PostgreSQL (aiohttp, asyncpg, redis)."""

import datetime
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import asyncpg
import clients
import services
from aiohttp import web
from redis.asyncio import Redis

SETUP = [
    """CREATE TABLE lessons (
        id integer PRIMARY KEY,
        day date NOT NULL,
        hall text NOT NULL,
        teacher text NOT NULL,
        places integer NOT NULL
    )""",
    "CREATE INDEX lessons_day ON lessons (day, hall)",
    """CREATE TABLE bookings (
        id bigserial PRIMARY KEY,
        lesson_id integer NOT NULL REFERENCES lessons (id),
        pupil text NOT NULL,
        UNIQUE (lesson_id, pupil)
    )""",
    """INSERT INTO lessons
       SELECT n, date '2024-03-01' + n / 12, 'hall ' || n % 4, 'teacher ' || n % 9, 8 + n % 5
       FROM generate_series(0, 4999) AS n""",
    """INSERT INTO bookings (lesson_id, pupil)
       SELECT n % 5000, 'pupil ' || n % 1999 FROM generate_series(1, 20000) AS n ON CONFLICT DO NOTHING""",
    "ANALYZE",
]
DAY = """
    SELECT lessons.id, hall, teacher, places - count(bookings.id) AS free
    FROM lessons LEFT JOIN bookings ON bookings.lesson_id = lessons.id
    WHERE day = $1
    GROUP BY lessons.id
    ORDER BY hall, lessons.id
"""
PUPILS = "SELECT pupil FROM bookings WHERE lesson_id = $1 ORDER BY pupil"
LESSON = "SELECT id, day, hall, teacher, places FROM lessons WHERE id = $1"
BOOK = """
    INSERT INTO bookings (lesson_id, pupil) VALUES ($1, $2)
    ON CONFLICT (lesson_id, pupil) DO UPDATE SET pupil = excluded.pupil
    RETURNING id
"""
FIRST_DAY = datetime.date(2024, 3, 1)
DAYS = 300
KEEP_SECONDS = 20

database = web.AppKey("database", asyncpg.Pool)
cache = web.AppKey("cache", Redis)
routes = web.RouteTableDef()


@routes.get("/days/{day}")
async def timetable(request):
    try:
        day = datetime.date.fromisoformat(request.match_info["day"])
    except ValueError:
        raise web.HTTPBadRequest(text="not a day") from None
    key = f"day:{day}"
    page = await request.app[cache].get(key)
    if page is None:
        rows = await request.app[database].fetch(DAY, day)
        page = json.dumps({"day": str(day), "lessons": [dict(row) for row in rows]}).encode()
        await request.app[cache].set(key, page, ex=KEEP_SECONDS)
    return web.Response(body=page, content_type="application/json")


@routes.get("/lessons/{lesson}")
async def lesson(request):
    number = int(request.match_info["lesson"])
    async with request.app[database].acquire() as connection:
        found = await connection.fetchrow(LESSON, number)
        if found is None:
            raise web.HTTPNotFound
        pupils = await connection.fetch(PUPILS, number)
    return web.json_response(
        {"id": number, "day": str(found["day"]), "hall": found["hall"], "pupils": [row["pupil"] for row in pupils]}
    )


@routes.get("/lessons/{lesson}/book/{pupil}")
async def book(request):
    number = int(request.match_info["lesson"])
    try:
        booking = await request.app[database].fetchval(BOOK, number, request.match_info["pupil"])
    except asyncpg.ForeignKeyViolationError:
        raise web.HTTPNotFound from None
    return web.json_response({"booking": booking})


async def connections(app):
    app[database] = await asyncpg.create_pool(
        host="127.0.0.1", port=DATABASE_PORT, user="postgres", database="postgres", min_size=6, max_size=6
    )
    app[cache] = Redis(port=CACHE_PORT, max_connections=16)
    yield
    await app[database].close()
    await app[cache].aclose()


async def announce(app):
    print("ready", os.getpid(), flush=True)


def main():
    global DATABASE_PORT, CACHE_PORT
    DATABASE_PORT = services.postgres(*SETUP)
    CACHE_PORT = services.redis()
    port = services.free_port()
    days = [f"/days/{FIRST_DAY + datetime.timedelta(days=n)}" for n in range(DAYS)]
    lessons = [f"/lessons/{n}" for n in range(0, 5000, 10)]
    bookings = [f"/lessons/{n}/book/guest{n % 7}" for n in range(0, 5000, 50)]
    services.outside(lambda: clients.come(port, days + lessons + bookings, rate=150, workers=10))
    app = web.Application()
    app.add_routes(routes)
    app.cleanup_ctx.append(connections)
    app.on_startup.append(announce)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
