# bench: healthy
# Relay for a harbour's mooring lines: sixty load cells send their tension over a connection each, which stays open; four
# times a second what came in goes to all screens as one message, encoded once; every few seconds a summary goes to a file
# from a thread. Bursts when a ship passes; otherwise it waits.
import asyncio
import contextlib
import json
import math
import os
import random
import struct
import sys
from collections import deque

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside  # noqa: E402

CELLS = 60
SCREENS = 12
SAMPLE = struct.Struct("!HIf")
ROUND = 0.25
SUMMARY = 3.0


class Line:
    """What is known of a mooring line."""

    __slots__ = ("number", "last", "peak", "recent", "samples")

    def __init__(self, number):
        self.number = number
        self.last = self.peak = 0.0
        self.samples = 0
        self.recent = deque(maxlen=50)

    def take(self, tension):
        self.last = tension
        self.peak = max(self.peak, tension)
        self.samples += 1
        self.recent.append(tension)

    def told(self):
        return {"line": self.number, "kN": round(self.last, 1), "peak": round(self.peak, 1)}


class Relay:
    def __init__(self):
        self.lines = {}
        self.changed = set()
        self.screens = set()
        self.alarms = deque(maxlen=500)

    async def cell(self, reader, writer):
        """A load cell's connection, as long as it holds."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                number, count, tension = SAMPLE.unpack(await reader.readexactly(SAMPLE.size))
                line = self.lines.get(number)
                if line is None:
                    line = self.lines[number] = Line(number)
                line.take(tension)
                self.changed.add(number)
                if tension > 480:
                    self.alarms.append((number, count, tension))
        writer.close()

    async def screen(self, reader, writer):
        """A screen's connection: it only listens."""
        mine = asyncio.Queue(maxsize=8)
        self.screens.add(mine)
        try:
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(await mine.get())
                    await writer.drain()
        finally:
            self.screens.discard(mine)
            writer.close()

    async def rounds(self):
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += ROUND
            await asyncio.sleep(due - loop.time())
            if not self.changed:
                continue
            told = [self.lines[number].told() for number in sorted(self.changed)]
            self.changed.clear()
            message = json.dumps(told).encode() + b"\n"
            for mine in self.screens:
                if mine.full():
                    mine.get_nowait()  # a screen that lags wants the newest
                mine.put_nowait(message)

    @staticmethod
    def append(rows):
        with open("tension.log", "a", encoding="ascii") as out:
            out.writelines(rows)

    async def summaries(self):
        while True:
            await asyncio.sleep(SUMMARY)
            rows = []
            for number, line in sorted(self.lines.items()):
                mean = math.fsum(line.recent) / max(1, len(line.recent))
                rows.append(f"{number} {line.samples} {mean:.2f} {line.peak:.2f}\n")
                line.peak *= 0.9
            await asyncio.to_thread(self.append, rows)


async def cells(port):
    """All load cells: two samples a second each, and fifty for a second when a ship passes."""
    rng = random.Random(4)

    async def one(number):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while True:
            passing = int(asyncio.get_running_loop().time()) % 4 == 0
            for _ in range(5 if passing else 1):
                count += 1
                writer.write(SAMPLE.pack(number, count, rng.gauss(220, 30) + 90 * passing))
            await writer.drain()
            await asyncio.sleep(0.1 if passing else 0.5)

    await asyncio.gather(*(one(number) for number in range(CELLS)))


async def screens(port):
    async def one():
        reader, _ = await asyncio.open_connection("127.0.0.1", port)
        while await reader.readline():
            pass

    await asyncio.gather(*(one() for _ in range(SCREENS)))


async def main():
    relay = Relay()
    inlet = await asyncio.start_server(relay.cell, "127.0.0.1", 0)
    outlet = await asyncio.start_server(relay.screen, "127.0.0.1", 0)
    ports[0].send((inlet.sockets[0].getsockname()[1], outlet.sockets[0].getsockname()[1]))
    background = [asyncio.create_task(relay.rounds()), asyncio.create_task(relay.summaries())]
    await asyncio.sleep(0.5)
    print("ready", flush=True)
    await asyncio.gather(*background)


def visitors(receiver):
    """Waits for the ports, then plays cells and screens in this process."""
    try:
        inlet, outlet = receiver.recv()

        async def both():
            await asyncio.gather(cells(inlet), screens(outlet))

        asyncio.run(both())
    except (EOFError, OSError):
        pass


if __name__ == "__main__":
    from multiprocessing import Pipe

    receiving, sending = Pipe(duplex=False)
    ports = [sending]

    def play():
        sending.close()
        visitors(receiving)

    outside(play)
    receiving.close()
    asyncio.run(main())
