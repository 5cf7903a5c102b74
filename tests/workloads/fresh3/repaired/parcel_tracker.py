# expect: healthy bench
"""Asks a carrier where the parcels of a shop are, and makes a list of those that are late. The carrier answers in 9 ms
each time."""

import asyncio
import collections
import json
import logging
import os
import sys
import time
from pathlib import Path

import aiohttp

sys.path.append(str(Path(__file__).parents[2]))
import services

ROUND, LATE = 120, 5
logging.basicConfig(filename="parcels.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Carrier:
    """The service of a carrier; it likes it when a connection is kept."""

    def __init__(self, port):
        self._base = f"http://127.0.0.1:{port}"
        self._session = None

    async def __aenter__(self):
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=12))
        return self

    async def __aexit__(self, *_):
        await self._session.close()

    async def status(self, parcel):
        async with self._session.get(f"{self._base}/parcels/{parcel}") as answer:
            answer.raise_for_status()
            return await answer.json()


async def located(carrier, parcels):
    """Each parcel, and what the carrier knows of it."""
    for first in range(0, len(parcels), 12):
        some = parcels[first : first + 12]
        for found in zip(some, await asyncio.gather(*map(carrier.status, some))):
            yield found


class Report:
    """Late parcels, by the depot where they lie."""

    def __init__(self):
        self.late = collections.defaultdict(list)
        self.asked = 0

    def add(self, parcel, status):
        self.asked += 1
        days = status["stock"]
        if days >= LATE:
            self.late[status["price"] % 20].append((days, parcel))

    def text(self):
        lines = []
        for depot, late in sorted(self.late.items()):
            longest = ", ".join(f"{parcel} ({days} days)" for days, parcel in sorted(late, reverse=True)[:5])
            lines.append(f"Depot {depot}: {len(late)} late; {longest}")
        return "\n".join(lines)


def open_parcels(day):
    return [f"P{(day * 7919 + number * 104729) % 1000003:07}" for number in range(ROUND)]


def answer(path):
    time.sleep(0.009)
    return services._article(path)


async def main():
    port = services.http_service(answer)
    asked, began = 0, time.monotonic()
    async with Carrier(port) as carrier:
        print("ready", os.getpid(), flush=True)
        for day in range(1 << 40):
            report = Report()
            async for parcel, status in located(carrier, open_parcels(day)):
                report.add(parcel, status)
            asked += report.asked
            text = report.text()
            rate = asked / (time.monotonic() - began)
            logging.info("%s", json.dumps({"parcels": asked, "a second": round(rate, 1), "text": len(text)}))


asyncio.run(main())
