# expect: healthy bench
"""Watch over the floating pontoons of a harbour: the tension meters on the mooring chains report all together every
three seconds, by datagram. The daemon gathers such a burst, works out the load of each pontoon, keeps it in a database
and tells the harbour office in one message. Between the bursts it sleeps.

Measured: less than 0.01 cores, 37 MB.
"""

import asyncio
import json
import logging
import os
import random
import socket
import sqlite3
import struct
import sys
import time

import aiohttp

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

log = logging.getLogger("pontoon")
REPORT = struct.Struct("!HHIf")
PONTOONS, CHAINS = 80, 8
EVERY = 3.0
GATHER = 0.25
KEEP = 86400
LIMIT = 41.0


def meters(address):
    """The meters on the chains."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    chance = random.Random(12)
    due = time.monotonic()
    for sequence in range(1 << 31):
        for pontoon in range(PONTOONS):
            for chain in range(CHAINS):
                line.sendto(REPORT.pack(pontoon, chain, sequence, chance.gauss(30, 3)), address)
            time.sleep(0.001)
        due += EVERY
        time.sleep(max(0.0, due - time.monotonic()))


class Store:
    """The loads of the last day. It is used by one thread at a time."""

    def __init__(self, path):
        self.database = sqlite3.connect(path, check_same_thread=False)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = NORMAL")
        self.database.execute("CREATE TABLE IF NOT EXISTS load (at INTEGER, pontoon INTEGER, mean REAL, most REAL)")
        self.database.execute("CREATE INDEX IF NOT EXISTS load_at ON load (at)")

    def keep(self, at, loads):
        with self.database:
            self.database.executemany(
                "INSERT INTO load VALUES (?, ?, ?, ?)",
                [(at, load["pontoon"], load["mean"], load["most"]) for load in loads],
            )
            self.database.execute("DELETE FROM load WHERE at < ?", (at - KEEP,))


class Watch(asyncio.DatagramProtocol):
    def __init__(self):
        self.reports = {}
        self.strange = 0
        self.begun = asyncio.Event()

    def datagram_received(self, data, address):
        if len(data) != REPORT.size:
            self.strange += 1
            return
        pontoon, chain, _, tension = REPORT.unpack(data)
        self.reports[pontoon, chain] = tension
        self.begun.set()

    async def burst(self):
        """The reports of one burst, once it is over."""
        await self.begun.wait()
        await asyncio.sleep(GATHER)
        gathered, self.reports = self.reports, {}
        self.begun.clear()
        return gathered


def summarize(reports):
    tensions = {}
    for (pontoon, _), tension in reports.items():
        tensions.setdefault(pontoon, []).append(tension)
    return [
        {
            "pontoon": pontoon,
            "mean": round(sum(those) / len(those), 2),
            "most": round(max(those), 2),
            "alarm": max(those) > LIMIT,
            "missing": CHAINS - len(those),
        }
        for pontoon, those in sorted(tensions.items())
    ]


async def tell(session, url, at, loads):
    message = {"at": at, "alarms": [load for load in loads if load["alarm"] or load["missing"]]}
    try:
        async with session.post(url, json=message) as answer:
            answer.raise_for_status()
            await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        log.warning("the office was not told: %s", error)


async def main():
    logging.basicConfig(level=logging.WARNING)
    office = services.http_service(lambda path: json.dumps({"noted": path}).encode())
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    line.bind(("127.0.0.1", 0))
    line.setblocking(False)
    address = line.getsockname()
    services.outside(lambda: meters(address))
    store = Store("loads.db")
    loop = asyncio.get_running_loop()
    transport, watch = await loop.create_datagram_endpoint(Watch, sock=line)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        print("ready", os.getpid(), flush=True)
        try:
            while True:
                reports = await watch.burst()
                at = int(time.time())
                loads = summarize(reports)
                await asyncio.to_thread(store.keep, at, loads)
                await tell(session, f"http://127.0.0.1:{office}/loads", at, loads)
        finally:
            transport.close()


if __name__ == "__main__":
    asyncio.run(main())
