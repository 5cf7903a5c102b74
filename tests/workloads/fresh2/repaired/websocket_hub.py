# expect: healthy bench
"""A hub of chat rooms over websockets, on aiohttp. Each message goes to an archive, which confirms it."""

import asyncio
import json
import logging
import os
import socket
import sys
import time
from pathlib import Path

import aiohttp
from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import services

ROOMS, GUESTS, PAUSE = 8, 40, 0.8
logging.basicConfig(filename="hub.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def archive_server(listening):
    """Confirms each batch of lines when its disk has them, which takes 8 ms."""

    async def serve(reader, writer):
        while line := await reader.readline():
            for _ in range(int(line)):
                await reader.readline()
            await asyncio.sleep(0.008)
            writer.write(b"kept\n")

    async def main():
        server = await asyncio.start_server(serve, sock=listening)
        await server.serve_forever()

    asyncio.run(main())


class Archive:
    """What was said, kept by another machine."""

    def __init__(self, port):
        self._waiting = asyncio.Queue(1000)
        self._writing = asyncio.create_task(self._write(port))

    async def keep(self, room, text):
        await self._waiting.put(f"{room} {text}\n")

    async def _write(self, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            lines = [await self._waiting.get()]
            while not self._waiting.empty():
                lines.append(self._waiting.get_nowait())
            writer.write(f"{len(lines)}\n{''.join(lines)}".encode())
            if await reader.readline() != b"kept\n":
                raise ConnectionError("the archive does not confirm")


class Hub:
    def __init__(self, archive):
        self._archive = archive
        self._rooms = {}
        self.said, self.late = 0, 0.0

    async def join(self, request):
        room = request.match_info["room"]
        line = web.WebSocketResponse(heartbeat=20)
        await line.prepare(request)
        here = self._rooms.setdefault(room, set())
        here.add(line)
        try:
            async for message in line:
                await self._say(room, here, message.data)
        finally:
            here.discard(line)
        return line

    async def _say(self, room, here, text):
        await self._archive.keep(room, text)
        for other in list(here):
            await other.send_str(text)
        self.said += 1
        self.late += time.monotonic() - json.loads(text)["at"]


def guests(port):
    async def guest(session, number):
        async with session.ws_connect(f"http://127.0.0.1:{port}/rooms/{number % ROOMS}") as line:

            async def listen():
                async for _ in line:
                    pass

            listening = asyncio.create_task(listen())
            await asyncio.sleep(number / GUESTS * PAUSE)
            while not listening.done():
                text = f"guest {number} says that it rains, and asks whether it will stop soon"
                await line.send_str(json.dumps({"at": time.monotonic(), "who": number, "text": text}))
                await asyncio.sleep(PAUSE)

    async def main():
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(guest(session, number) for number in range(GUESTS)))

    asyncio.run(main())


async def main():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        services.outside(lambda: archive_server(listening))
        archive = Archive(listening.getsockname()[1])
    hub = Hub(archive)
    application = web.Application()
    application.router.add_get("/rooms/{room}", hub.join)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    services.outside(lambda: guests(runner.addresses[0][1]))
    print("ready", os.getpid(), flush=True)
    while True:
        await asyncio.sleep(1)
        logging.info("%d messages, told %.1f ms after they were said", hub.said, 1000 * hub.late / max(1, hub.said))


asyncio.run(main())
