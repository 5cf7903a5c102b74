# expect: healthy bench
"""A studio for gyotaku, the prints of fish: anglers' apps send a catch and wait for a preview of its print. The desk
puts the catch on the presses' queue and answers with what a press made of it.

aiohttp and Redis; a press (of another team, in another process) takes some 350 ms for a preview and puts it on a list
of its own for each job.

Measured: 36 catches a second, 0.30 cores; the twin, which waits with BLPOP, 0.05 cores.
"""

import asyncio
import http.client
import json
import os
import random
import sys
import threading
import time
import uuid
from collections import OrderedDict
from contextlib import suppress
from dataclasses import asdict, dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

from aiohttp import web
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

import services

CATCHES_A_SECOND = 36
ANGLERS = 20
PRESSES = 18
QUEUE = "presses:jobs"
PAPERS = ("washi", "kozo", "gampi", "hosho")


class Overdue(Exception):
    pass


@dataclass(frozen=True)
class Catch:
    species: str
    length_mm: int
    paper: str
    inks: tuple[str, ...]

    @classmethod
    def parse(cls, told: dict) -> "Catch":
        paper = told.get("paper", PAPERS[0])
        if paper not in PAPERS:
            raise ValueError(f"no paper {paper}")
        length = int(told["length_mm"])
        if not 40 <= length <= 2500:
            raise ValueError(f"no fish of {length} mm")
        return cls(str(told["species"]), length, paper, tuple(told.get("inks", ("sumi",)))[:4])


@dataclass(frozen=True)
class Preview:
    job: str
    strokes: list
    sheet_mm: tuple[int, int]

    def as_svg(self) -> str:
        width, height = self.sheet_mm
        lines = "".join(f'<path d="M{x} {y}q{dx} {dy} {dx * 2} 0"/>' for x, y, dx, dy in self.strokes)
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{lines}</svg>'


class Presses:
    """Has previews made by the presses."""

    PATIENCE = 5.0

    def __init__(self, redis: Redis):
        self.redis = redis

    async def preview(self, catch: Catch) -> Preview:
        job = uuid.uuid4().hex
        await self.redis.rpush(QUEUE, json.dumps({"job": job, **asdict(catch)}))
        made = json.loads(await self._result(f"presses:made:{job}"))
        return Preview(job, made["strokes"], tuple(made["sheet_mm"]))

    async def _result(self, key: str) -> bytes:
        made = await self.redis.blpop(key, timeout=self.PATIENCE)
        if made is None:
            raise Overdue(key)
        return made[1]


class Studio:
    """Keeps the latest previews, which the apps show again."""

    KEPT = 200

    def __init__(self, presses: Presses):
        self.presses = presses
        self.previews: OrderedDict[str, str] = OrderedDict()
        self.by_paper = dict.fromkeys(PAPERS, 0)

    async def take(self, catch: Catch) -> Preview:
        preview = await self.presses.preview(catch)
        self.previews[preview.job] = preview.as_svg()
        while len(self.previews) > self.KEPT:
            self.previews.popitem(last=False)
        self.by_paper[catch.paper] += 1
        return preview

    def latest(self, number: int) -> list[str]:
        return list(self.previews)[-number:]


STUDIO = web.AppKey("studio", Studio)
routes = web.RouteTableDef()


@web.middleware
async def errors_as_json(request: web.Request, handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (KeyError, ValueError) as error:
        return web.json_response({"error": f"bad catch: {error}"}, status=422)
    except Overdue:
        return web.json_response({"error": "no press is free"}, status=504)
    except RedisError as error:
        return web.json_response({"error": f"the presses are away: {error}"}, status=503)


@routes.post("/catches")
async def post_catch(request: web.Request) -> web.Response:
    preview = await request.app[STUDIO].take(Catch.parse(await request.json()))
    return web.json_response({"preview": preview.job, "strokes": len(preview.strokes)}, status=201)


@routes.get("/previews")
async def get_latest(request: web.Request) -> web.Response:
    studio = request.app[STUDIO]
    return web.json_response({"latest": studio.latest(10), "papers": studio.by_paper})


@routes.get("/previews/{job}.svg")
async def get_preview(request: web.Request) -> web.Response:
    svg = request.app[STUDIO].previews.get(request.match_info["job"])
    if svg is None:
        raise web.HTTPNotFound
    return web.Response(text=svg, content_type="image/svg+xml")


def press(port: int, number: int) -> None:
    """Makes previews, one after the other."""
    redis, pick = BlockingRedis(port=port), random.Random(number)
    while True:
        with suppress(RedisError):
            taken = redis.blpop(QUEUE, timeout=2)
            if taken is None:
                continue
            job = json.loads(taken[1])
            time.sleep(pick.uniform(0.3, 0.4))
            width, height = job["length_mm"] + 60, job["length_mm"] // 2
            strokes = [
                [pick.randrange(width), pick.randrange(height), pick.randint(2, 20), pick.randint(-9, 9)]
                for _ in range(60)
            ]
            with redis.pipeline(transaction=False) as pipe:
                pipe.rpush(f"presses:made:{job['job']}", json.dumps({"strokes": strokes, "sheet_mm": [width, height]}))
                pipe.expire(f"presses:made:{job['job']}", 60)
                pipe.execute()


def angler(port: int, number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + 0.5 + number / CATCHES_A_SECOND
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + ANGLERS / CATCHES_A_SECOND, time.monotonic() - 1)
        told = {"species": random.choice(["tai", "suzuki", "aji"]), "length_mm": random.randint(150, 900)}
        body = json.dumps({**told, "paper": random.choice(PAPERS), "inks": ["sumi", "ai"]})
        connection.request("POST", "/catches", body, {"Content-Type": "application/json"})
        made = json.loads(connection.getresponse().read())
        if random.random() < 0.5 and "preview" in made:
            connection.request("GET", f"/previews/{made['preview']}.svg")
            connection.getresponse().read()


def crowd(work, port: int, number: int) -> None:
    threads = [threading.Thread(target=work, args=(port, n)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def serve(redis_port: int) -> None:
    app = web.Application(middlewares=[errors_as_json], client_max_size=64 * 1024)
    app[STUDIO] = Studio(Presses(Redis(port=redis_port, socket_timeout=10)))
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    services.outside(lambda: crowd(angler, port, ANGLERS))
    await asyncio.sleep(2)
    print(f"ready {os.getpid()}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    redis_server = services.redis()
    services.outside(lambda: crowd(press, redis_server, PRESSES))
    asyncio.run(serve(redis_server))
