# expect: pattern=failing-dependency bench
"""Puts together the front pages of a newspaper's regional editions: asks for the stories of a region, and for how many
readers' comments each has (a service of the community team behind a proxy), and writes the page.

Measured: 260 ms an edition, with three broken connections and 240 ms of pauses; 8 ms in the twin.
"""

import asyncio
import html
import itertools
import json
import logging
import os
import random
import socket
import sys
import time
from pathlib import Path

import aiohttp

sys.path.append(str(Path(__file__).parents[2]))
import services

REGIONS = [f"region-{n:02d}" for n in range(24)]
ATTEMPTS, PAUSE = 3, 0.08
logging.basicConfig(filename="editions.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def stories_of(path):
    """The stories' service: the newest of a region."""
    chance = random.Random(path + str(time.time_ns() // 10**9))
    time.sleep(0.004)
    told = [
        {"id": chance.randrange(10**6), "title": f"Story {n} <{path}>", "weight": chance.random()} for n in range(30)
    ]
    return json.dumps(told).encode()


def proxy(listening):
    """The proxy of the community team: nothing is behind it any more."""
    while True:
        line, _ = listening.accept()
        line.recv(4096)
        line.close()


class Stories:
    def __init__(self, session, port):
        self._session, self._url = session, f"http://127.0.0.1:{port}/stories/"

    async def newest(self, region):
        async with self._session.get(self._url + region) as answer:
            answer.raise_for_status()
            return await answer.json()


class Comments:
    """How many comments stories have; nothing, if it cannot be learnt."""

    def __init__(self, session, port):
        self._session, self._url = session, f"http://127.0.0.1:{port}/counts"
        self.unknown = 0

    async def counts(self, ids):
        asked = {"ids": ",".join(map(str, ids))}
        for _ in range(ATTEMPTS):  # <- cost
            try:
                async with self._session.get(self._url, params=asked) as answer:  # <- cost
                    answer.raise_for_status()
                    return await answer.json()
            except (aiohttp.ClientError, asyncio.TimeoutError) as problem:
                logging.debug("comments: %r", problem)
                await asyncio.sleep(PAUSE)  # <- cost
        self.unknown += 1
        return {}


class Edition:
    """The front page of one region."""

    def __init__(self, region, stories, comments):
        self.region = region
        self._stories, self._comments = stories, comments

    async def publish(self):
        stories = await self._stories.newest(self.region)
        top = sorted(stories, key=lambda story: story["weight"], reverse=True)[:12]
        counts = await self._comments.counts([story["id"] for story in top])  # <- cost
        await asyncio.to_thread(self._write, self._page(top, counts))

    def _page(self, top, counts):
        lines = [f"<h1>{html.escape(self.region)}</h1>"]
        for story in top:
            said = counts.get(str(story["id"]))
            note = f" <small>{said} comments</small>" if said is not None else ""
            lines.append(f"<li>{html.escape(story['title'])}{note}</li>")
        return "\n".join(lines)

    def _write(self, page):
        Path(f"{self.region}.html").write_text(page)


async def editor(editions, done):
    """Publishes the editions that it is given, one after the other, with a breath between them."""
    for edition in editions:
        began = time.perf_counter()
        await edition.publish()  # <- cost
        done.append(time.perf_counter() - began)
        await asyncio.sleep(0.1)


async def report(done, comments):
    while True:
        await asyncio.sleep(2)
        taken = done.copy()
        done.clear()
        mean = sum(taken) / max(1, len(taken)) * 1000
        logging.info("%.0f editions a second, %.0f ms each, %d bare", len(taken) / 2, mean, comments.unknown)


async def main():
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    services.outside(lambda: proxy(listening))
    comments_port = listening.getsockname()[1]
    listening.close()
    stories_port = services.http_service(stories_of)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        stories, comments = Stories(session, stories_port), Comments(session, comments_port)
        editions = [Edition(region, stories, comments) for region in REGIONS]
        done = []
        await editions[0].publish()
        print("ready", os.getpid(), flush=True)
        shares = [itertools.cycle(editions[n::8]) for n in range(8)]
        await asyncio.gather(report(done, comments), *(editor(share, done) for share in shares))


asyncio.run(main())
