# expect: healthy bench
"""Who can be paged behind the stage: the presence board of a theatre's intercom.

Belt packs report in all the time; the stage manager's desks show for a production which of its crew is at his pack,
at which post, and since when. aiohttp, with the presence of each pack in Redis, where it expires by itself.

Measured: a board takes 21 ms (median) and the service 0.20-0.24 cores as a problem; 2.0-2.5 ms and 0.05-0.06 as a twin.
"""

import os
import random
import socket
import sys
import time

import redis.asyncio as redis
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients
import services

CREW = 1500
PRODUCTIONS = 24
EACH = 120
EXPIRES = 90
POSTS = ("fly floor", "prompt side", "opposite prompt", "trap room", "lighting bridge", "quick change", "dock")

random.seed(11)
PACKS = {number: f"pack {number:04d}" for number in range(CREW)}
CALLED = {f"production-{n}": random.sample(range(CREW), EACH) for n in range(PRODUCTIONS)}

STORE = web.AppKey("store", redis.Redis)
routes = web.RouteTableDef()


def key(pack):
    return f"presence:{pack}"


def entry(pack, value, now):
    """What the board shows of a pack; ``value`` is ``state|post|seconds``, or None if it was not heard lately."""
    if value is None:
        return {"pack": PACKS[pack], "state": "away"}
    state, post, since = value.split("|")
    return {"pack": PACKS[pack], "state": state, "post": post, "for": round(now - float(since), 1)}


@routes.post("/heard/{pack}/{state}")
async def heard(request):
    pack = int(request.match_info["pack"])
    if pack not in PACKS:
        raise web.HTTPNotFound()
    value = f"{request.match_info['state']}|{POSTS[pack % len(POSTS)]}|{time.time():.1f}"
    await request.app[STORE].set(key(pack), value, ex=EXPIRES)
    return web.Response(status=204)


@routes.get("/board/{production}")
async def board(request):
    crew = CALLED.get(request.match_info["production"])
    if crew is None:
        raise web.HTTPNotFound()
    store = request.app[STORE]
    now = time.time()
    values = await store.mget([key(pack) for pack in crew])
    shown = [entry(pack, value, now) for pack, value in zip(crew, values)]
    there = sum(one["state"] != "away" for one in shown)
    return web.json_response({"there": there, "called": len(crew), "crew": shown})


@routes.get("/posts")
async def posts(_):
    return web.json_response(POSTS)


async def reach(app):
    app[STORE] = redis.Redis(port=app["port"], decode_responses=True, max_connections=16)
    now = time.time()
    async with app[STORE].pipeline(transaction=False) as first:
        for pack in range(0, CREW, 2):
            first.set(key(pack), f"standing by|{POSTS[pack % len(POSTS)]}|{now:.1f}", ex=EXPIRES)
        await first.execute()
    yield
    await app[STORE].aclose()


async def tell(_):
    print("ready", os.getpid(), flush=True)


def listen():
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    return listening


def main():
    app = web.Application()
    app["port"] = services.redis()
    app.add_routes(routes)
    app.cleanup_ctx.append(reach)
    app.on_startup.append(tell)

    listening = listen()
    port = listening.getsockname()[1]
    reports = [f"/heard/{pack}/{state}" for pack in range(CREW) for state in ("standing-by", "busy")]
    boards = [f"/board/{production}" for production in CALLED]
    services.outside(lambda: clients.come(port, reports, rate=30, workers=4, body=b"-"))
    services.outside(lambda: clients.come(port, boards, rate=16, workers=6))
    web.run_app(app, sock=listening, print=None, access_log=None)


if __name__ == "__main__":
    main()
