# expect: healthy bench
"""Gateway of the wildlife crossings on a highway: roadside cameras report wombats, warning boards light up.

Cameras POST their sightings in bursts (a group crosses, and all cameras of a stretch see it); for each the present
traffic on the stretch is asked of the road authority, and the boards, connected by WebSocket, are told.

Measured: a sighting takes 187 ms in the median with the problem (worst 361 ms), 32 ms in the twin (worst 39 ms).
"""

import asyncio
import http.client
import json
import os
import random
import sys
import time
from threading import Thread

import aiohttp
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

CAMERAS = 10
BOARDS = 12
BURST_EVERY = 0.5


class TrafficClient:
    """The road authority's interface to its traffic counters."""

    def __init__(self, base):
        self.base = base
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))

    async def present(self, stretch):
        async with self.session.get(f"{self.base}/stretch/{stretch}/now") as answer:
            answer.raise_for_status()
            return await answer.json()

    async def close(self):
        await self.session.close()


class Boards:
    def __init__(self):
        self.by_stretch = {}
        self.lit_until = {}

    def join(self, stretch, line):
        self.by_stretch.setdefault(stretch, set()).add(line)

    def leave(self, stretch, line):
        self.by_stretch.get(stretch, set()).discard(line)

    async def light(self, stretch, speed, seconds):
        self.lit_until[stretch] = time.time() + seconds
        text = json.dumps({"stretch": stretch, "show": "WOMBATS", "speed": speed, "seconds": seconds})
        for line in list(self.by_stretch.get(stretch, ())):
            try:
                await line.send_str(text)
            except ConnectionError:
                self.leave(stretch, line)


def advised_speed(traffic, animals):
    crowded = traffic["stock"] > 6
    speed = 60 if crowded else 80
    return max(40, speed - 5 * animals)


async def sighting(request):
    report = await request.json()
    stretch, animals = int(report["stretch"]), int(report["animals"])
    if animals < 1:
        return web.json_response({"lit": False})
    traffic = await request.app["traffic"].present(stretch)
    speed = advised_speed(traffic, animals)
    await request.app["boards"].light(stretch, speed, 30 + 10 * animals)
    return web.json_response({"lit": True, "speed": speed})


async def board(request):
    stretch = int(request.match_info["stretch"])
    line = web.WebSocketResponse(heartbeat=20)
    await line.prepare(request)
    boards = request.app["boards"]
    boards.join(stretch, line)
    try:
        async for message in line:
            if message.type == aiohttp.WSMsgType.TEXT and message.data == "state":
                await line.send_str(json.dumps({"lit_until": boards.lit_until.get(stretch, 0)}))
    finally:
        boards.leave(stretch, line)
    return line


def cameras(port):
    """The cameras of the highway: all of them see the group at about the same time."""
    services.wait_for(port)
    taken = []

    def camera(number):
        line = http.client.HTTPConnection("127.0.0.1", port)
        due = time.monotonic() + 0.5
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            due += BURST_EVERY
            began = time.monotonic()
            body = json.dumps({"stretch": number % BOARDS, "animals": random.randint(1, 4), "camera": number})
            line.request("POST", "/sightings", body, {"Content-Type": "application/json"})
            line.getresponse().read()
            taken.append(time.monotonic() - began)

    for number in range(CAMERAS):
        Thread(target=camera, args=(number,), daemon=True).start()
    while True:
        time.sleep(3)
        last = sorted(taken[-200:])
        with open("cameras.txt", "w") as report:
            report.write(
                f"{len(taken)} sightings, median {last[len(last) // 2] * 1e3:.0f} ms, worst {last[-1] * 1e3:.0f} ms\n"
            )


def warning_boards(port):
    services.wait_for(port)

    async def one(session, number):
        async with session.ws_connect(f"http://127.0.0.1:{port}/boards/{number}") as line:
            async for _ in line:
                pass

    async def everyone():
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(one(session, number) for number in range(BOARDS)))

    asyncio.run(everyone())


def road_authority(path):
    time.sleep(0.03)
    number = sum(path.encode()) + int(time.time())
    return json.dumps({"path": path, "stock": number % 13, "mean_speed": 70 + number % 30}).encode()


async def main(port, authority):
    app = web.Application()
    app["traffic"] = TrafficClient(f"http://127.0.0.1:{authority}")
    app["boards"] = Boards()
    app.add_routes([web.post("/sightings", sighting), web.get("/boards/{stretch}", board)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.sleep(2)
    print("ready", os.getpid(), flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await app["traffic"].close()
        await runner.cleanup()


if __name__ == "__main__":
    authority = services.http_service(road_authority)
    port = services.free_port()
    services.outside(lambda: cameras(port))
    services.outside(lambda: warning_boards(port))
    asyncio.run(main(port, authority))
