# expect: pattern=pool-undersized
"""A page for which a price is asked of a back end that takes 18 ms, by ten customers at once, through two connections."""

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
    time.sleep(0.018)
    return b'{"price": 1799}'


BACK_END = f"http://127.0.0.1:{services.http_service(answer)}"


class Prices:
    def __init__(self, session):
        self._session = session

    async def of(self, article):
        async with self._session.get(f"{BACK_END}/price/{article}") as found:  # <- cost
            return (await found.json())["price"]


async def page(request):
    price = await request.app["prices"].of(request.match_info["article"])
    return web.json_response({"price": price / 100})


async def main():
    app = web.Application()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=2)) as session:  # <- cost
        app["prices"] = Prices(session)
        app.router.add_get("/article/{article}", page)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        services.customers(runner.addresses[0][1], [f"/article/{number}" for number in range(40)], 10)
        print("ready", os.getpid(), flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
