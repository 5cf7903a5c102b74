# expect: healthy bench
"""Fetches the weather of many towns, ten at a time."""

import asyncio
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import aiohttp
import services


def answer(_path):
    time.sleep(0.02)
    return b'{"degrees": 21}'


BASE = f"http://127.0.0.1:{services.http_service(answer)}"


async def degrees(session, town):
    async with session.get(f"{BASE}/weather/{town}") as found:
        return (await found.json())["degrees"]


async def report(session, towns):
    few = asyncio.Semaphore(10)

    async def one(town):
        async with few:
            return await degrees(session, town)

    return sum(await asyncio.gather(*map(one, towns))) / len(towns)


async def main():
    async with aiohttp.ClientSession() as session:
        print("ready", os.getpid(), flush=True)
        while True:
            await report(session, range(60))


asyncio.run(main())
