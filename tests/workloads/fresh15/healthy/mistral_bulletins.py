# expect: healthy bench
# Bulletins of the mistral for vineyards: the office gathers the readings of its masts once a second, at most three at a
# time (that is what the masts' radio bears), makes a bulletin of them, and hands it to all growers who wait for news.
# The growers' long polls wait because there is no news yet. A bulletin is encoded once and its bytes go to everybody; the
# phrases are small files that are read where they are needed (from the page cache), kept in a bounded cache.
#
# Measured: MEASURED
import asyncio
import functools
import json
import logging
import os
import random
import socket
import sys
import time
from collections import deque
from pathlib import Path

import aiohttp

sys.path.append(str(Path(__file__).parents[2]))
import services

MASTS = 9
GROWERS = 40
PERIOD = 1.0
RADIO = 3
PHRASES = {"calm": "no wind to speak of", "breeze": "a breeze from the north", "wind": "wind", "storm": "stay inside"}


def mast(path):
    time.sleep(0.03)
    name = path.rsplit("/", 1)[1]
    dice = random.Random(f"{name} {int(time.time())}")
    return json.dumps({"mast": name, "wind": round(abs(dice.gauss(11, 6)), 1)}).encode()


@functools.lru_cache(maxsize=16)
def phrase(kind):
    """A phrase of the bulletin; somebody edits these files between seasons."""
    return Path("phrases", kind).read_text()


def force(wind):
    return "calm" if wind < 2 else "breeze" if wind < 8 else "wind" if wind < 17 else "storm"


class Masts:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}/masts/"
        self.radio = asyncio.Semaphore(RADIO)  # three channels: a fourth call at a time would jam the others
        self.session = None

    async def open(self):
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3))

    async def wind(self, name):
        async with self.radio, self.session.get(self.base + name) as answer:
            return name, (await answer.json())["wind"]

    async def all(self):
        return dict(await asyncio.gather(*(self.wind(f"mast-{at}") for at in range(MASTS))))


class Office:
    """The bulletins, the newest one encoded, and who waits for the next."""

    def __init__(self, masts):
        self.masts = masts
        self.number = 0
        self.newest = b""
        self.news = asyncio.Condition()
        self.past = deque(maxlen=600)
        self.told = 0

    def bulletin(self, winds):
        lines = [{"mast": name, "wind": wind, "text": phrase(force(wind))} for name, wind in winds.items()]
        mean = sum(winds.values()) / len(winds)
        self.past.append(mean)
        trend = mean - sum(self.past) / len(self.past)
        return {"number": self.number + 1, "mean": round(mean, 1), "trend": round(trend, 1), "lines": lines}

    async def publish(self):
        clock = asyncio.get_running_loop()
        due = clock.time()
        while True:
            body = json.dumps(self.bulletin(await self.masts.all())).encode() + b"\n"
            async with self.news:
                self.number, self.newest = self.number + 1, body
                self.news.notify_all()
            due = max(due + PERIOD, clock.time())
            await asyncio.sleep(due - clock.time())

    async def after(self, number):
        """The newest bulletin, once there is one after ``number``."""
        async with self.news:
            await self.news.wait_for(lambda: self.number > number)
            return self.newest

    async def serve(self, reader, writer):
        try:
            while line := await reader.readline():
                writer.write(await self.after(int(line)))
                await writer.drain()
                self.told += 1
        except ConnectionError:
            pass
        finally:
            writer.close()


async def grower(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    known = 0
    while True:
        writer.write(b"%d\n" % known)
        if not (line := await reader.readline()):
            return
        known = json.loads(line)["number"]


async def growers(port):
    await asyncio.gather(*(grower(port) for _ in range(GROWERS)))


def write_phrases():
    Path("phrases").mkdir()
    for kind, text in PHRASES.items():
        Path("phrases", kind).write_text(text)


async def main(masts_at, listener):
    masts = Masts(masts_at)
    await masts.open()
    office = Office(masts)
    server = await asyncio.start_server(office.serve, sock=listener)
    publishing = asyncio.create_task(office.publish())
    print(f"ready {os.getpid()}", flush=True)
    async with server:
        while not publishing.done():
            await asyncio.sleep(10)
            said = "%d bulletins, told %d times, cpu %.1f s"
            logging.info(said, office.number, office.told, time.process_time())
    publishing.result()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    write_phrases()
    listening = socket.create_server(("127.0.0.1", 0))
    mast_port = services.http_service(mast)
    services.outside(lambda: asyncio.run(growers(listening.getsockname()[1])))
    asyncio.run(main(mast_port, listening))
