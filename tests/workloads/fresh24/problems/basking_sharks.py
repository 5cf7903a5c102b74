# expect: pattern=blocking-io bench
"""Boards on the quays of a bay: skippers see where the tagged basking sharks are, and slow down there.

aiohttp. A task of the service takes the fixes of one listening buoy after the other from the tracking network; the
boards ask the service for their waters, and never the network.

Measured: 40 questions a second in both; a board waits 35 to 39 ms for its answer (mean; one in ten more than 100 ms),
in the twin 1 to 2 ms. 0.03 cores in both.
"""

import asyncio
import json
import math
import os
import sys
import time
from collections import deque
from dataclasses import dataclass, field

import requests
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
import services  # noqa: E402

BUOYS = [f"buoy-{number:02d}" for number in range(16)]
SHARKS = 90
EACH_BUOY = 0.3  # seconds
BOARDS_PER_SECOND = 40
AREAS = {
    "gunna": (56.52, -6.75, 9.0),
    "coll": (56.65, -6.45, 12.0),
    "hyskeir": (56.97, -6.68, 14.0),
    "canna": (57.06, -6.50, 8.0),
}


@dataclass
class Fix:
    at: float
    latitude: float
    longitude: float
    depth: float

    def kilometres(self, latitude, longitude):
        north = (self.latitude - latitude) * 111.2
        east = (self.longitude - longitude) * 111.2 * math.cos(math.radians(latitude))
        return math.hypot(north, east)


@dataclass
class Shark:
    tag: str
    length: float
    fixes: deque = field(default_factory=lambda: deque(maxlen=40))

    @property
    def latest(self):
        return self.fixes[-1] if self.fixes else None

    def knots(self):
        if len(self.fixes) < 2:
            return 0.0
        first, last = self.fixes[0], self.fixes[-1]
        hours = max(last.at - first.at, 1.0) / 3600
        return last.kilometres(first.latitude, first.longitude) / hours / 1.852

    def told(self):
        latest = self.latest
        return {
            "tag": self.tag,
            "length": self.length,
            "knots": round(self.knots(), 2),
            "at": [round(latest.latitude, 4), round(latest.longitude, 4)] if latest else None,
            "surface": bool(latest and latest.depth < 3),
        }


class NetworkError(Exception):
    pass


class TrackingNetwork:
    """The interface of the institute that reads the buoys out."""

    def __init__(self, base, timeout=3.0):
        self.base, self.timeout = base, timeout
        self.http = requests.Session()
        self.http.headers["Accept"] = "application/json"

    def fixes(self, buoy):
        try:
            answer = self.http.get(f"{self.base}/buoys/{buoy}/fixes", timeout=self.timeout)  # <- cost
            answer.raise_for_status()
            return answer.json()["fixes"]
        except (requests.RequestException, KeyError, ValueError) as error:
            raise NetworkError(f"{buoy}: {error}") from error


class Waters:
    """What is known of the sharks now."""

    def __init__(self):
        self.sharks = {f"S{n}": Shark(f"S{n}", 4.5 + n % 40 / 10) for n in range(SHARKS)}
        self.buoys = {}
        self.missed = 0

    def take(self, buoy, fixes):
        for told in fixes:
            shark = self.sharks.get(told["tag"])
            if shark:
                shark.fixes.append(Fix(told["at"], told["lat"], told["lon"], told["depth"]))
        self.buoys[buoy] = time.time()

    def near(self, latitude, longitude, radius):
        found = []
        for shark in self.sharks.values():
            latest = shark.latest
            if latest and (away := latest.kilometres(latitude, longitude)) <= radius:
                found.append((away, shark))
        found.sort(key=lambda pair: pair[0])
        return found

    def advice(self, found):
        if any(away < 1.5 and shark.latest.depth < 3 for away, shark in found):
            return "5 knots"
        return "look out" if found else "free"


WATERS = web.AppKey("waters", Waters)
NETWORK = web.AppKey("network", TrackingNetwork)
routes = web.RouteTableDef()


@routes.get("/areas/{area}")
async def area_board(request):
    try:
        latitude, longitude, radius = AREAS[request.match_info["area"]]
    except KeyError:
        raise web.HTTPNotFound(text="no such area") from None
    waters = request.app[WATERS]
    found = waters.near(latitude, longitude, radius)
    sharks = [{**shark.told(), "away": round(away, 2)} for away, shark in found[:25]]
    return web.json_response({"advice": waters.advice(found), "sharks": sharks})


@routes.get("/sharks/{tag}")
async def one_shark(request):
    shark = request.app[WATERS].sharks.get(request.match_info["tag"])
    if shark is None:
        raise web.HTTPNotFound(text="no such shark")
    track = [[round(fix.latitude, 4), round(fix.longitude, 4)] for fix in shark.fixes]
    return web.json_response({**shark.told(), "track": track})


@routes.get("/health")
async def health(request):
    waters = request.app[WATERS]
    oldest = min(waters.buoys.values(), default=0.0)
    return web.json_response({"age": round(time.time() - oldest, 1), "missed": waters.missed})


async def update(waters, network, buoy):
    try:
        waters.take(buoy, network.fixes(buoy))  # <- cost
    except NetworkError:
        waters.missed += 1


async def follow(app):
    clock = asyncio.get_running_loop()
    due, turn = clock.time(), 0
    while True:
        await update(app[WATERS], app[NETWORK], BUOYS[turn % len(BUOYS)])
        turn += 1
        due = max(due + EACH_BUOY, clock.time())
        await asyncio.sleep(due - clock.time())


async def background(app):
    following = asyncio.create_task(follow(app))
    yield
    following.cancel()


def create_app(base):
    app = web.Application()
    app[WATERS] = Waters()
    app[NETWORK] = TrackingNetwork(base)
    app.add_routes(routes)
    app.cleanup_ctx.append(background)
    return app


def institute(path):
    """It asks the buoy over its satellite."""
    time.sleep(0.13)
    number = sum(path.encode())
    now = time.time()
    fixes = [
        {
            "tag": f"S{(number * 7 + n) % SHARKS}",
            "at": now - n,
            "lat": 56.4 + (number * 13 + n * 29 + now / 9) % 80 / 100,
            "lon": -6.9 + (number * 5 + n * 17 + now / 7) % 60 / 100,
            "depth": (number + n * 3 + now) % 30,
        }
        for n in range(12)
    ]
    return json.dumps({"fixes": fixes}).encode()


async def serve(base):
    runner = web.AppRunner(create_app(base), access_log=None)
    await runner.setup()
    port = services.free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    paths = [f"/areas/{area}" for area in AREAS] * 4 + [f"/sharks/S{n}" for n in range(0, SHARKS, 10)]
    services.outside(lambda: clients.come(port, paths, BOARDS_PER_SECOND, 10))
    await asyncio.sleep(3)
    print(f"ready {os.getpid()}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(f"http://127.0.0.1:{services.http_service(institute)}"))
