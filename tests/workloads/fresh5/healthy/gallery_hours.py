# expect: healthy bench
"""The small web site of a museum: Starlette, opening hours and rooms as pages of Mako, from a PostgreSQL database that is
asked through a pool. A few visitors come each second.
"""

import asyncio
import logging
import os
import socket
import sys
import time
from pathlib import Path

import psycopg
import uvicorn
from mako.template import Template
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

ROOMS, LINES = 60, 3
logging.basicConfig(filename="site.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
WORKS = """
    select works.title, works.painted, artists.name from works join artists on artists.id = works.artist
    where works.room = %s order by works.painted
"""
PAGE = Template(
    """<html><body><h1>Room ${room}</h1>
<ul>
% for title, painted, artist in works:
  <li><i>${title | h}</i>, ${painted}, by ${artist | h}</li>
% endfor
</ul></body></html>
"""
)


class Collection:
    """The works of the museum; a few connections are shared."""

    def __init__(self, port):
        self._where = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
        self._idle = asyncio.Queue()

    async def open(self):
        for _ in range(LINES):
            self._idle.put_nowait(await psycopg.AsyncConnection.connect(self._where, autocommit=True))

    async def room(self, number):
        connection = await self._idle.get()
        try:
            return await (await connection.execute(WORKS, (number,))).fetchall()
        finally:
            self._idle.put_nowait(connection)


class Site:
    def __init__(self, collection):
        self._collection = collection
        self._pages, self._slowest = 0, 0.0

    async def room(self, request):
        began = time.perf_counter()
        number = request.path_params["number"]
        works = await self._collection.room(number)
        if not works:
            return HTMLResponse("<h1>There is no such room</h1>", status_code=404)
        body = PAGE.render(room=number, works=works)
        self._pages += 1
        self._slowest = max(self._slowest, time.perf_counter() - began)
        return HTMLResponse(body)

    async def hours(self, _):
        day = time.localtime().tm_wday
        return JSONResponse({"open": day != 0, "from": "10:00", "to": "21:00" if day == 3 else "18:00"})

    async def report(self):
        while True:
            await asyncio.sleep(1)
            logging.info("%d pages, the slowest took %.1f ms", self._pages, 1000 * self._slowest)
            self._slowest = 0.0


async def main():
    port = services.postgres(
        "create table artists (id int primary key, name text)",
        "create table works (id int primary key, room int, artist int references artists, title text, painted int)",
        "insert into artists select n, 'Artist <' || n || '>' from generate_series(1, 200) n",
        "insert into works select n, n % 60, 1 + n % 200, 'Still life ' || n, 1600 + n % 300"
        " from generate_series(1, 3000) n",
        "create index on works (room)",
        "analyze",
    )
    collection = Collection(port)
    await collection.open()
    site = Site(collection)
    application = Starlette(routes=[Route("/rooms/{number:int}", site.room), Route("/hours", site.hours)])
    listening = socket.create_server(("127.0.0.1", 0))
    paths = ["/hours", *(f"/rooms/{number}" for number in range(ROOMS + 2))]
    services.outside(lambda: clients.come(listening.getsockname()[1], paths, rate=25, workers=5))
    reporting = asyncio.create_task(site.report())
    print("ready", os.getpid(), flush=True)
    await uvicorn.Server(uvicorn.Config(application, log_level="warning", access_log=False)).serve([listening])
    reporting.cancel()


asyncio.run(main())
