# expect: healthy
"""A page that asks four services at once, and one session for all: nothing here waits for what it need not wait for."""

import asyncio
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import aiohttp
import services
from aiohttp import web


def answer(_path):
    time.sleep(0.005)
    return b'{"value": 7}'


SERVICES = [f"http://127.0.0.1:{services.http_service(answer)}" for _ in range(4)]


async def ask(session, base, number):
    async with session.get(f"{base}/part/{number}") as found:
        return (await found.json())["value"]


async def page(request):
    number = int(request.match_info["number"])
    parts = await asyncio.gather(*(ask(request.app["session"], base, number) for base in SERVICES))
    return web.json_response({"parts": parts, "more": [n * n % 97 for n in range(3000)]})


async def main():
    app = web.Application()
    async with aiohttp.ClientSession() as session:
        app["session"] = session
        app.router.add_get("/page/{number}", page)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        services.customers(runner.addresses[0][1], [f"/page/{number}" for number in range(20)], 6)
        print("ready", os.getpid(), flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
