# expect: healthy bench
"""Geological survey: drill cores are scanned with a line camera; offices in the field, on thin lines, fetch the strips of a
core, which the scanner has packed already (wavelet coded, here deflate over noise), and a short index as JSON.

Measured: 0.04 of a core; strips of 770 kB leave as they are, and deflate makes them no smaller.
"""

import asyncio
import os
import random
import struct
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

STRIPS = 12
WIDTH, HEIGHT = 1100, 700
MAGIC = b"CSC1"


@dataclass
class Strip:
    core: str
    number: int
    metres: float
    packed: bytes
    raw_size: int

    @property
    def etag(self):
        return f'"{zlib.crc32(self.packed):08x}"'


class Scanner:
    """Delivers a strip now and then, packed on a thread so that the offices are served meanwhile."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def expose(self):
        return self.chance.randbytes(WIDTH * HEIGHT)

    def pack(self, number, metres):
        raw = self.expose()
        packed = MAGIC + struct.pack(">HH", WIDTH, HEIGHT) + zlib.compress(raw, 1)
        return Strip("B-117", number, metres, packed, len(raw))


class Shelf:
    def __init__(self, scanner):
        self.scanner = scanner
        self.strips = {}
        self.depth = 0.0

    async def add(self, number):
        self.depth += 1.5
        strip = await asyncio.to_thread(self.scanner.pack, number, self.depth)
        self.strips[number] = strip

    async def keep_scanning(self):
        number = 0
        while True:
            await asyncio.sleep(4)
            try:
                await self.add(number % STRIPS)
            except zlib.error:
                continue  # the scanner keeps the strip, and brings it again
            number += 1

    def index(self):
        rows = []
        for strip in self.strips.values():
            rows.append({"strip": strip.number, "metres": strip.metres, "size": len(strip.packed), "etag": strip.etag})
        return rows


SHELF = web.AppKey("shelf", Shelf)


async def get_index(request):
    return web.json_response({"core": "B-117", "strips": request.app[SHELF].index()})


async def get_strip(request):
    try:
        strip = request.app[SHELF].strips[int(request.match_info["number"])]
    except (KeyError, ValueError):
        raise web.HTTPNotFound() from None
    if request.headers.get("If-None-Match") == strip.etag:
        raise web.HTTPNotModified()
    headers = {"ETag": strip.etag, "Cache-Control": "private, max-age=60"}
    return web.Response(body=strip.packed, content_type="image/x-core-scan", headers=headers)


def offices(port):
    services.outside(lambda: clients.fetch_slowly("127.0.0.1", port, "/cores/B-117/3", 300_000, 5))
    services.outside(lambda: clients.come(port, ["/cores/B-117"], 8, 2))


async def main():
    shelf = Shelf(Scanner(117))
    for number in range(STRIPS):
        await shelf.add(number)
    app = web.Application()
    app[SHELF] = shelf
    app.add_routes([web.get("/cores/B-117", get_index), web.get("/cores/B-117/{number}", get_strip)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    offices(site._server.sockets[0].getsockname()[1])
    scanning = asyncio.create_task(shelf.keep_scanning())
    await asyncio.sleep(0.5)
    print("ready", os.getpid(), flush=True)
    await scanning


if __name__ == "__main__":
    asyncio.run(main())
