# expect: healthy bench
"""Bookings of wicker toboggans that two men push down a hill: a web server over PostgreSQL, which tells what is free at
an hour, holds a ride, and shows the rides of a guest.
"""

import asyncio
import os
import sys

import asyncpg
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

HOURS = 24 * 12
TOBOGGANS = 20
GUESTS = 2000
POOL = web.AppKey("pool", asyncpg.Pool)

SETUP = [
    "create table ride (hour int not null, toboggan int not null, guest int, seats int not null default 1,"
    " primary key (hour, toboggan))",
    f"insert into ride select h, t, case when (h * 7 + t * 13) % 3 = 0 then (h * 31 + t * 17) % {GUESTS} end, 1 + t % 2"
    f" from generate_series(0, {HOURS - 1}) h, generate_series(0, {TOBOGGANS - 1}) t",
    "create index ride_guest on ride (guest)",
    "analyze",
]

FREE = "select toboggan, seats from ride where hour = $1 and guest is null order by toboggan"
RIDES = "select hour, toboggan, seats from ride where guest = $1 order by hour, toboggan limit 20"
HOLD = """
    update ride set guest = $1 where (hour, toboggan) = (
        select hour, toboggan from ride where hour = $2 and guest is null order by toboggan limit 1 for update skip locked
    ) returning toboggan, seats
"""
GIVE_BACK = "update ride set guest = null where hour = $1 and guest = $2"

routes = web.RouteTableDef()


def number(request, name, below):
    try:
        value = int(request.match_info[name])
    except ValueError:
        raise web.HTTPBadRequest(text=f"{name} is not a number") from None
    if not 0 <= value < below:
        raise web.HTTPNotFound(text=f"no such {name}")
    return value


@routes.get("/hours/{hour}/free")
async def free(request):
    hour = number(request, "hour", HOURS)
    rows = await request.app[POOL].fetch(FREE, hour)
    return web.json_response({"hour": hour, "free": [[row["toboggan"], row["seats"]] for row in rows]})


@routes.get("/guests/{guest}/rides")
async def rides(request):
    guest = number(request, "guest", GUESTS)
    rows = await request.app[POOL].fetch(RIDES, guest)
    return web.json_response({"guest": guest, "rides": [dict(row) for row in rows]})


@routes.post("/hours/{hour}/guests/{guest}")
async def hold(request):
    hour, guest = number(request, "hour", HOURS), number(request, "guest", GUESTS)
    row = await request.app[POOL].fetchrow(HOLD, guest, hour)
    if row is None:
        raise web.HTTPConflict(text="nothing is free at this hour")
    return web.json_response(dict(row), status=201)


@routes.post("/hours/{hour}/guests/{guest}/back")
async def give_back(request):
    hour, guest = number(request, "hour", HOURS), number(request, "guest", GUESTS)
    await request.app[POOL].execute(GIVE_BACK, hour, guest)
    return web.Response(status=204)


def application(database):
    async def pool(app):
        async with asyncpg.create_pool(
            host="127.0.0.1", port=database, user="postgres", database="postgres", min_size=4, max_size=8
        ) as app[POOL]:
            yield

    app = web.Application()
    app.cleanup_ctx.append(pool)
    app.add_routes(routes)
    return app


async def serve(database, listening):
    runner = web.AppRunner(application(database), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", listening).start()
    looks = [f"/hours/{hour}/free" for hour in range(0, HOURS, 5)]
    looks += [f"/guests/{guest}/rides" for guest in range(0, GUESTS, 37)]
    changes = [f"/hours/{i * 11 % HOURS}/guests/{i * 97 % GUESTS}{back}" for i in range(60) for back in ("", "/back")]
    services.outside(lambda: clients.come(listening, looks, rate=110, workers=6))
    services.outside(lambda: clients.come(listening, changes, rate=12, workers=2, body=b"{}"))
    await asyncio.sleep(1)
    print("ready", os.getpid(), flush=True)
    await asyncio.Event().wait()


def main():
    database = services.postgres(*SETUP)
    asyncio.run(serve(database, services.free_port()))


if __name__ == "__main__":
    main()
