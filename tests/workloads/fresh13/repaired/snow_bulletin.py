# expect: healthy bench
"""Avalanche bulletins: for each valley that a mountain guide asks about, the latest readings of its snow stations are
fetched from the network of stations, rated, and written into a bulletin; one task also follows the wind reports.

Measured: the bulletin of a valley of nine stations takes 278 ms (median, busy machine), of the twin, which asks all
stations at once, 44 ms (one station needs 25 ms).
"""

import asyncio
import collections
import contextlib
import json
import os
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

VALLEYS = {
    "lauenen": ("rothorn", "gstellihorn", "spitzhorn", "wasserngrat", "giferspitz", "tube", "hahnen", "chalber"),
    "loetschen": ("faldum", "gletscher", "weissried", "lauchern", "tennbach", "gugginalp", "fafler"),
    "goms": ("brudel", "chummi", "galmi", "hungerli", "bodmer", "trutz", "sidel", "oberwald", "grimsel"),
    "binn": ("heiligkreuz", "albrun", "ofenhorn", "mittlenberg", "eggerhorn", "schinhorn"),
}
DANGER = ("low", "moderate", "considerable", "high", "very high")


def station_network(path):
    """What the stations' telemetry gateway answers: it asks the station by radio, so it takes its time."""
    time.sleep(0.025)
    seed = sum(path.encode())
    layers = [{"depth": at * 7, "grain": (seed + at) % 5, "hardness": (seed * at) % 6} for at in range(12)]
    return json.dumps(
        {"station": path.rpartition("/")[2], "new_snow": seed % 40, "wind": seed % 70, "layers": layers}
    ).encode()


@dataclass
class Reading:
    station: str
    new_snow: int
    wind: int
    weak_layers: int

    @classmethod
    def of(cls, raw):
        layers = raw["layers"]
        weak = sum(1 for upper, lower in zip(layers, layers[1:]) if upper["hardness"] - lower["hardness"] >= 2)
        return cls(raw["station"], raw["new_snow"], raw["wind"], weak)

    @property
    def score(self):
        return self.new_snow / 12 + self.wind / 30 + self.weak_layers * 0.6


class Telemetry:
    """The stations, by the gateway's HTTP interface."""

    def __init__(self, base, session):
        self.base = base
        self.session = session
        self.failed = collections.Counter()

    async def latest(self, station):
        try:
            async with self.session.get(f"{self.base}/stations/{station}") as answer:
                answer.raise_for_status()
                return Reading.of(await answer.json())
        except aiohttp.ClientError:
            self.failed[station] += 1
            return None

    async def survey(self, valley):
        for reading in await asyncio.gather(*map(self.latest, VALLEYS[valley])):
            if reading is not None:
                yield reading


@dataclass
class Bulletin:
    valley: str
    readings: list = field(default_factory=list)

    def danger(self):
        if not self.readings:
            return "unknown"
        scores = sorted(reading.score for reading in self.readings)
        worst = scores[-max(1, len(scores) // 3) :]
        return DANGER[min(len(DANGER) - 1, int(sum(worst) / len(worst)))]

    def text(self):
        lines = [f"Valley of {self.valley}: danger {self.danger()}"]
        for reading in sorted(self.readings, key=lambda each: -each.score):
            lines.append(
                f"  {reading.station:<12} {reading.new_snow:>3} cm  {reading.wind:>3} km/h  {reading.weak_layers} weak"
            )
        return "\n".join(lines)


class Office:
    def __init__(self, telemetry):
        self.telemetry = telemetry
        self.issued = 0
        self.gusts = collections.deque(maxlen=200)

    async def compose(self, valley):
        bulletin = Bulletin(valley)
        async for reading in self.telemetry.survey(valley):
            bulletin.readings.append(reading)
        return bulletin

    async def bulletin(self, request):
        valley = request.match_info["valley"]
        if valley not in VALLEYS:
            raise web.HTTPNotFound(text="no such valley")
        bulletin = await self.compose(valley)
        self.issued += 1
        return web.Response(text=bulletin.text(), headers={"X-Number": str(self.issued)})

    async def watch_wind(self):
        while True:
            await asyncio.sleep(2)
            ridge = await self.telemetry.latest("ridge-mast")
            if ridge is not None:
                self.gusts.append(ridge.wind)


async def serve(listener, gateway):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as session:
        office = Office(Telemetry(f"http://127.0.0.1:{gateway}", session))
        app = web.Application()
        app.router.add_get("/bulletin/{valley}", office.bulletin)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        print("ready", os.getpid(), flush=True)
        with contextlib.suppress(asyncio.CancelledError):
            await office.watch_wind()


def main():
    gateway = services.http_service(station_network)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listener.getsockname()[1]
    services.outside(lambda: clients.come(port, [f"/bulletin/{valley}" for valley in VALLEYS], rate=12, workers=10))
    asyncio.run(serve(listener, gateway))


if __name__ == "__main__":
    main()
