# expect: healthy bench
"""The chat rooms of a network of tinsmiths: members post into rooms, and read the last lines of a room.

Each line is scored by the company's moderation service before the others see it. aiohttp; the rooms are in memory.

Measured: 13 lines and 60 reads a second: a read takes 47 ms (median); repaired 0.8 ms.
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections import deque

import aiohttp
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

log = logging.getLogger("chatter")

ROOMS = ("solder", "snips", "lanterns", "teapots", "weathercocks", "toys")
KEPT = 40
MODERATION_SECONDS = 0.05
POSTS_PER_SECOND = 13
READS_PER_SECOND = 60


def moderate(path):
    time.sleep(MODERATION_SECONDS)
    return json.dumps({"score": len(path) % 10 / 20, "model": "tin-2", "labels": []}).encode()


moderation = f"http://127.0.0.1:{services.http_service(moderate)}"
port = services.free_port()


class Room:
    def __init__(self, name):
        self.name = name
        self.lines = deque(maxlen=KEPT)
        self.number = 0
        self.refused = 0

    def add(self, author, text):
        self.number += 1
        line = {"number": self.number, "author": author, "text": text, "at": round(time.time(), 3)}
        self.lines.append(line)
        return line


class Moderator:
    """Asks the moderation service what it thinks of a line."""

    limit = 0.8

    def __init__(self, address):
        self.address = address
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3))

    async def close(self):
        await self.session.close()

    async def allows(self, room, author, text):
        try:
            async with self.session.post(
                f"{self.address}/v1/score",
                json={"room": room, "author": author, "text": text},
                raise_for_status=True,
            ) as answer:
                said = await answer.json()
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            log.warning("moderation: %s", error)
            return True
        return said["score"] < self.limit


routes = web.RouteTableDef()
rooms = web.AppKey("rooms", dict)
moderator = web.AppKey("moderator", Moderator)


def room_of(request):
    room = request.app[rooms].get(request.match_info["room"])
    if room is None:
        raise web.HTTPNotFound(text="no such room")
    return room


@routes.post("/rooms/{room}/lines")
async def post_line(request):
    room = room_of(request)
    said = json.loads(await request.text())
    author, text = said["author"], said["text"].strip()
    if not 0 < len(text) <= 500:
        raise web.HTTPBadRequest(text="a line has 1 to 500 characters")
    if not await request.app[moderator].allows(room.name, author, text):
        room.refused += 1
        raise web.HTTPUnprocessableEntity(text="not in this room")
    return web.json_response(room.add(author, text), status=201)


@routes.get("/rooms/{room}/lines")
async def last_lines(request):
    room = room_of(request)
    return web.json_response({"room": room.name, "lines": list(room.lines)})


@routes.get("/rooms")
async def all_rooms(request):
    return web.json_response([{"room": room.name, "last": room.number} for room in request.app[rooms].values()])


async def lifespan(app):
    app[moderator] = Moderator(moderation)
    announced = asyncio.create_task(announce())
    yield
    announced.cancel()
    await app[moderator].close()


async def announce():
    await asyncio.sleep(2)
    print("ready", os.getpid(), flush=True)


def make_app():
    app = web.Application(client_max_size=64 * 1024)
    app[rooms] = {name: Room(name) for name in ROOMS}
    app.add_routes(routes)
    app.cleanup_ctx.append(lifespan)
    return app


def start_members():
    paths = [f"/rooms/{name}/lines" for name in ROOMS]
    line = json.dumps({"author": "whitesmith", "text": "the seam of the third teapot holds at last"})
    services.outside(lambda: clients.come(port, paths, POSTS_PER_SECOND, workers=8, body=line))
    services.outside(lambda: clients.come(port, [*paths, "/rooms"], READS_PER_SECOND, workers=8))


def main():
    logging.basicConfig(level=logging.WARNING)
    start_members()
    web.run_app(make_app(), host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
