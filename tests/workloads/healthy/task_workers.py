# expect: healthy
"""Twelve workers wait for orders, which come six at a time each 60 ms, and book each with a back end that takes 8 ms."""

import asyncio
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import aiohttp
import services


def answer(_path):
    time.sleep(0.008)
    return b'{"booked": true}'


BACK_END = f"http://127.0.0.1:{services.http_service(answer)}"


class WorkerPool:
    def __init__(self, session):
        self._session, self._orders = session, asyncio.Queue()

    async def get_order(self):
        return await self._orders.get()

    async def work(self):
        while True:
            order = await self.get_order()
            async with self._session.get(f"{BACK_END}/{order}") as found:
                await found.json()

    async def take_orders(self):
        for order in range(1 << 30):
            self._orders.put_nowait(order)
            if order % 6 == 5:
                await asyncio.sleep(0.06)


async def main():
    async with aiohttp.ClientSession() as session:
        pool = WorkerPool(session)
        print("ready", os.getpid(), flush=True)
        await asyncio.gather(*(pool.work() for _ in range(12)), pool.take_orders())


asyncio.run(main())
