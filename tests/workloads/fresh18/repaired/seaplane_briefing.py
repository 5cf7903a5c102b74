# bench: repaired twin of seaplane_briefing
# An aiohttp service that briefs seaplane pilots: for each water on a route it brings together the level of the lake,
# the wind, and the notices of the harbour, from three services of other authorities.
# Measured: a briefing of 6 waters takes 29 ms, 5.7 of them a second.
import asyncio
import http.client
import json
import os
import random
import socket
import sys
import time
from dataclasses import asdict, dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import http_service, outside  # noqa: E402

WATERS = [f"{name}-{n}" for name in ("loch", "fjord", "lagoon", "reservoir", "sound") for n in range(1, 13)]
MINIMUM_DEPTH = 1.2


@dataclass
class Leg:
    water: str
    depth: float
    wind: int
    gusts: int
    notices: list
    landable: bool


class Authority:
    """One of the services that we ask, all speak the same plain JSON."""

    def __init__(self, session: ClientSession, base: str):
        self.session = session
        self.base = base

    async def ask(self, water: str) -> dict:
        async with self.session.get(f"{self.base}/{water}") as answer:
            answer.raise_for_status()
            return await answer.json()


class Briefer:
    def __init__(self, session: ClientSession, ports: dict[str, int]):
        self.authorities = [
            Authority(session, f"http://127.0.0.1:{ports[kind]}/{kind}") for kind in ("level", "wind", "notice")
        ]
        self.briefed = 0

    async def leg(self, water: str) -> Leg:
        level, wind, notices = await asyncio.gather(*(each.ask(water) for each in self.authorities))
        return Leg(
            water=water,
            depth=level["depth"],
            wind=wind["knots"],
            gusts=wind["gusts"],
            notices=notices["texts"],
            landable=level["depth"] >= MINIMUM_DEPTH and wind["gusts"] < 28,
        )

    async def route(self, waters: list[str]) -> dict:
        legs = await asyncio.gather(*(self.leg(water) for water in waters))
        self.briefed += 1
        return {
            "legs": [asdict(leg) for leg in legs],
            "open": all(leg.landable for leg in legs),
            "alternates": [leg.water for leg in legs if leg.landable][:2],
        }


async def brief(request: web.Request) -> web.Response:
    waters = request.query.get("via", "").split(",")
    unknown = [water for water in waters if water not in request.app["known"]]
    if unknown or len(waters) > 12:
        raise web.HTTPBadRequest(text=f"unknown: {unknown}")
    try:
        return web.json_response(await request.app["briefer"].route(waters))
    except (ClientError, asyncio.TimeoutError) as error:
        raise web.HTTPBadGateway(text=str(error)) from error


async def status(request: web.Request) -> web.Response:
    return web.json_response({"briefed": request.app["briefer"].briefed})


async def outbound(app: web.Application):
    connector = TCPConnector(limit=64, keepalive_timeout=60)
    async with ClientSession(connector=connector, timeout=ClientTimeout(total=10)) as session:
        app["briefer"] = Briefer(session, app["ports"])
        yield


def make_app(ports: dict[str, int]) -> web.Application:
    app = web.Application()
    app["ports"] = ports
    app["known"] = frozenset(WATERS)
    app.router.add_get("/brief", brief)
    app.router.add_get("/status", status)
    app.cleanup_ctx.append(outbound)
    return app


def level(path: str) -> bytes:
    time.sleep(0.022)
    return json.dumps({"water": path, "depth": 0.9 + sum(path.encode()) % 40 / 10}).encode()


def wind(path: str) -> bytes:
    time.sleep(0.025)
    knots = sum(path.encode()) % 19
    return json.dumps({"knots": knots, "gusts": knots + int(time.time()) % 7}).encode()


def notice(path: str) -> bytes:
    time.sleep(0.018)
    texts = ["Regatta on Sunday, keep north of the buoys"] if sum(path.encode()) % 5 == 0 else []
    return json.dumps({"texts": texts}).encode()


def pilot(port: int, seed: int):
    def work():
        rnd = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        due = time.monotonic() + seed * 0.15
        while True:
            via = ",".join(rnd.sample(WATERS, 6))
            connection.request("GET", f"/brief?via={via}")
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(answer.reason)
            due = max(due + 0.7, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    return work


async def main(ports: dict[str, int], listener: socket.socket):
    runner = web.AppRunner(make_app(ports), access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    await asyncio.sleep(2)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    ports = {"level": http_service(level), "wind": http_service(wind), "notice": http_service(notice)}
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    for seed in range(4):
        outside(pilot(listener.getsockname()[1], seed))
    asyncio.run(main(ports, listener))
