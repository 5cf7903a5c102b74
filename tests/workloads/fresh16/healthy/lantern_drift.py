# expect: healthy bench
# A lantern festival on a river: gates read the tags of lanterns that drift past and post them in batches, the
# application keeps in Redis where each lantern is and which drift fastest, and screens on the bridges wait for news
# with long polls.
#
# Measured: 10 batches of 40 lanterns and up to 4 boards of 60 a second, each with one pipeline (a board in 3.6 ms),
# and 6 screens that wait for news, at 4 to 5 % of a core.
import asyncio
import http.client
import json
import os
import random
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import redis.asyncio
from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

GATES = 5
BATCH = 40
SCREENS = 6
LANTERNS = 1200
NEWS_WAIT = 8.0


@dataclass(frozen=True)
class Settings:
    redis_port: int
    connections: int = 12
    keep_seconds: int = 900


@dataclass(frozen=True)
class Passage:
    lantern: str
    gate: int
    speed: float

    @classmethod
    def parse(cls, told: dict, gate: int) -> "Passage":
        return cls(str(told["lantern"]), gate, float(told["speed"]))


class LanternStore:
    """Lanterns are hashes that expire; ``fastest`` ranks them."""

    def __init__(self, store: redis.asyncio.Redis, keep: int):
        self.store, self.keep = store, keep

    async def note(self, passages: list[Passage]) -> None:
        async with self.store.pipeline(transaction=False) as batch:
            for passage in passages:
                key = f"lantern:{passage.lantern}"
                batch.hset(key, mapping={"gate": passage.gate, "speed": f"{passage.speed:.3f}"})
                batch.expire(key, self.keep)
            batch.zadd("fastest", {passage.lantern: passage.speed for passage in passages})
            batch.hincrby("gates", str(passages[0].gate), len(passages))
            await batch.execute()

    async def board(self, places: int) -> list[dict]:
        ranked = await self.store.zrevrange("fastest", 0, places - 1)
        async with self.store.pipeline(transaction=False) as batch:
            for lantern in ranked:
                batch.hgetall(f"lantern:{lantern}")
            known = await batch.execute()
        return [{"lantern": name, **fields} for name, fields in zip(ranked, known) if fields]

    async def gates(self) -> dict[str, int]:
        return {gate: int(number) for gate, number in (await self.store.hgetall("gates")).items()}


class News:
    """Tells waiting screens when the leading lantern changed."""

    def __init__(self) -> None:
        self.changed = asyncio.Condition()
        self.leader, self.speed, self.number = "", 0.0, 0

    async def look_at(self, passages: list[Passage]) -> None:
        best = max(passages, key=lambda passage: passage.speed)
        if best.speed > self.speed:
            async with self.changed:
                self.leader, self.speed, self.number = best.lantern, best.speed, self.number + 1
                self.changed.notify_all()

    async def after(self, number: int) -> dict:
        async with self.changed:
            with suppress(TimeoutError):
                async with asyncio.timeout(NEWS_WAIT):
                    await self.changed.wait_for(lambda: self.number > number)
        return {"number": self.number, "leader": self.leader, "speed": self.speed}

    async def forget(self) -> None:
        """A record lasts for some seconds, so that there is news all evening."""
        while True:
            await asyncio.sleep(5)
            self.speed *= 0.8


SETTINGS = web.AppKey("settings", Settings)
STORE = web.AppKey("store", LanternStore)
NEWS = web.AppKey("news", News)

routes = web.RouteTableDef()


@web.middleware
async def errors_as_json(request: web.Request, handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (KeyError, ValueError) as error:
        return web.json_response({"error": str(error)}, status=422)


@routes.post("/gates/{gate:\\d+}/passages")
async def post_passages(request: web.Request) -> web.Response:
    gate = int(request.match_info["gate"])
    passages = [Passage.parse(told, gate) for told in await request.json()]
    if passages:
        await request.app[STORE].note(passages)
        await request.app[NEWS].look_at(passages)
    return web.json_response({"noted": len(passages)}, status=201)


@routes.get("/board")
async def board(request: web.Request) -> web.Response:
    places = min(int(request.query.get("places", "60")), 100)
    return web.json_response(await request.app[STORE].board(places))


@routes.get("/gates")
async def gates(request: web.Request) -> web.Response:
    return web.json_response(await request.app[STORE].gates())


@routes.get("/news")
async def news(request: web.Request) -> web.Response:
    return web.json_response(await request.app[NEWS].after(int(request.query.get("after", "0"))))


async def redis_context(app: web.Application):
    settings = app[SETTINGS]
    store = redis.asyncio.Redis(port=settings.redis_port, decode_responses=True, max_connections=settings.connections)
    app[STORE] = LanternStore(store, settings.keep_seconds)
    app[NEWS] = News()
    forgetting = asyncio.create_task(app[NEWS].forget())
    yield
    forgetting.cancel()
    await store.aclose()


def create_app(settings: Settings) -> web.Application:
    app = web.Application(middlewares=[errors_as_json])
    app[SETTINGS] = settings
    app.add_routes(routes)
    app.cleanup_ctx.append(redis_context)
    return app


def gate_reader(port: int, gate: int) -> None:
    rng = random.Random(gate)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + gate / 10
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 0.5, time.monotonic() - 1)
        seen = [{"lantern": f"L{rng.randrange(LANTERNS)}", "speed": rng.gammavariate(4, 0.1)} for _ in range(BATCH)]
        headers = {"Content-Type": "application/json"}
        connection.request("POST", f"/gates/{gate}/passages", json.dumps(seen), headers)
        connection.getresponse().read()


def screen(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    number = 0
    while True:
        connection.request("GET", f"/news?after={number}")
        number = json.loads(connection.getresponse().read())["number"]


def board_screen(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while True:
        connection.request("GET", "/board")
        connection.getresponse().read()
        time.sleep(0.25)


def riverside(port: int) -> None:
    there = [threading.Thread(target=gate_reader, args=(port, gate)) for gate in range(GATES)]
    there += [threading.Thread(target=screen, args=(port,)) for _ in range(SCREENS)]
    there.append(threading.Thread(target=board_screen, args=(port,)))
    for one in there:
        one.start()
    for one in there:
        one.join()


async def serve(settings: Settings) -> None:
    runner = web.AppRunner(create_app(settings), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    services.outside(lambda: riverside(port))
    print(f"ready {os.getpid()}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Settings(redis_port=services.redis())))
