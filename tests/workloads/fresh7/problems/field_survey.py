# expect: pattern=pool-undersized bench
"""Makes the source list of a radio survey: takes the fields that a telescope images, picks the peaks out of each, asks
a catalogue what is known at their places, and appends new and known sources to a list.
Measured: a field is done 2.4 s after its exposure, and every fifth is skipped; after 0.05 s in the twin, none skipped.
"""

import asyncio
import functools
import json
import logging
import math
import os
import random
import sys
import time
from array import array
from dataclasses import dataclass
from pathlib import Path

import aiohttp

sys.path.append(str(Path(__file__).parents[2]))
import services

SIDE, SOURCES = 48, 20
CADENCE = 0.25  # seconds from one field to the next
SIGMA = 5.0
LIST_LINES = 200_000
logging.basicConfig(filename="survey.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def at_most(number):
    """So many calls of a coroutine function run at one time, for the sake of those who answer them."""

    def decorate(function):
        gate = asyncio.Semaphore(number)  # <- cost

        @functools.wraps(function)
        async def gated(*arguments):
            async with gate:  # <- cost
                return await function(*arguments)  # <- cost

        return gated

    return decorate


@dataclass(frozen=True, slots=True)
class Peak:
    ascension: float
    declination: float
    flux: float


class Field:
    """An image of SIDE x SIDE pixels, in units of its noise."""

    def __init__(self, number, draw):
        self.number, self.at = number, time.monotonic()
        self.pixels = array("f", (draw.gauss(0, 1) for _ in range(SIDE * SIDE)))
        for place in draw.sample(range(SIDE * SIDE), SOURCES):
            self.pixels[place] += draw.uniform(8, 60)

    def peaks(self):
        for place, flux in enumerate(self.pixels):
            if flux > SIGMA:
                row, column = divmod(place, SIDE)
                declination = -30 + row / 60
                yield Peak((self.number + column / 60 / math.cos(math.radians(declination))) % 360, declination, flux)


class Catalogue:
    """What other surveys found, from the observatory's archive."""

    def __init__(self, port):
        self._base = f"http://127.0.0.1:{port}/cone"
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=40))

    @at_most(2)  # <- cost
    async def near(self, peak):
        query = {"ra": f"{peak.ascension:.4f}", "dec": f"{peak.declination:.4f}", "radius": "0.005"}
        async with self._session.get(self._base, params=query) as response:  # <- cost
            return (await response.json())["sources"]


class SourceList:
    def __init__(self, path):
        self._path = Path(path)
        self._file = self._path.open("w")
        self.lines = 0

    def extend(self, field, matched):
        for peak, known in matched:
            name = known[0] if known else f"J{peak.ascension:08.4f}{peak.declination:+08.4f}"
            self._file.write(f"{field.number},{name},{peak.flux:.2f},{bool(known):d}\n")
            self.lines += 1
        if self.lines > LIST_LINES:
            self.lines = 0
            self._file.seek(0)
            self._file.truncate()


class Survey:
    def __init__(self, catalogue, sources):
        self._catalogue, self._sources = catalogue, sources
        self._fields = asyncio.Queue(maxsize=6)
        self._skipped = 0

    async def observe(self):
        """The telescope does not wait: a field that finds no room is left for another night."""
        draw = random.Random(21)
        due = time.monotonic()
        for number in range(1 << 40):
            due += CADENCE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if self._fields.full():
                self._skipped += 1
            else:
                self._fields.put_nowait(Field(number, draw))

    async def match(self):
        while True:
            field = await self._fields.get()
            peaks = list(field.peaks())
            known = await asyncio.gather(*(self._catalogue.near(peak) for peak in peaks))  # <- cost
            self._sources.extend(field, zip(peaks, known))
            logging.info("field %d: %d peaks, after %.2f s", field.number, len(peaks), time.monotonic() - field.at)

    async def report(self):
        while True:
            await asyncio.sleep(5)
            logging.info("%d lines, %d fields skipped", self._sources.lines, self._skipped)

    async def run(self):
        await asyncio.gather(self.observe(), self.match(), self.match(), self.report())


def answer(path):
    """What the archive says of a place; it takes the time of a query there."""
    time.sleep(0.03)
    number = sum(path.encode())
    return json.dumps({"sources": [f"NVSS-{number:06}"] if number % 3 else []}).encode()


async def main():
    survey = Survey(Catalogue(services.http_service(answer)), SourceList("sources.csv"))
    print("ready", os.getpid(), flush=True)
    await survey.run()


asyncio.run(main())
