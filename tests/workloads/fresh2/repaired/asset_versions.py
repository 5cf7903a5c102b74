# expect: healthy bench
"""The pages of a magazine, on aiohttp. Each names the version of its style sheets and pictures, so that a browser may
keep them for ever."""

import asyncio
import hashlib
import html
import logging
import os
import sys
import time
from pathlib import Path

from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

PAGES, FOLDERS, FILES = 40, 12, 25
logging.basicConfig(filename="magazine.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def make_assets():
    for folder in range(FOLDERS):
        Path(f"assets/theme{folder}").mkdir(parents=True)
        for number in range(FILES):
            Path(f"assets/theme{folder}/part{number}.css").write_text(f"p {{ margin: {number}px }}\n" * 20)


class Versions:
    """The version of all assets: it changes when one of them does."""

    def __init__(self, folder):
        self._folder = folder
        self._known, self._until = "", 0.0

    def current(self):
        """Looks at the files at most every two seconds."""
        if time.monotonic() > self._until:
            self._known, self._until = self._look(), time.monotonic() + 2
        return self._known

    def _look(self):
        newest, size = 0, 0
        for folder, _, names in os.walk(self._folder):
            for name in names:
                found = os.stat(os.path.join(folder, name))
                newest = max(newest, found.st_mtime_ns)
                size += found.st_size
        return hashlib.sha1(f"{newest} {size}".encode()).hexdigest()[:10]


class Magazine:
    def __init__(self):
        self._versions = Versions("assets")
        self.sent, self.spent = 0, 0.0

    async def page(self, request):
        began = time.perf_counter()
        number = int(request.match_info["number"])
        version = self._versions.current()
        links = "".join(f'<link href="/assets/theme{n}/part{number % FILES}.css?{version}">' for n in range(FOLDERS))
        articles = [f"Article {number * 20 + n}: how the <rain> of March {n} came about" for n in range(20)]
        body = "".join(f"<h2>{html.escape(title)}</h2><p>{html.escape(title * 4)}</p>" for title in articles)
        text = f"<html><head>{links}</head><body>{body}</body></html>"
        self.sent += 1
        self.spent += time.perf_counter() - began
        return web.Response(text=text, content_type="text/html")


async def main():
    magazine = Magazine()
    application = web.Application()
    application.router.add_get("/pages/{number}", magazine.page)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    paths = [f"/pages/{number}" for number in range(PAGES)]
    services.outside(lambda: clients.come(port, paths, rate=120, workers=6))
    print("ready", os.getpid(), flush=True)
    while True:
        await asyncio.sleep(1)
        logging.info("%d pages, %.2f ms of work each", magazine.sent, 1000 * magazine.spent / max(1, magazine.sent))


make_assets()
asyncio.run(main())
