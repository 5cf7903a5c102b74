# expect: healthy bench
"""Who is at work: two hundred desks keep a line open and say every few seconds that somebody sits there. Asyncio."""

import asyncio
import collections
import logging
import os
import socket
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

DESKS, BEAT, PATIENCE = 200, 4.0, 15
logging.basicConfig(filename="presence.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Board:
    """Who was heard of, oldest first."""

    def __init__(self):
        self._heard = collections.OrderedDict()
        self.beats = self.changes = 0

    def hear(self, desk):
        self.beats += 1
        self.changes += desk not in self._heard
        self._heard[desk] = time.monotonic()
        self._heard.move_to_end(desk)

    async def sweep(self):
        """Removes who was not heard of for some time; sleeps until the next one may be due."""
        while True:
            now = time.monotonic()
            while self._heard and next(iter(self._heard.values())) < now - PATIENCE:
                self._heard.popitem(last=False)
                self.changes += 1
            first = next(iter(self._heard.values()), now)
            await asyncio.sleep(max(1.0, first + PATIENCE - now))

    def here(self):
        return len(self._heard)

    async def serve(self, reader, writer):
        try:
            async with asyncio.timeout(PATIENCE) as patience:
                while line := await reader.readline():
                    self.hear(line.decode().strip())
                    patience.reschedule(asyncio.get_running_loop().time() + PATIENCE)
                    writer.write(b"seen\n")
        except (TimeoutError, ConnectionError):
            self.changes += 1
        finally:
            writer.close()


def desks(port):
    async def desk(number):
        await asyncio.sleep(number / DESKS * BEAT)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            writer.write(f"desk-{number}\n".encode())
            if not await reader.readline():
                return
            await asyncio.sleep(BEAT)

    async def main():
        await asyncio.gather(*(desk(number) for number in range(DESKS)))

    asyncio.run(main())


async def main():
    board = Board()
    with socket.create_server(("127.0.0.1", 0), backlog=DESKS) as listening:
        server = await asyncio.start_server(board.serve, sock=listening)
        services.outside(lambda: desks(listening.getsockname()[1]))
        sweeping = asyncio.create_task(board.sweep())
        async with server:
            print("ready", os.getpid(), flush=True)
            while not sweeping.done():
                await asyncio.sleep(1)
                logging.info("%d beats, %d changes, %d here", board.beats, board.changes, board.here())


asyncio.run(main())
