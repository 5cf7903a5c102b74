# expect: healthy bench
"""A zone of an online game: takes the moves of its players on connections that stay open, moves the world on ten times a
second, and tells each player who is near. Records of fixed size, a grid of who stands where, one write for a player and
round.

Measured: 60 players and 10 rounds a second take about 5 % of a core.
"""

import asyncio
import os
import random
import socket
import struct
import sys
import time
from collections import deque
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

PLAYERS, ROUND, SIDE, CELL, SPEED = 60, 0.1, 600.0, 60.0, 22.0
MOVE = struct.Struct("!ff")
HEAD = struct.Struct("!IH")
SEEN = struct.Struct("!Hfff")


class Player:
    __slots__ = ("health", "near", "number", "vx", "vy", "writer", "x", "y")

    def __init__(self, number, writer):
        self.number, self.writer = number, writer
        self.x, self.y = (number * 97.0) % SIDE, (number * 61.0) % SIDE
        self.vx = self.vy = 0.0
        self.health = 100.0

    @property
    def cell(self):
        return int(self.x / CELL), int(self.y / CELL)


class Zone:
    def __init__(self):
        self.players = {}
        self.rounds = 0
        self._numbers = iter(range(1 << 16))
        self._spent = deque(maxlen=100)

    async def welcome(self, reader, writer):
        """Reads the moves of one player until it leaves."""
        player = Player(next(self._numbers), writer)
        self.players[player.number] = player
        try:
            while True:
                player.vx, player.vy = MOVE.unpack(await reader.readexactly(MOVE.size))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            del self.players[player.number]
            writer.close()

    def _step(self):
        grid = {}
        for player in self.players.values():
            player.x = min(SIDE - 1, max(0.0, player.x + player.vx * SPEED * ROUND))
            player.y = min(SIDE - 1, max(0.0, player.y + player.vy * SPEED * ROUND))
            player.health = min(100.0, player.health + 0.2)
            grid.setdefault(player.cell, []).append(player)
        return grid

    def _seen(self, player, grid):
        column, row = player.cell
        for x in (column - 1, column, column + 1):
            for y in (row - 1, row, row + 1):
                for other in grid.get((x, y), ()):
                    if other is not player:
                        yield other

    def _tell(self, player, grid):
        if player.writer.transport.get_write_buffer_size() > 65536:
            return  # it does not keep up, and gets the newest later
        records = [SEEN.pack(o.number, o.x, o.y, o.health) for o in self._seen(player, grid)]
        player.writer.write(HEAD.pack(self.rounds, len(records)) + b"".join(records))

    async def run(self):
        due = time.monotonic()
        while True:
            began = time.monotonic()
            grid = self._step()
            for player in self.players.values():
                self._tell(player, grid)
            self.rounds += 1
            self._spent.append(time.monotonic() - began)
            due = max(due + ROUND, began)
            await asyncio.sleep(due - time.monotonic())

    async def report(self, path):
        while True:
            await asyncio.sleep(5)
            longest = max(self._spent) * 1000
            path.write_text(f"{len(self.players)} players, {self.rounds} rounds, {longest:.1f} ms at most\n")


def play(port):
    """All players, in a process of its own: each changes its course about three times a second."""

    async def one(number):
        chosen = random.Random(number)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def look():
            while True:
                _, count = HEAD.unpack(await reader.readexactly(HEAD.size))
                await reader.readexactly(count * SEEN.size)

        looking = asyncio.create_task(look())
        while not looking.done():
            writer.write(MOVE.pack(chosen.uniform(-1, 1), chosen.uniform(-1, 1)))
            await asyncio.sleep(chosen.uniform(0.2, 0.5))

    async def everybody():
        await asyncio.gather(*(one(number) for number in range(PLAYERS)), return_exceptions=True)

    asyncio.run(everybody())


async def main(listening):
    zone = Zone()
    server = await asyncio.start_server(zone.welcome, sock=listening)
    print("ready", os.getpid(), flush=True)
    async with server:
        await asyncio.gather(zone.run(), zone.report(Path("zone.txt")))


if __name__ == "__main__":
    gate = socket.create_server(("127.0.0.1", 0), backlog=PLAYERS)
    services.outside(lambda: play(gate.getsockname()[1]))
    asyncio.run(main(gate))
