# expect: healthy bench
"""Serves the screens at the quays: Starlette, a few requests a second, pages from a template; the timetable is read
again only when its file has changed."""

import asyncio
import datetime
import hashlib
import json
import logging
import os
import socket
import sys
import time
from pathlib import Path

import uvicorn
from mako.template import Template
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

QUAYS = 14
TIMETABLE = Path("timetable.json")
logging.basicConfig(filename="screens.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
PAGE = Template(
    """<!doctype html>
<title>Quay ${quay}</title>
<h1>Quay ${quay}, ${now.strftime("%H:%M")}</h1>
<table>
% for sailing in sailings:
  <tr><td>${sailing["at"]}</td><td>${sailing["to"] | h}</td><td>${sailing["ship"] | h}</td></tr>
% endfor
</table>
""",
    strict_undefined=True,
)


def write_timetable(edition):
    """What the planners would do a few times a day."""
    ships = ("Frisia", "Harle Express", "Baltrum & Co", "Wega")
    sailings = [
        {"quay": n % QUAYS, "at": f"{5 + n // 20:02}:{n * 7 % 60:02}", "to": f"Island {n % 9}", "ship": ships[n % 4]}
        for n in range(340)
    ]
    TIMETABLE.with_suffix(".new").write_text(json.dumps({"edition": edition, "sailings": sailings}))
    os.replace(TIMETABLE.with_suffix(".new"), TIMETABLE)


class Timetable:
    def __init__(self):
        self._read_at = None
        self.edition = None
        self._by_quay = {}

    def refresh(self):
        """Read the file, if it is another one; true if it was."""
        written = TIMETABLE.stat().st_mtime_ns
        if written == self._read_at:
            return False
        told = json.loads(TIMETABLE.read_text())
        by_quay = {quay: [] for quay in range(QUAYS)}
        for sailing in told["sailings"]:
            by_quay[sailing["quay"]].append(sailing)
        for sailings in by_quay.values():
            sailings.sort(key=lambda sailing: sailing["at"])
        self._by_quay, self.edition, self._read_at = by_quay, told["edition"], written
        return True

    def after(self, quay, clock, number=8):
        sailings = self._by_quay[quay]
        return [sailing for sailing in sailings if sailing["at"] >= clock][:number] or sailings[:number]


class Screens:
    def __init__(self, timetable):
        self._timetable = timetable
        self.shown = self.wrong = 0

    async def page(self, request):
        quay = request.path_params["quay"]
        if not 0 <= quay < QUAYS:
            self.wrong += 1
            return JSONResponse({"error": "no such quay"}, status_code=404)
        now = datetime.datetime.now()
        sailings = self._timetable.after(quay, now.strftime("%H:%M"))
        body = PAGE.render(quay=quay, now=now, sailings=sailings).encode()
        tag = f'"{hashlib.sha1(body).hexdigest()}"'
        self.shown += 1
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304)
        return Response(body, media_type="text/html", headers={"ETag": tag, "Cache-Control": "max-age=5"})

    async def health(self, _request):
        return JSONResponse({"edition": self._timetable.edition, "shown": self.shown, "wrong": self.wrong})

    async def look_after(self):
        """Once in two seconds: another timetable? And a line for the log."""
        began = time.monotonic()
        for turn in range(1 << 40):
            if self._timetable.refresh():
                logging.info("edition %s", self._timetable.edition)
            logging.info("%d shown in %.0f s", self.shown, time.monotonic() - began)
            await asyncio.sleep(2)
            if turn % 30 == 29:
                write_timetable(turn)


async def main():
    write_timetable(0)
    timetable = Timetable()
    timetable.refresh()
    screens = Screens(timetable)
    routes = [Route("/quay/{quay:int}", screens.page), Route("/health", screens.health)]
    listening = socket.create_server(("127.0.0.1", 0))
    paths = [*(f"/quay/{quay}" for quay in range(QUAYS + 1)), "/health"]
    services.outside(lambda: clients.come(listening.getsockname()[1], paths, rate=25, workers=5))
    caring = asyncio.create_task(screens.look_after())
    print("ready", os.getpid(), flush=True)
    config = uvicorn.Config(Starlette(routes=routes), log_level="warning", access_log=False)
    await uvicorn.Server(config).serve(sockets=[listening])
    caring.cancel()


asyncio.run(main())
