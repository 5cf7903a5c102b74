# expect: healthy bench
"""A service of prices on asyncio: answers lines of several customers from what it keeps, and counts who asks."""

import asyncio
import hashlib
import logging
import os
import socket
import sys
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

logging.basicConfig(filename="prices.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
PRICES = {f"article-{number}": 100 + number * 7919 % 9000 for number in range(5000)}


def customer(port, seed):
    """Asks for many prices at once, and again when it has them."""
    number = seed
    with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as answers:
        while True:
            number += 1
            asked = ",".join(f"article-{(number * 31 + step * 7) % 5200}" for step in range(60))
            connection.sendall(f"c{seed} {asked}\n".encode())
            answers.readline()


class Prices:
    def __init__(self):
        self._asked = Counter()
        self.answers = 0

    def answer(self, line):
        who, _, names = line.decode().rstrip("\n").partition(" ")
        self._asked[who] += 1
        found = [(name, PRICES.get(name)) for name in names.split(",")]
        total = sum(price for _, price in found if price is not None)
        text = ",".join("-" if price is None else f"{price / 100:.2f}" for _, price in found)
        proof = hashlib.sha256(f"{who}{total}{text}".encode()).hexdigest()
        self.answers += 1
        return f"{total / 100:.2f} {text} {proof}\n".encode()

    async def serve(self, reader, writer):
        while line := await reader.readline():
            writer.write(self.answer(line))
            await writer.drain()
        writer.close()


async def main():
    prices = Prices()
    server = await asyncio.start_server(prices.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for seed in range(3):
        services.outside(lambda seed=seed: customer(port, seed))
    print("ready", os.getpid(), flush=True)
    while True:
        await asyncio.sleep(1)
        logging.info("%d answers given", prices.answers)


asyncio.run(main())
