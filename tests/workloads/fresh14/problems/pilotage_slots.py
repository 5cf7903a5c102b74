# expect: pattern=blocking-io bench
"""Pilotage office of an estuary: answers when a ship of a given draught may pass the bar. For each question three tide
stations are read, through the office's threaded station client, and the tide curve of the next hours is searched.
Beside it a watch over the pilots' launches runs in the same loop.

Measured: strace of the loop's thread over 5 s: 3.9 s in futex waits of more than 15 ms (its twin 0.4 s, the rest in
epoll_wait); 12 questions a second are answered of the 24 that come, the twin answers 23.5.
"""

import asyncio
import http.client
import json
import logging
import math
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path.append(str(Path(__file__).parents[2]))

import clients  # noqa: E402
import services  # noqa: E402
from aiohttp import web  # noqa: E402

log = logging.getLogger("pilotage")
STATIONS = {"outer-bar": 0.0, "training-wall": 0.35, "inner-roads": 0.8}  # hours behind the outer bar
CHARTED = {"outer-bar": 7.1, "training-wall": 6.4, "inner-roads": 6.8}


def read_gauge(path):
    """What the gauge's logger says: metres above datum, after its settling time."""
    time.sleep(0.025)
    seed = sum(path.encode())
    return json.dumps({"metres": 2.2 + math.sin(time.time() / 900 + seed) * 1.4, "swell": seed % 7 / 10}).encode()


@dataclass(frozen=True)
class Level:
    station: str
    metres: float
    swell: float

    def depth(self):
        return CHARTED[self.station] + self.metres - self.swell / 2


class StationClient:
    """Reads gauges; each thread of the pool keeps its own line to the logger."""

    def __init__(self, port, threads=24):
        self.port = port
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="gauge")
        self.local = threading.local()

    def _read(self, station):
        line = getattr(self.local, "line", None)
        if line is None:
            line = self.local.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request("GET", f"/gauge/{station}")
            said = json.loads(line.getresponse().read())
        except (OSError, http.client.HTTPException):
            line.close()
            raise
        return Level(station, said["metres"], said["swell"])

    def submit(self, stations):
        return [self.pool.submit(self._read, station) for station in stations]


class BarForecast:
    """The constituents of the tide at the bar, fitted last winter."""

    constituents = ((1.61, 12.4206, 0.3), (0.52, 12.0, 1.1), (0.31, 12.6583, 2.0), (0.12, 23.9345, 0.7))

    def height(self, hour):
        return sum(a * math.cos(2 * math.pi * hour / period - phase) for a, period, phase in self.constituents)

    def windows(self, levels, draught, hours=6):
        now = self.height(0)
        found = []
        for step in range(hours * 6):
            hour = step / 6
            clear = min(level.depth() + self.height(max(0.0, hour - STATIONS[level.station])) - now for level in levels)
            if clear >= draught * 1.1:
                found.append(round(hour, 2))
        return found


class Office:
    def __init__(self, client):
        self.client = client
        self.forecast = BarForecast()
        self.launches = {f"launch-{n}": 0 for n in range(6)}

    async def levels(self):
        readings = self.client.submit(STATIONS)
        done, late = wait(readings, timeout=4)  # <- cost
        if late:
            raise web.HTTPGatewayTimeout(text="a gauge does not answer")
        return [reading.result() for reading in done]

    async def slots(self, request):
        query = parse_qs(urlsplit(request.path_qs).query)
        try:
            draught = float(query["draught"][0])
        except (KeyError, ValueError) as wrong:
            raise web.HTTPBadRequest(text="which draught?") from wrong
        levels = await self.levels()
        windows = self.forecast.windows(levels, draught)
        return web.json_response({"draught": draught, "levels": {x.station: x.metres for x in levels}, "at": windows})

    async def watch_launches(self):
        while True:
            for number, name in enumerate(self.launches):
                self.launches[name] = (self.launches[name] * 31 + number) % 360
            await asyncio.sleep(0.25)


async def serve(gauges):
    office = Office(StationClient(gauges))
    app = web.Application()
    app.router.add_get("/slots", office.slots)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    paths = [f"/slots?draught={draught / 10}" for draught in range(45, 95, 5)]
    services.outside(lambda: clients.come(port, paths, rate=24, workers=8))
    watch = asyncio.create_task(office.watch_launches())
    print("ready", os.getpid(), flush=True)
    await watch


def main():
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    gauges = services.http_service(read_gauge)
    asyncio.run(serve(gauges))


if __name__ == "__main__":
    main()
