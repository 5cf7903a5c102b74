# expect: healthy bench
"""Telemetry relay of a sawmill: mostly idle, with bursts.

The saws' controllers send their readings as datagrams, a handful now and then, and a burst of some thousand when a log goes
through. The relay gathers what comes within a second, keeps minimum, maximum and mean per saw and signal, and writes each
batch in one transaction. Readings older than ten minutes are removed now and then.
"""

import asyncio
import logging
import os
import random
import socket
import sqlite3
import struct
import sys
import time
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

READING = struct.Struct("!HHd")  # saw, signal, value
PACKET_READINGS = 60
FLUSH_AFTER = 1.0
KEPT_SECONDS = 600
PRUNE_EVERY = 60

log = logging.getLogger("relay")


@dataclass(slots=True)
class Summary:
    count: int = 0
    total: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        if value < self.low:
            self.low = value
        if value > self.high:
            self.high = value


class Archive:
    """The database; used by one thread at a time."""

    def __init__(self, path: str):
        self.db = sqlite3.connect(path, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute(
            "CREATE TABLE readings (at REAL, saw INTEGER, signal INTEGER, count INTEGER, mean REAL, low REAL, high REAL)"
        )
        self.db.execute("CREATE INDEX readings_at ON readings (at)")

    def write(self, at: float, batch: dict[tuple[int, int], Summary]) -> None:
        rows = [(at, *key, one.count, one.total / one.count, one.low, one.high) for key, one in batch.items()]
        with self.db:
            self.db.executemany("INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def prune(self, before: float) -> None:
        with self.db:
            self.db.execute("DELETE FROM readings WHERE at < ?", (before,))


class Relay(asyncio.DatagramProtocol):
    def __init__(self, archive: Archive):
        self.archive = archive
        self.batch: dict[tuple[int, int], Summary] = {}
        self.timer: asyncio.TimerHandle | None = None
        self.writing = asyncio.Lock()
        self.tasks: set[asyncio.Task] = set()
        self.damaged = 0

    def datagram_received(self, data: bytes, addr) -> None:
        if len(data) % READING.size:
            self.damaged += 1
            return
        batch = self.batch
        for saw, signal, value in READING.iter_unpack(data):
            summary = batch.get((saw, signal))
            if summary is None:
                summary = batch[saw, signal] = Summary()
            summary.add(value)
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(FLUSH_AFTER, self.flush)

    def flush(self) -> None:
        batch, self.batch, self.timer = self.batch, {}, None
        task = asyncio.create_task(self.write(batch))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def write(self, batch: dict[tuple[int, int], Summary]) -> None:
        async with self.writing:
            try:
                await asyncio.to_thread(self.archive.write, time.time(), batch)
            except sqlite3.Error:
                log.exception("a batch of %d is lost", len(batch))

    async def keep_short(self) -> None:
        while True:
            await asyncio.sleep(PRUNE_EVERY)
            async with self.writing:
                await asyncio.to_thread(self.archive.prune, time.time() - KEPT_SECONDS)


def controllers(port: int) -> None:
    """A log every few seconds; little in between."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.connect(("127.0.0.1", port))
    random.seed(5)

    def packet() -> bytes:
        return b"".join(
            READING.pack(random.randrange(6), random.randrange(24), random.gauss(50, 12))
            for _ in range(PACKET_READINGS)
        )

    while True:
        for _ in range(150):
            line.send(packet())
            time.sleep(0.004)
        for _ in range(6):
            time.sleep(0.4)
            line.send(packet())


async def serve() -> None:
    loop = asyncio.get_running_loop()
    port = services.free_port()
    relay = Relay(Archive("readings.db"))
    services.outside(lambda: controllers_after(port))
    transport, _ = await loop.create_datagram_endpoint(lambda: relay, local_addr=("127.0.0.1", port))
    print("ready", os.getpid(), flush=True)
    try:
        await relay.keep_short()
    finally:
        transport.close()


def controllers_after(port: int) -> None:
    while True:
        try:
            controllers(port)
        except ConnectionRefusedError:
            time.sleep(0.2)


if __name__ == "__main__":
    logging.basicConfig(filename="relay.log", level=logging.WARNING)
    asyncio.run(serve())
