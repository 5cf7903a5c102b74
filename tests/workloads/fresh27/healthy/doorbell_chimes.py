# expect: healthy bench
"""Listens to the doorbells and chimes of an apartment house: heartbeats and rings over UDP, mostly silence.

A ring goes to the chime of its flat; a doorbell that was not heard for a while is reported. What happened is kept in
a day book, which is written in blocks.
"""

import asyncio
import json
import os
import random
import socket
import sys
import time
from dataclasses import dataclass, field

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

FLATS = 180
SILENT_AFTER = 90.0
CHECK_SECONDS = 15.0
WRITE_SECONDS = 10.0
MESSAGES_PER_SECOND = 8
DAY_BOOK_BYTES = 4 << 20


@dataclass
class Doorbell:
    flat: int
    heard: float
    battery: int = 100
    rings: int = 0
    silent: bool = False


@dataclass
class DayBook:
    path: str
    lines: list = field(default_factory=list)

    def note(self, what, **more):
        self.lines.append(json.dumps({"at": round(time.time(), 2), "what": what, **more}))

    def write(self):
        if not self.lines:
            return
        text = "\n".join(self.lines) + "\n"
        self.lines.clear()
        with open(self.path, "a") as out:
            out.write(text)
            full = out.tell() > DAY_BOOK_BYTES
        if full:
            os.replace(self.path, self.path + ".1")


class House(asyncio.DatagramProtocol):
    def __init__(self, book):
        now = time.monotonic()
        self.bells = {flat: Doorbell(flat, now) for flat in range(FLATS)}
        self.book = book
        self.transport = None
        self.refused = 0

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        kind, flat, battery = data[:1], int.from_bytes(data[1:3], "big"), data[3] if len(data) > 3 else 0
        bell = self.bells.get(flat)
        if bell is None or kind not in (b"h", b"r"):
            self.refused += 1
            return
        bell.heard = time.monotonic()
        if bell.silent:
            bell.silent = False
            self.book.note("back", flat=flat)
        if battery < 15 <= bell.battery:
            self.book.note("battery", flat=flat, percent=battery)
        bell.battery = battery
        if kind == b"r":
            bell.rings += 1
            self.transport.sendto(b"c" + data[1:3], address)
            self.book.note("ring", flat=flat)

    def check(self):
        now = time.monotonic()
        for bell in self.bells.values():
            if not bell.silent and now - bell.heard > SILENT_AFTER:
                bell.silent = True
                self.book.note("silent", flat=bell.flat)


async def every(seconds, do):
    while True:
        await asyncio.sleep(seconds)
        do()


def doors(port):
    """(The hardware.)"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as radio:
        radio.connect(("127.0.0.1", port))
        while True:
            kind = b"r" if random.random() < 0.05 else b"h"
            radio.send(kind + random.randrange(FLATS).to_bytes(2, "big") + bytes([random.randrange(10, 100)]))
            time.sleep(random.expovariate(MESSAGES_PER_SECOND))


async def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        services.outside(lambda: doors(port))
        book = DayBook("daybook.jsonl")
        loop = asyncio.get_running_loop()
        _, house = await loop.create_datagram_endpoint(lambda: House(book), sock=listening)
        print("ready", os.getpid(), flush=True)
        await asyncio.gather(every(CHECK_SECONDS, house.check), every(WRITE_SECONDS, book.write))


if __name__ == "__main__":
    asyncio.run(main())
