# expect: healthy bench
"""Tells the depth of the order books of an exchange: a line for each price at which somebody buys or sells. Asyncio."""

import asyncio
import bisect
import logging
import os
import random
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

PAPERS, DEPTH = 30, 250
logging.basicConfig(filename="depth.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Book:
    """The open orders of a paper, by price."""

    def __init__(self, number):
        self._random = random.Random(number)
        self._prices = sorted(self._random.sample(range(5000, 9000), DEPTH))
        self._pieces = {price: self._random.randrange(1, 500) for price in self._prices}

    def change(self):
        """Somebody moves his order."""
        gone = self._prices.pop(self._random.randrange(DEPTH))
        pieces = self._pieces.pop(gone)
        price = gone
        while price in self._pieces or price == gone:
            price = self._random.randrange(5000, 9000)
        bisect.insort(self._prices, price)
        self._pieces[price] = pieces

    def lines(self):
        for price in self._prices:
            yield b"%d.%02d %d\n" % (price // 100, price % 100, self._pieces[price])


class Feed:
    def __init__(self):
        self._books = {f"paper{number}": Book(number) for number in range(PAPERS)}
        self.told, self.changed = 0, 0

    async def serve(self, reader, writer):
        try:
            while name := (await reader.readline()).decode().strip():
                book = self._books[name]
                for _ in range(5):
                    book.change()
                    self.changed += 1
                await self.tell(book, writer)
        except ConnectionError:
            logging.info("a reader went away")
        finally:
            writer.close()

    async def tell(self, book, writer):
        writer.write(b"".join(book.lines()) + b"\n")
        await writer.drain()
        self.told += 1


async def main():
    feed = Feed()
    server = await asyncio.start_server(feed.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    names = [f"paper{number}" for number in range(PAPERS)]
    services.outside(lambda: clients.ask_lines(port, names, workers=2))
    print("ready", os.getpid(), flush=True)
    while True:
        await asyncio.sleep(1)
        each = 1000 * time.process_time() / max(1, feed.told)
        logging.info("%d books told, %.2f ms of a core each, %d changes", feed.told, each, feed.changed)


asyncio.run(main())
