# expect: healthy bench
"""Keeps the picture of a lagoon's tide gates: asks nine water gauges at once every half second, works out the set of the
gates, leaves a gauge that fails alone for longer each time, and follows the gate log page by page (each page names the
next). Gate keepers ask for the picture, which is encoded once a round.

Measured: 18 hundredths of CPU in 5 s; a round of nine gauges takes one wait of 20 ms; the failing gauge is asked
after 4, 8, 16 s and so on.
"""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import aiohttp
from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

GAUGES = ["lido", "malamocco", "chioggia", "burano", "torcello", "fusina", "punta salute", "treporti", "san nicolo"]
BROKEN = "fusina"
ROUND = 0.5
WIDTH = 24


class Gauge:
    def __init__(self, name, base):
        self.name, self.url = name, f"{base}/gauges/{name.replace(' ', '-')}"
        self.level, self.pause, self.not_before = None, 4.0, 0.0

    async def ask(self, session):
        if time.monotonic() < self.not_before:
            return
        try:
            async with session.get(self.url) as answer:
                answer.raise_for_status()
                self.level = (await answer.json())["price"] / 10
            self.pause = 4.0
        except (aiohttp.ClientError, asyncio.TimeoutError):
            self.level = None
            self.not_before = time.monotonic() + self.pause
            self.pause = min(120.0, self.pause * 2)


class Lagoon:
    """Levels on a coarse grid, each cell drawn towards the gauges by their distance."""

    def __init__(self, gauges):
        self.gauges = gauges
        self.weights = [
            [1 / (1 + abs(x - 5 * at % WIDTH) + abs(y - 7 * at % WIDTH)) for at in range(len(gauges))]
            for y in range(WIDTH)
            for x in range(WIDTH)
        ]
        self.picture = b"{}"

    def settle(self):
        known = [(at, gauge.level) for at, gauge in enumerate(self.gauges) if gauge.level is not None]
        levels = []
        for weights in self.weights:
            total = sum(weights[at] for at, _ in known) or 1.0
            levels.append(sum(weights[at] * level for at, level in known) / total)
        closed = [gauge.name for gauge in self.gauges if gauge.level is not None and gauge.level > 60]
        rows = [round(level, 1) for level in levels]
        self.picture = json.dumps({"closed": closed, "missing": len(self.gauges) - len(known), "grid": rows}).encode()


async def rounds(lagoon, session):
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        await asyncio.gather(*(gauge.ask(session) for gauge in lagoon.gauges))
        lagoon.settle()
        due = max(due + ROUND, loop.time() - ROUND)
        await asyncio.sleep(max(0.0, due - loop.time()))


async def gate_log(base, session, seen):
    """The log's next page is named by the page before; a visit every three seconds reads what is new."""
    cursor = 1
    while True:
        for _ in range(4):
            async with session.get(f"{base}/log/{cursor}") as answer:
                page = await answer.json()
            seen[page["name"]] = seen.get(page["name"], 0) + 1
            cursor = (cursor * 31 + page["stock"] + 1) % 997
        await asyncio.sleep(3)


def station(path):
    if path.endswith(BROKEN):
        return 503, b'{"error": "no signal"}'
    time.sleep(0.02)
    return services._article(path)


async def serve(base):
    timeout = aiohttp.ClientTimeout(total=2)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        lagoon = Lagoon([Gauge(name, base) for name in GAUGES])

        async def picture(_):
            return web.Response(body=lagoon.picture, content_type="application/json")

        app = web.Application()
        app.router.add_get("/picture", picture)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        services.outside(lambda: clients.come(port, ["/picture"], 40, workers=4))
        tasks = [asyncio.create_task(rounds(lagoon, session)), asyncio.create_task(gate_log(base, session, {}))]
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        print("ready", os.getpid(), flush=True)
        await stop.wait()
        for task in tasks:
            task.cancel()
        await runner.cleanup()


def main():
    base = f"http://127.0.0.1:{services.http_service(station)}"
    asyncio.run(serve(base))


if __name__ == "__main__":
    main()
