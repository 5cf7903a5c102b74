# expect: pattern=lock-contention bench
"""Eight requests at a time look up rates that a back end keeps, which takes 12 ms, and hold the lock of what is known meanwhile."""

import asyncio
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import aiohttp
import services


def answer(_path):
    time.sleep(0.012)
    return b'{"rate": 1.09}'


BACK_END = f"http://127.0.0.1:{services.http_service(answer)}"


class Rates:
    def __init__(self, session):
        self._session, self._lock, self._known = session, asyncio.Lock(), {}

    async def look_up(self, currency):
        async with self._lock:  # <- cost
            self._known[currency] = await self._ask(currency)
            return self._known[currency]

    async def _ask(self, currency):
        async with self._session.get(f"{BACK_END}/{currency}") as found:
            return (await found.json())["rate"]


async def customer(rates, number):
    for turn in range(1 << 30):
        await rates.look_up(f"c{(number * 7919 + turn) % 1000}")
        await asyncio.sleep(0.005)


async def main():
    async with aiohttp.ClientSession() as session:
        rates = Rates(session)
        print("ready", os.getpid(), flush=True)
        await asyncio.gather(*(customer(rates, number) for number in range(8)))


asyncio.run(main())
