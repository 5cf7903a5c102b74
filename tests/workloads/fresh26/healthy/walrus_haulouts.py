# expect: healthy bench
"""WebSocket hub for the webcams at walrus haul-outs: counts made from the pictures of the cameras come in over HTTP, and
go to everybody who follows a beach. A server under a steady load, all in one event loop.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import deque

import aiohttp
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

BEACHES = ["round-island", "cape-peirce", "point-lay", "hagemeister", "cape-serdtse", "kolyuchin"]
FOLLOWERS_PER_BEACH = 60
CAMERAS = 6
COUNTS_PER_SECOND = 120
QUEUE = 32


class Follower:
    """One connection; one that is too slow loses the oldest counts rather than holding up the others."""

    def __init__(self, line):
        self.line = line
        self.waiting = deque(maxlen=QUEUE)
        self.wake = asyncio.Event()

    def offer(self, text):
        self.waiting.append(text)
        self.wake.set()

    async def send(self):
        while True:
            await self.wake.wait()
            self.wake.clear()
            while self.waiting:
                await self.line.send_str(self.waiting.popleft())


class Beach:
    def __init__(self, name):
        self.name = name
        self.followers = set()
        self.recent = deque(maxlen=60)
        self.total = 0

    def count(self, camera, animals, at):
        self.total += 1
        self.recent.append(animals)
        mean = sum(self.recent) / len(self.recent)
        text = json.dumps({"beach": self.name, "camera": camera, "animals": animals, "mean": round(mean, 1), "at": at})
        for follower in self.followers:
            follower.offer(text)
        return mean


beaches = {name: Beach(name) for name in BEACHES}


async def count(request):
    beach = beaches.get(request.match_info["beach"])
    if beach is None:
        raise web.HTTPNotFound
    told = await request.json()
    mean = beach.count(int(told["camera"]), int(told["animals"]), float(told["at"]))
    return web.json_response({"mean": mean, "followers": len(beach.followers)})


async def follow(request):
    beach = beaches.get(request.match_info["beach"])
    if beach is None:
        raise web.HTTPNotFound
    line = web.WebSocketResponse(heartbeat=30, compress=False)
    await line.prepare(request)
    follower = Follower(line)
    beach.followers.add(follower)
    sending = asyncio.create_task(follower.send())
    try:
        async for _ in line:
            pass
    finally:
        beach.followers.discard(follower)
        sending.cancel()
    return line


def followers(port):
    """Those who follow the beaches."""
    services.wait_for(port)

    async def one(session, beach):
        async with session.ws_connect(f"http://127.0.0.1:{port}/beaches/{beach}/live") as line:
            async for _ in line:
                pass

    async def everyone():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            await asyncio.gather(*(one(session, beach) for beach in BEACHES for _ in range(FOLLOWERS_PER_BEACH)))

    asyncio.run(everyone())


def cameras(port):
    """The cameras' counters."""
    services.wait_for(port)

    async def one(session, camera):
        due = time.monotonic() + camera / COUNTS_PER_SECOND
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += CAMERAS / COUNTS_PER_SECOND
            told = {"camera": camera, "animals": random.randint(0, 900), "at": time.time()}
            async with session.post(f"http://127.0.0.1:{port}/beaches/{random.choice(BEACHES)}", json=told) as answer:
                await answer.read()

    async def everyone():
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(one(session, camera) for camera in range(CAMERAS)))

    asyncio.run(everyone())


async def main(port):
    app = web.Application()
    app.add_routes([web.post("/beaches/{beach}", count), web.get("/beaches/{beach}/live", follow)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=512).start()
    while sum(len(beach.followers) for beach in beaches.values()) < len(BEACHES) * FOLLOWERS_PER_BEACH:
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    print("ready", os.getpid(), flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    port = services.free_port()
    services.outside(lambda: followers(port))
    services.outside(lambda: cameras(port))
    asyncio.run(main(port))
