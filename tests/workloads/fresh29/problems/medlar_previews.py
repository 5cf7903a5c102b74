# expect: pattern=hot-loop bench
"""Preview cache of a medlar orchard's photo archive: an HTTP server before the preview store. It holds the previews that
were looked at last in memory, up to a budget of bytes, and reads the others from the store's volume file.

Measured: problem: 0.56 to 0.64 cores and 1.7 to 2.7 ms in the cache for a request; repaired: 0.07 cores and 0.02 ms (340
requests a second come).
"""

import asyncio
import os
import random
import sys
import threading
import time

from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

PREVIEWS = 90_000
BUDGET = 40 * 1024 * 1024
RATE = 340
WORKERS = 8


class Volume:
    """All previews one after the other in one file; their places are known."""

    def __init__(self, path):
        self.places = []
        draw = random.Random(11)
        offset = 0
        with open(path, "wb") as out:
            for number in range(PREVIEWS):
                length = draw.randrange(600, 1800)
                out.write(number.to_bytes(4, "big") * (length // 4))
                length = length // 4 * 4
                self.places.append((offset, length))
                offset += length
        self.file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, number):
        offset, length = self.places[number]
        return os.pread(self.file, length, offset)


class Entry:
    __slots__ = ("body", "used", "hits")

    def __init__(self, body, used):
        self.body = body
        self.used = used
        self.hits = 0


class PreviewCache:
    def __init__(self, volume, budget):
        self.volume = volume
        self.budget = budget
        self.entries = {}
        self.size = 0
        self.clock = 0
        self.hits = 0
        self.misses = 0

    def get(self, number):
        self.clock += 1
        entry = self.entries.get(number)
        if entry is None:
            self.misses += 1
            return self._load(number)
        entry.used = self.clock
        entry.hits += 1
        self.hits += 1
        return entry.body

    def _load(self, number):
        body = self.volume.read(number)
        self._make_room(len(body))  # <- cost
        self.entries[number] = Entry(body, self.clock)
        self.size += len(body)
        return body

    def _make_room(self, wanted):
        while self.size + wanted > self.budget:  # <- cost
            oldest = min(self.entries, key=lambda number: self.entries[number].used)  # <- cost
            self.size -= len(self.entries.pop(oldest).body)

    def forget(self, number):
        entry = self.entries.pop(number, None)
        if entry is not None:
            self.size -= len(entry.body)
        return entry is not None


def preview_number(request):
    try:
        number = int(request.match_info["number"])
    except ValueError:
        raise web.HTTPBadRequest(text="a preview has a number") from None
    if not 0 <= number < PREVIEWS:
        raise web.HTTPNotFound(text="no such preview")
    return number


def make_app(cache):
    app = web.Application()
    took = []

    async def preview(request):
        begun = time.perf_counter()
        body = cache.get(preview_number(request))
        took.append(time.perf_counter() - begun)
        return web.Response(body=body, content_type="image/webp")

    async def forget(request):
        found = cache.forget(preview_number(request))
        return web.json_response({"forgotten": found})

    async def stats(_):
        asked = cache.hits + cache.misses
        return web.json_response(
            {"held": len(cache.entries), "bytes": cache.size, "hit_rate": round(cache.hits / max(1, asked), 3)}
        )

    async def write_stats():
        while True:
            await asyncio.sleep(4)
            if took:
                mean = sum(took) / len(took) * 1000
                with open("stats.txt", "w") as out:
                    out.write(f"requests {len(took)} mean {mean:.3f} ms held {len(cache.entries)}\n")
                took.clear()

    async def begin(app):
        app["stats"] = asyncio.create_task(write_stats())

    app.router.add_get("/preview/{number}", preview)
    app.router.add_delete("/preview/{number}", forget)
    app.router.add_get("/stats", stats)
    app.on_startup.append(begin)
    return app


def visitors(port):
    """They look at all of the archive, and more often at this year's harvest."""
    paths = [f"/preview/{number}" for number in range(PREVIEWS)]
    paths += [f"/preview/{number}" for number in range(0, PREVIEWS, 12)] * 4
    clients.come(port, paths, RATE, WORKERS)


async def serve(app, port):
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    services.outside(lambda: (services.wait_for(port), visitors(port)))
    threading.Timer(1.0, lambda: print("ready", os.getpid(), flush=True)).start()
    await asyncio.Event().wait()


def main():
    cache = PreviewCache(Volume("previews.volume"), BUDGET)
    for number in range(PREVIEWS):
        if cache.size > BUDGET * 0.998:
            break
        cache.get(number)
    asyncio.run(serve(make_app(cache), services.free_port()))


main()
