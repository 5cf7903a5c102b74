# expect: healthy bench
"""A desk for permafrost boreholes: road and pipeline crews ask how deep the ground is thawed at a borehole. The chain
of thermistors of each borehole is read through the logger network's gateway, whose client library is a blocking one.

Measured: the repaired twin: A reading takes 490 to 650 ms at 110 asked a second (two workers; the gateway answers in
35 ms), 39 ms in the twin.
"""

import asyncio
import http.client
import json
import os
import signal
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

DEPTHS = [0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 20.0]
BOREHOLES = [f"{line}-{number:02d}" for line in ("dalton", "inuvik", "norilsk") for number in range(24)]


def gateway_answer(path):
    """What the logger gateway says, after the radio hop to the site."""
    time.sleep(0.035)
    seed = sum(path.encode())
    ohms = [round(16000 + 420 * depth - 90 * (seed % 37) / (1 + depth), 1) for depth in DEPTHS]
    return json.dumps({"site": path.rsplit("/", 1)[-1], "ohms": ohms, "battery": 11.8 + seed % 9 / 10}).encode()


class LoggerGateway:
    """The vendor's client: one kept connection for each thread that uses it."""

    def __init__(self, port):
        self._port = port
        self._own = threading.local()

    def _line(self):
        line = getattr(self._own, "line", None)
        if line is None:
            line = self._own.line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        return line

    def read_chain(self, borehole):
        line = self._line()
        try:
            line.request("GET", f"/chains/{borehole}")
            answer = line.getresponse()
            return json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            line.close()
            raise


def celsius(ohms):
    """Of a thermistor of the usual kind, linear enough around the freezing point."""
    return (16330.0 - ohms) / 845.0


class Profile:
    """The temperatures of a borehole by depth, and what is asked of them."""

    def __init__(self, chain):
        self.site = chain["site"]
        self.battery = chain["battery"]
        self.temperatures = [celsius(ohms) for ohms in chain["ohms"]]

    def thaw_depth(self):
        """Where the temperature crosses zero the first time, in metres; 0 where the ground is frozen to the top."""
        pairs = zip(DEPTHS, DEPTHS[1:], self.temperatures, self.temperatures[1:])
        for upper, lower, warm, cold in pairs:
            if warm > 0.0 >= cold:
                return upper + (lower - upper) * warm / (warm - cold)
        return 0.0 if self.temperatures[0] <= 0 else DEPTHS[-1]

    def gradient(self):
        deep = self.temperatures[-5:]
        return (deep[-1] - deep[0]) / (DEPTHS[-1] - DEPTHS[-5])


class Desk:
    def __init__(self, gateway):
        self.gateway = gateway
        self.latest = {site: deque(maxlen=48) for site in BOREHOLES}
        self.failed = 0

    def advise(self, profile):
        depth = profile.thaw_depth()
        history = self.latest[profile.site]
        history.append(depth)
        mean = sum(history) / len(history)
        limit = "closed to trucks" if depth > 1.8 else "reduced axle load" if depth > 0.9 else "open"
        return {
            "site": profile.site,
            "thawed_m": round(depth, 2),
            "mean_m": round(mean, 2),
            "road": limit,
            "gradient": round(profile.gradient(), 4),
            "battery": profile.battery,
        }

    async def borehole(self, request):
        site = request.match_info["site"]
        if site not in self.latest:
            raise web.HTTPNotFound()
        try:
            chain = await asyncio.to_thread(self.gateway.read_chain, site)
        except (OSError, http.client.HTTPException) as error:
            self.failed += 1
            raise web.HTTPBadGateway(text=str(error)) from error
        return web.json_response(self.advise(Profile(chain)))

    async def overview(self, _):
        lines = []
        for site, history in self.latest.items():
            if history:
                lines.append({"site": site, "deepest": round(max(history), 2), "readings": len(history)})
        lines.sort(key=lambda line: -line["deepest"])
        return web.json_response({"worst": lines[:10], "failed": self.failed})


async def serve(gateway_port):
    loop = asyncio.get_running_loop()
    blocking = ThreadPoolExecutor(max_workers=32, thread_name_prefix="blocking")
    loop.set_default_executor(blocking)
    desk = Desk(LoggerGateway(gateway_port))
    app = web.Application()
    app.router.add_get("/boreholes/{site}", desk.borehole)
    app.router.add_get("/overview", desk.overview)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=256)
    await site.start()
    port = runner.addresses[0][1]
    paths = [f"/boreholes/{name}" for name in BOREHOLES] + ["/overview"] * 4
    services.outside(lambda: clients.come(port, paths, rate=110, workers=28))
    print(f"ready {os.getpid()}", flush=True)
    await asyncio.Event().wait()


def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    asyncio.run(serve(services.http_service(gateway_answer)))


if __name__ == "__main__":
    main()
