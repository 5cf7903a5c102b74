# expect: healthy bench
"""Tells observers when a minor planet covers a star at their place: an aiohttp server whose handlers ask an ephemeris and a
star catalogue at the same time over one shared session, work out the moment, and make a page of a list of lines.

Measured: 100 requests a second in 12 % of a core (asked at that rate; on a machine full of other work).
"""

import asyncio
import json
import math
import os
import socket
import sys
import time
from pathlib import Path
from typing import Annotated

import aiohttp
from aiohttp import web
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

sys.path.append(str(Path(__file__).parents[2]))

import clients
import services

PLANETS = 40
SESSION = web.AppKey("session", aiohttp.ClientSession)
SOURCE = web.AppKey("source", str)


class Place(BaseModel):
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class Track(BaseModel):
    planet: int
    hours: list[float]
    offsets: list[float]


PLACE = TypeAdapter(Place)
TRACK = TypeAdapter(Track)


def almanac(path):
    """The institute that computes tracks and keeps positions of stars."""
    time.sleep(0.012)
    kind, number = path.strip("/").split("/")
    number = int(number)
    if kind == "stars":
        return json.dumps({"star": f"HIP {10000 + number}", "magnitude": 8 + number % 40 / 10}).encode()
    hours = [step / 4 for step in range(48)]
    offsets = [math.cos(hour / 3 + number) * 900 for hour in hours]
    return json.dumps({"planet": number, "hours": hours, "offsets": offsets}).encode()


async def ask(app, path):
    async with app[SESSION].get(f"{app[SOURCE]}/{path}") as answer:
        answer.raise_for_status()
        return await answer.read()


def crossings(track, place):
    """When the shadow passes the place: the track is cut by straight lines, and each crossing is refined."""
    x = 6378 * math.cos(math.radians(place.latitude)) * math.sin(math.radians(place.longitude)) / 12
    points = list(zip(track.hours, track.offsets))
    for (begin, before), (end, after) in zip(points, points[1:]):
        if (before - x) * (after - x) < 0:
            low, high = begin, end
            for _ in range(12):
                middle = (low + high) / 2
                height = before + (after - before) * (middle - begin) / (end - begin)
                if (height - x) * (before - x) > 0:
                    low = middle
                else:
                    high = middle
            yield low


def page(star, track, moments):
    lines = [f"(planet {track.planet}) covers {star['star']}, magnitude {star['magnitude']:.1f}"]
    lines += [f"  {int(moment):02}:{int(moment % 1 * 60):02}:{moment * 3600 % 60:04.1f}" for moment in moments]
    if len(lines) == 1:
        lines.append("  not seen from this place")
    return "\n".join(lines) + "\n"


async def predict(request):
    number = int(request.match_info["planet"])
    try:
        place = PLACE.validate_python(dict(request.query))
    except ValidationError as wrong:
        raise web.HTTPBadRequest(text=str(wrong)) from wrong
    try:
        star, track = await asyncio.gather(
            ask(request.app, f"stars/{number * 17 % 400}"), ask(request.app, f"tracks/{number}")
        )
    except aiohttp.ClientError as problem:
        raise web.HTTPBadGateway(text=str(problem)) from problem
    track = TRACK.validate_json(track)
    return web.Response(text=page(json.loads(star), track, list(crossings(track, place))))


async def session(app):
    connector = aiohttp.TCPConnector(limit=32)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=5)) as shared:
        app[SESSION] = shared
        yield


async def serve(source, listener):
    app = web.Application()
    app[SOURCE] = f"http://127.0.0.1:{source}"
    app.cleanup_ctx.append(session)
    app.router.add_get(r"/occultations/{planet:\d+}", predict)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    print("ready", os.getpid(), flush=True)
    await asyncio.Event().wait()


def main():
    source = services.http_service(almanac)
    listener = socket.create_server(("127.0.0.1", 0))
    places = ["latitude=46.9&longitude=7.4", "latitude=-33.9&longitude=18.5", "latitude=52&longitude=-1.2"]
    paths = [f"/occultations/{planet}?{place}" for planet in range(PLANETS) for place in places]
    services.outside(lambda: clients.come(listener.getsockname()[1], paths, rate=100, workers=8))
    asyncio.run(serve(source, listener))


if __name__ == "__main__":
    main()
