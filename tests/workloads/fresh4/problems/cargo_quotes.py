# expect: pattern=pool-undersized bench
"""Quotes prices for cargo between ports: an aiohttp server that asks the tariff office of the carrier for each quote.

Measured: 95 quotes a second, 306 ms each for the tariff; all 170 that are asked for in the twin, 23 ms each.
"""

import asyncio
import json
import logging
import os
import sys
import time
from pathlib import Path

import aiohttp
from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

SETTINGS = {
    "carrier": "north-line",
    "tariff_connections": 2,  # <- cost
    "tariff_seconds": 5.0,
    "surcharges": {"reefer": 1.35, "bulk": 0.8, "box": 1.0},
}
PORTS = ("oslo", "riga", "kiel", "hull", "gdansk", "turku")
ASKED_PER_SECOND, CUSTOMERS = 170, 32
logging.basicConfig(filename="quotes.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def tariff(path):
    """The office needs a moment for each."""
    time.sleep(0.018)
    return json.dumps({"lane": path.strip("/"), "cents_per_ton": 900 + sum(path.encode()) % 700}).encode()


class Tariffs:
    def __init__(self, port, settings):
        self._base = f"http://127.0.0.1:{port}"
        limit = settings["tariff_connections"]
        connector = aiohttp.TCPConnector(limit=limit)  # <- cost
        patience = aiohttp.ClientTimeout(total=settings["tariff_seconds"])
        self._session = aiohttp.ClientSession(connector=connector, timeout=patience)

    async def lane(self, origin, target):
        async with self._session.get(f"{self._base}/{origin}/{target}") as answer:  # <- cost
            answer.raise_for_status()
            return (await answer.json())["cents_per_ton"]

    async def close(self):
        await self._session.close()


class Desk:
    def __init__(self, tariffs, settings):
        self.tariffs, self.settings = tariffs, settings
        self.quoted, self.failed, self.spent = 0, 0, 0.0

    async def quote(self, request):
        origin, target = request.match_info["origin"], request.match_info["target"]
        kind, tons = request.query.get("kind", "box"), int(request.query.get("tons", "1"))
        if origin == target or kind not in self.settings["surcharges"]:
            raise web.HTTPBadRequest(text="no such lane")
        began = time.perf_counter()
        try:
            cents = await self.tariffs.lane(origin, target)  # <- cost
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failed += 1
            raise web.HTTPBadGateway(text="the carrier does not answer") from error
        self.spent += time.perf_counter() - began
        self.quoted += 1
        total = round(cents * tons * self.settings["surcharges"][kind])
        return web.json_response({"from": origin, "to": target, "kind": kind, "tons": tons, "cents": total})

    async def health(self, _):
        return web.json_response({"quoted": self.quoted, "failed": self.failed})


async def main():
    desk = Desk(Tariffs(services.http_service(tariff), SETTINGS), SETTINGS)
    application = web.Application()
    application.add_routes([web.get("/quote/{origin}/{target}", desk.quote), web.get("/health", desk.health)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    paths = [
        f"/quote/{a}/{b}?kind={kind}&tons={3 + len(a)}"
        for a in PORTS
        for b in PORTS
        if a != b
        for kind in ("box", "bulk")
    ]
    services.outside(lambda: clients.come(port, paths, ASKED_PER_SECOND, CUSTOMERS))
    print("ready", os.getpid(), flush=True)
    try:
        while True:
            await asyncio.sleep(1)
            each = 1000 * desk.spent / max(1, desk.quoted)
            logging.info("%d quotes, %.1f ms each for the tariff, %d failed", desk.quoted, each, desk.failed)
    finally:
        await desk.tariffs.close()
        await runner.cleanup()


asyncio.run(main())
