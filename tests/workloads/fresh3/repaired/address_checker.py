# expect: healthy bench
"""Checks the addresses of new customers: three workers on asyncio ask a geocoder for each, with aiohttp."""

import asyncio
import functools
import logging
import os
import sys
import time
from pathlib import Path

import aiohttp

sys.path.append(str(Path(__file__).parents[2]))
import services

WORKERS, STREETS = 3, ("Station Road", "Mill Lane", "Church Street", "High Street", "Park Avenue")
logging.basicConfig(filename="addresses.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def tried_again(times):
    """A decorator for questions that may fail once in a while."""

    def decorate(ask):
        @functools.wraps(ask)
        async def asked(*arguments):
            for left in reversed(range(times)):
                try:
                    return await ask(*arguments)
                except aiohttp.ClientError:
                    if not left:
                        raise
                    await asyncio.sleep(0.1)

        return asked

    return decorate


class Geocoder:
    def __init__(self, port):
        self._base = f"http://127.0.0.1:{port}"
        self._session = None

    async def __aenter__(self):
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        return self

    async def __aexit__(self, *_):
        await self._session.close()

    @tried_again(3)
    async def find(self, street, number):
        async with self._session.get(f"{self._base}/{street}/{number}") as answer:
            answer.raise_for_status()
            return await answer.json()


class Checker:
    def __init__(self, geocoder):
        self._geocoder = geocoder
        self.checked, self.doubtful, self.spent = 0, 0, 0.0

    @staticmethod
    def normal(address):
        words = [word.strip(".,") for word in address.lower().split()]
        return "-".join(words[:-1]), words[-1]

    async def check(self, address):
        began = time.perf_counter()
        street, number = self.normal(address)
        found = await self._geocoder.find(street, number)
        self.doubtful += found["stock"] == 0 or not found["path"].startswith(f"/{street}")
        self.checked += 1
        self.spent += time.perf_counter() - began

    async def work(self, addresses):
        while True:
            await self.check(await addresses.get())


async def customers(addresses):
    for number in range(1 << 40):
        await addresses.put(f"{STREETS[number % 5]}, {number % 211}")


async def main():
    port = services.http_service(services._article)
    addresses = asyncio.Queue(20)
    async with Geocoder(port) as geocoder:
        checker = Checker(geocoder)
        tasks = [asyncio.create_task(checker.work(addresses)) for _ in range(WORKERS)]
        tasks.append(asyncio.create_task(customers(addresses)))
        print("ready", os.getpid(), flush=True)
        while not any(task.done() for task in tasks):
            await asyncio.sleep(1)
            each = 1000 * checker.spent / max(1, checker.checked)
            logging.info("%d addresses, %.2f ms each, %d doubtful", checker.checked, each, checker.doubtful)


asyncio.run(main())
