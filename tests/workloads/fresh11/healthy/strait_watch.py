# expect: healthy bench
"""The bridge displays of a ferry company in a busy strait: receivers on the coast send the positions of all ships, the
company works out how near its ferries come to others within the next twenty minutes, and each bridge gets the picture
of its own ferry four times a second.

Asked of it: 19,000 positions a second, and four pictures a second for each of six ferries, without holding the loop for
more than a few milliseconds at a time.
"""

import asyncio
import math
import os
import random
import socket
import struct
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

POSITION = struct.Struct("!IffffI")  # ship, metres east and north, metres a second east and north, time
SHIPS = 4800
FERRIES = range(6)
RECEIVERS = 3
CELL = 6000.0  # metres
HORIZON = 1200.0  # seconds


class Track:
    __slots__ = ("ship", "east", "north", "u", "v", "cell", "told")

    def __init__(self, ship):
        self.ship = ship
        self.cell = None
        self.told = 0


class Strait:
    """Where everybody is, by ship and by squares of the chart."""

    def __init__(self):
        self._tracks = {}
        self._cells = defaultdict(dict)
        self.positions = 0

    def update(self, ship, east, north, u, v, told):
        track = self._tracks.get(ship)
        if track is None:
            track = self._tracks[ship] = Track(ship)
        track.east, track.north, track.u, track.v, track.told = east, north, u, v, told
        cell = (int(east // CELL), int(north // CELL))
        if cell != track.cell:
            if track.cell is not None:
                del self._cells[track.cell][ship]
            self._cells[cell][ship] = track
            track.cell = cell
        self.positions += 1

    def around(self, ferry):
        own = self._tracks.get(ferry)
        if own is None:
            return
        column, row = own.cell
        for x in (column - 1, column, column + 1):
            for y in (row - 1, row, row + 1):
                for track in self._cells.get((x, y), {}).values():
                    if track is not own:
                        yield own, track


def approach(own, other):
    """When two come nearest to each other, and how near."""
    x, y = other.east - own.east, other.north - own.north
    u, v = other.u - own.u, other.v - own.v
    square = u * u + v * v
    when = min(HORIZON, max(0.0, -(x * u + y * v) / square)) if square > 1e-6 else 0.0
    return when, math.hypot(x + u * when, y + v * when)


class Bridge:
    """The display of one ferry. A picture that could not be sent yet is replaced by the next one."""

    def __init__(self, ferry, writer):
        self.ferry, self._writer = ferry, writer
        self._fresh = asyncio.Event()
        self._picture = b""

    def show(self, picture):
        self._picture = picture
        self._fresh.set()

    async def send(self):
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            self._writer.write(self._picture)
            await self._writer.drain()


class Watch:
    def __init__(self):
        self._strait = Strait()
        self._bridges = {}
        self.warnings = self.pictures = 0

    async def receive(self, reader, _):
        """The line from a receiver: reports come in blocks."""
        rest = b""
        while block := await reader.read(1 << 15):
            block = rest + block if rest else block
            whole = len(block) // POSITION.size * POSITION.size
            for report in POSITION.iter_unpack(block[:whole]):
                self._strait.update(*report)
            rest = block[whole:]

    async def display(self, reader, writer):
        ferry = int(await reader.readline())
        bridge = self._bridges[ferry] = Bridge(ferry, writer)
        try:
            await bridge.send()
        except ConnectionError:
            del self._bridges[ferry]

    def picture(self, ferry):
        lines = []
        for own, other in self._strait.around(ferry):
            when, distance = approach(own, other)
            if distance < 1800:
                mark = "!" if distance < 500 and when < 600 else " "
                self.warnings += mark == "!"
                lines.append((distance, f"{mark} {other.ship:6d} {distance:7.0f} m in {when:5.0f} s"))
        lines.sort()
        return ("\n".join(text for _, text in lines[:25]) + "\n\n").encode()

    async def paint(self):
        """A ferry each 42 ms, so that no bridge is painted in one go with all others."""
        while True:
            for ferry in FERRIES:
                await asyncio.sleep(0.25 / len(FERRIES))
                bridge = self._bridges.get(ferry)
                if bridge:
                    bridge.show(self.picture(ferry))
                    self.pictures += 1

    async def tell(self):
        while True:
            await asyncio.sleep(3)
            spent = time.process_time()
            told = f"{self._strait.positions} positions, {self.pictures} pictures, {self.warnings} warnings"
            print(f"{told}, {spent:.2f} s of CPU", file=sys.stderr)


def coast(receivers, displays):
    """The receivers and the bridges, elsewhere."""

    def receiver(number):
        chance = random.Random(number)
        ships = [
            [ship, chance.uniform(0, 25e3), chance.uniform(0, 25e3), chance.gauss(0, 5), chance.gauss(0, 5)]
            for ship in range(number, SHIPS, RECEIVERS)
        ]
        with socket.create_connection(("127.0.0.1", receivers)) as line:
            for at in range(1 << 40):
                part = ships[at % 5 :: 5]
                for each in part:
                    each[1] = (each[1] + each[3] * 0.25) % 25e3
                    each[2] = (each[2] + each[4] * 0.25) % 25e3
                line.sendall(b"".join(POSITION.pack(*each, at) for each in part))
                time.sleep(0.05)

    def bridge(ferry):
        with socket.create_connection(("127.0.0.1", displays)) as line:
            line.sendall(b"%d\n" % ferry)
            while line.recv(1 << 16):
                pass

    lines = [threading.Thread(target=receiver, args=(number,), daemon=True) for number in range(RECEIVERS)]
    lines += [threading.Thread(target=bridge, args=(ferry,), daemon=True) for ferry in FERRIES]
    for line in lines:
        line.start()
    for line in lines:
        line.join()


async def main():
    watch = Watch()
    receivers = await asyncio.start_server(watch.receive, "127.0.0.1", 0)
    displays = await asyncio.start_server(watch.display, "127.0.0.1", 0)
    ports = [server.sockets[0].getsockname()[1] for server in (receivers, displays)]
    services.outside(lambda: coast(*ports))
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(watch.paint(), watch.tell())


if __name__ == "__main__":
    asyncio.run(main())
