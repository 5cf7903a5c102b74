# expect: healthy bench
"""The world of a small game: it moves twenty times a second, and tells every player what has changed near him. Players
are on lines of their own and send where they want to go.
"""

import asyncio
import logging
import math
import os
import random
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

TICK, PLAYERS, SIZE, SIGHT, CELL = 0.05, 30, 400.0, 40.0, 40.0
WISH, SEEN = struct.Struct("<ff"), struct.Struct("<Hff")
logging.basicConfig(filename="world.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


@dataclass
class Player:
    number: int
    writer: asyncio.StreamWriter
    x: float
    y: float
    wish: tuple = (0.0, 0.0)
    cell: tuple = field(default=(0, 0))

    def step(self):
        east, north = self.wish
        length = math.hypot(east, north) or 1.0
        self.x = (self.x + east / length) % SIZE
        self.y = (self.y + north / length) % SIZE
        self.cell = (int(self.x // CELL), int(self.y // CELL))


class World:
    def __init__(self):
        self.players = {}
        self.next = 0
        self.ticks, self.late, self.told = 0, 0, 0

    async def enter(self, reader, writer):
        chosen = random.Random(self.next)
        player = Player(self.next, writer, chosen.random() * SIZE, chosen.random() * SIZE)
        self.players[self.next] = player
        self.next += 1
        try:
            while True:
                player.wish = WISH.unpack(await reader.readexactly(WISH.size))
        except (asyncio.IncompleteReadError, ConnectionError):
            logging.info("player %d has left", player.number)
        finally:
            self.players.pop(player.number, None)
            writer.close()

    def tick(self):
        cells = {}
        for player in self.players.values():
            player.step()
            cells.setdefault(player.cell, []).append(player)
        for player in self.players.values():
            column, row = player.cell
            near = [
                SEEN.pack(other.number, other.x, other.y)
                for across in (-1, 0, 1)
                for down in (-1, 0, 1)
                for other in cells.get((column + across, row + down), ())
                if math.hypot(other.x - player.x, other.y - player.y) < SIGHT
            ]
            player.writer.write(bytes([len(near)]) + b"".join(near))
            self.told += len(near)
        self.ticks += 1

    async def run(self):
        due = time.monotonic()
        while True:
            self.tick()
            due += TICK
            left = due - time.monotonic()
            if left < 0:
                self.late, due = self.late + 1, time.monotonic()
            await asyncio.sleep(max(0.0, left))


def play(port):
    """The players: all of them in one process, each on his line."""

    async def one(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        chosen = random.Random(number)
        while True:
            writer.write(WISH.pack(chosen.uniform(-1, 1), chosen.uniform(-1, 1)))
            for _ in range(10):
                count = (await reader.readexactly(1))[0]
                await reader.readexactly(count * SEEN.size)

    async def everybody():
        await asyncio.gather(*(one(number) for number in range(PLAYERS)), return_exceptions=True)

    asyncio.run(everybody())


async def main():
    world = World()
    door = socket.create_server(("127.0.0.1", 0))
    port = door.getsockname()[1]
    services.outside(lambda: play(port))
    await asyncio.start_server(world.enter, sock=door)
    moving = asyncio.create_task(world.run())
    print("ready", os.getpid(), flush=True)
    while not moving.done():
        await asyncio.sleep(1)
        logging.info("%d ticks, %d late, %d players, %d told", world.ticks, world.late, len(world.players), world.told)


asyncio.run(main())
