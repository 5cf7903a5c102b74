# expect: pattern=serial-requests bench
"""Fetches the weather of many towns, with await after await; asynchronous, and one at a time all the same."""

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
    async with session.get(f"{BASE}/weather/{town}") as found:  # <- cost
        return (await found.json())["degrees"]


async def report(session, towns):
    total = 0
    for town in towns:
        total += await degrees(session, town)  # <- cost
    return total / len(towns)


async def main():
    async with aiohttp.ClientSession() as session:
        print("ready", os.getpid(), flush=True)
        while True:
            await report(session, range(60))


asyncio.run(main())
