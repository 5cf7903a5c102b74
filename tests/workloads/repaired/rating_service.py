# expect: healthy bench
"""An asynchronous web service whose pages show a ranking that is fetched beside, every other second."""

import asyncio
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import aiohttp
import services
from aiohttp import web


def ranking(_path):
    time.sleep(0.15)
    return b'{"first": 7, "second": 3}'


RANKING = f"http://127.0.0.1:{services.http_service(ranking)}/ranking"
PRICES = f"http://127.0.0.1:{services.http_service(lambda path: b'[1, 2, 3]')}/prices"


async def best(session):
    async with session.get(RANKING) as answer:
        return await answer.json()


async def keep(app, session):
    while True:
        await asyncio.sleep(2)
        app["best"].update(await best(session))


async def prices(session):
    async with session.get(PRICES) as answer:
        return await answer.json()


async def page(request):
    session = request.app["session"]
    return web.json_response(
        {"best": request.app["best"]["first"], "prices": await prices(session), "more": list(range(50))}
    )


async def main():
    app = web.Application()
    async with aiohttp.ClientSession() as session:
        app["session"] = session
        app["best"] = await best(session)
        beside = asyncio.create_task(keep(app, session))
        app.router.add_get("/page/{number}", page)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        services.customers(runner.addresses[0][1], [f"/page/{number}" for number in range(20)], 3)
        print("ready", os.getpid(), flush=True)
        await beside


asyncio.run(main())
