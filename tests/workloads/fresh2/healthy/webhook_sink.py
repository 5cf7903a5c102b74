# expect: healthy bench
"""Takes webhooks in bursts, on aiohttp. A burst is written at once by a thread, synced, and only then answered."""

import asyncio
import hashlib
import hmac
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

SECRET = b"the secret of these webhooks"
logging.basicConfig(filename="sink.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Journal:
    """What was taken, in a file. Those who come while it is being synced go with the next sync, together."""

    def __init__(self, path):
        self._file = open(path, "ab", buffering=1 << 16)
        self._waiting = []
        self._some = asyncio.Event()
        self.syncs = 0

    async def keep(self, line):
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((line, kept))
        self._some.set()
        await kept

    async def write(self):
        while True:
            await self._some.wait()
            self._some.clear()
            await asyncio.sleep(0.005)  # the others of the burst
            burst, self._waiting = self._waiting, []
            await asyncio.to_thread(self._sync, b"".join(line for line, _ in burst))
            for _, kept in burst:
                kept.set_result(None)

    def _sync(self, lines):
        if self._file.tell() > 16 << 20:
            self._file.truncate(0)
        self._file.write(lines)
        self._file.flush()
        os.fdatasync(self._file.fileno())
        self.syncs += 1


class Sink:
    def __init__(self, journal):
        self._journal = journal
        self.taken = self.refused = 0

    async def take(self, request):
        body = await request.read()
        signed = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signed, request.headers.get("X-Signature", "")):
            self.refused += 1
            return web.Response(status=403)
        event = json.loads(body)
        await self._journal.keep(f"{event['shop']};{event['order']};{event['cents']}\n".encode())
        self.taken += 1
        return web.Response(status=204)


def shops(port):
    """Thirty hooks twice a second, and one that is wrongly signed."""

    async def post(session, number):
        event = {"shop": number % 31, "order": number, "cents": number * 7919 % 90000, "items": [number % 7] * 9}
        body = json.dumps(event).encode()
        signed = hmac.new(SECRET, body, hashlib.sha256).hexdigest() if number % 31 else "?"
        async with session.post(f"http://127.0.0.1:{port}/hook", data=body, headers={"X-Signature": signed}) as answer:
            await answer.read()

    async def main():
        async with aiohttp.ClientSession() as session:
            for first in range(0, 1 << 40, 31):
                began = time.monotonic()
                await asyncio.gather(*(post(session, first + n) for n in range(31)))
                await asyncio.sleep(max(0.0, began + 0.5 - time.monotonic()))

    asyncio.run(main())


async def main():
    journal = Journal("hooks.txt")
    writing = asyncio.create_task(journal.write())
    sink = Sink(journal)
    application = web.Application()
    application.router.add_post("/hook", sink.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        await web.SockSite(runner, listening).start()
        services.outside(lambda: shops(listening.getsockname()[1]))
        print("ready", os.getpid(), flush=True)
        while not writing.done():
            await asyncio.sleep(1)
            logging.info("%d hooks taken, %d refused, %d syncs", sink.taken, sink.refused, journal.syncs)


asyncio.run(main())
