# expect: pattern=serialization-overhead bench
"""The feeding hoppers of kakapo islands: a hopper recognises the bird that lands on it, weighs it, and asks how much
it may eat. Rangers look at a bird, and at what an island's hoppers gave out today.

aiohttp on Redis, where the birds are kept with their latest weighings.

Measured: 75 weighings a second, 0.38 cores; in the twin, where each bird is a field of the island's hash, 0.06 cores.
"""

import asyncio
import http.client
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

import services

ISLANDS = ("Whenua Hou", "Pukenui", "Te Kakahu", "Hauturu")
BIRDS = 70
KEPT_WEIGHINGS = 48
WEIGHINGS_A_SECOND = 75
HOPPERS = 10


class UnknownBird(Exception):
    pass


@dataclass(frozen=True)
class Weighing:
    hopper: str
    grams: int
    at: int

    @classmethod
    def parse(cls, told: dict) -> "Weighing":
        grams = int(told["grams"])
        if not 300 < grams < 4500:
            raise ValueError(f"no kakapo weighs {grams} g")
        return cls(str(told["hopper"]), grams, int(told["at"]))


class BirdStore:
    """The birds of the islands, in Redis."""

    def __init__(self, redis: Redis):
        self.redis = redis

    async def load(self, island: str) -> dict:
        raw = await self.redis.get(f"island:{island}")
        if raw is None:
            raise UnknownBird(island)
        return json.loads(raw)  # <- cost

    async def save(self, island: str, birds: dict) -> None:
        await self.redis.set(f"island:{island}", json.dumps(birds, separators=(",", ":")))  # <- cost


class Rationing:
    """Decides what a bird may eat: less for the heavy ones, more for females before breeding."""

    def __init__(self, store: BirdStore, breeding: bool):
        self.store = store
        self.breeding = breeding
        self.given: Counter[str] = Counter()

    async def weighed(self, island: str, name: str, weighing: Weighing) -> dict:
        birds = await self.store.load(island)
        bird = birds.get(name)
        if bird is None:
            raise UnknownBird(name)
        bird["weighings"].append({"hopper": weighing.hopper, "grams": weighing.grams, "at": weighing.at})
        del bird["weighings"][:-KEPT_WEIGHINGS]
        bird["ration"] = ration = self.ration(bird)
        await self.store.save(island, birds)
        self.given[island] += ration
        return {"bird": name, "ration": ration, "trend": self.trend(bird)}

    async def look(self, island: str, name: str) -> dict:
        bird = (await self.store.load(island)).get(name)
        if bird is None:
            raise UnknownBird(name)
        return {**bird, "trend": self.trend(bird)}

    def ration(self, bird: dict) -> int:
        latest = [weighing["grams"] for weighing in bird["weighings"][-5:]]
        mean = sum(latest) / len(latest)
        wanted = bird["target"] * (1.04 if self.breeding and bird["sex"] == "f" else 1.0)
        return max(0, min(90, round(45 + (wanted - mean) / 20)))

    @staticmethod
    def trend(bird: dict) -> str:
        weighings = bird["weighings"]
        change = weighings[-1]["grams"] - weighings[0]["grams"]
        return "gains" if change > 60 else "loses" if change < -60 else "steady"


RATIONING = web.AppKey("rationing", Rationing)
routes = web.RouteTableDef()


@web.middleware
async def errors_as_json(request: web.Request, handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except UnknownBird as error:
        return web.json_response({"error": f"unknown: {error}"}, status=404)
    except (KeyError, ValueError) as error:
        return web.json_response({"error": f"bad weighing: {error}"}, status=422)
    except RedisError:
        return web.json_response({"error": "the records are away"}, status=503)


@routes.post("/islands/{island}/birds/{name}/weighings")
async def post_weighing(request: web.Request) -> web.Response:
    weighing = Weighing.parse(await request.json())
    asked = request.match_info
    return web.json_response(await request.app[RATIONING].weighed(asked["island"], asked["name"], weighing), status=201)


@routes.get("/islands/{island}/birds/{name}")
async def get_bird(request: web.Request) -> web.Response:
    asked = request.match_info
    return web.json_response(await request.app[RATIONING].look(asked["island"], asked["name"]))


@routes.get("/given")
async def get_given(request: web.Request) -> web.Response:
    return web.json_response(request.app[RATIONING].given)


def hatch(island: int, number: int) -> dict:
    """A bird with what is known of it."""
    target = 1400 + number * 37 % 900
    weighings = [
        {"hopper": f"h{n % HOPPERS}", "grams": target + (n * 53 + number) % 240 - 120, "at": 1_760_000_000 + n * 7000}
        for n in range(KEPT_WEIGHINGS)
    ]
    return {
        "sex": "fm"[number % 2],
        "hatched": 1975 + (number * 7 + island) % 50,
        "target": target,
        "transmitter": f"tx-{island}{number:03d}",
        "ration": 45,
        "weighings": weighings,
    }


def bird_name(number: int) -> str:
    return f"{('Kuia', 'Sirocco', 'Hoki', 'Ruth', 'Boss', 'Nora', 'Felix')[number % 7]}-{number}"


async def fill(store: BirdStore) -> None:
    for at, island in enumerate(ISLANDS):
        await store.save(island, {bird_name(number): hatch(at, number) for number in range(BIRDS)})


def hopper(port: int, number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + 0.5 + number / WEIGHINGS_A_SECOND
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + HOPPERS / WEIGHINGS_A_SECOND, time.monotonic() - 1)
        bird = f"/islands/{random.choice(ISLANDS)}/birds/{bird_name(random.randrange(BIRDS))}".replace(" ", "%20")
        if random.random() < 0.15:
            connection.request("GET", random.choice([bird, "/given"]))
        else:
            told = {"hopper": f"h{number}", "grams": random.randint(1100, 2600), "at": int(time.time())}
            connection.request("POST", f"{bird}/weighings", json.dumps(told), {"Content-Type": "application/json"})
        connection.getresponse().read()


def hoppers(port: int) -> None:
    crowd = [threading.Thread(target=hopper, args=(port, number)) for number in range(HOPPERS)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()


async def serve(redis_port: int) -> None:
    redis = Redis(port=redis_port)
    store = BirdStore(redis)
    await fill(store)
    app = web.Application(middlewares=[errors_as_json])
    app[RATIONING] = Rationing(store, breeding=time.localtime().tm_mon < 5)
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    services.outside(lambda: hoppers(port))
    await asyncio.sleep(2)
    print(f"ready {os.getpid()}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(services.redis()))
