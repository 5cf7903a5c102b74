# expect: healthy bench
"""Tells the citizens of a town when their bins are emptied: a Starlette application under uvicorn, with a few requests
a second. Changes of the calendar are taken from its file once a minute at most.
"""

import asyncio
import datetime
import json
import logging
import os
import socket
import sys
import time
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

STREETS = [f"{name} {kind}" for name in ("Mill", "Church", "Station", "Park", "School") for kind in ("Lane", "Road")]
KINDS = {"paper": 28, "glass": 28, "rest": 14, "garden": 7}
FIRST = datetime.date(2024, 1, 1)
log = logging.getLogger("bins")
logging.basicConfig(filename="bins.log", format="%(relativeCreated)d %(message)s", level=logging.WARNING)


class Calendar:
    """The districts as the town keeps them, read again when the file has changed."""

    FRESH_SECONDS = 60

    def __init__(self, path):
        self.path = path
        self._looked, self._changed, self._districts = float("-inf"), None, {}

    def districts(self):
        now = time.monotonic()
        if now - self._looked > self.FRESH_SECONDS:
            self._looked = now
            changed = self.path.stat().st_mtime_ns
            if changed != self._changed:
                self._districts, self._changed = json.loads(self.path.read_text()), changed
        return self._districts

    def dates(self, street, count):
        district = self.districts()[street]
        today = datetime.date.today()
        found = []
        for kind, days in KINDS.items():
            offset = (district * 3 + len(kind)) % days
            passed = (today - FIRST).days - offset
            following = FIRST + datetime.timedelta(days=offset + (passed // days + 1) * days)
            found += [(following + datetime.timedelta(days=days * n), kind) for n in range(count)]
        return [{"date": date.isoformat(), "bin": kind} for date, kind in sorted(found)[:count]]


class Bins:
    def __init__(self, calendar):
        self.calendar = calendar
        self.asked, self.unknown = 0, 0

    async def street(self, request):
        street = request.path_params["street"].replace("-", " ")
        self.asked += 1
        try:
            dates = self.calendar.dates(street, int(request.query_params.get("count", "6")))
        except KeyError:
            self.unknown += 1
            return JSONResponse({"error": "no such street"}, 404)
        except ValueError:
            return JSONResponse({"error": "count is not a number"}, 400)
        return JSONResponse({"street": street, "dates": dates})

    async def about(self, _):
        return JSONResponse({"asked": self.asked, "streets": len(self.calendar.districts())})


async def report(bins):
    while True:
        await asyncio.sleep(5)
        log.warning("%d asked, %d unknown", bins.asked, bins.unknown)


async def main():
    path = Path("calendar.json")
    path.write_text(json.dumps({street: number for number, street in enumerate(STREETS)}))
    bins = Bins(Calendar(path))
    application = Starlette(routes=[Route("/streets/{street}", bins.street), Route("/about", bins.about)])
    door = socket.create_server(("127.0.0.1", 0))
    port = door.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[door]))
    while not server.started:
        await asyncio.sleep(0.02)
    paths = [f"/streets/{street.replace(' ', '-')}?count={3 + len(street) % 5}" for street in STREETS]
    services.outside(lambda: clients.come(port, [*paths, "/streets/Nowhere", "/about"], 15, 3))
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(serving, report(bins))


asyncio.run(main())
