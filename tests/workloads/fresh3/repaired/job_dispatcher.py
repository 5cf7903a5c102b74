# expect: healthy bench
"""Takes jobs over a line and hands them to runners on asyncio, the most urgent first."""

import asyncio
import hashlib
import heapq
import logging
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

RUNNERS = 6
logging.basicConfig(filename="dispatcher.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Jobs:
    """Jobs that wait, the most urgent first."""

    def __init__(self):
        self._heap = []
        self._some = asyncio.Event()

    def add(self, urgency, name):
        heapq.heappush(self._heap, (urgency, time.monotonic(), name))
        self._some.set()

    async def take(self):
        while not self._heap:
            self._some.clear()
            await self._some.wait()
        return heapq.heappop(self._heap)


class Runner:
    ran, late = 0, 0.0

    def __init__(self, jobs):
        self._jobs = jobs

    def digest(self, name):
        text = name.encode()
        for _ in range(200):
            text = hashlib.sha256(text).digest()
        return text

    async def run(self):
        while True:
            _, since, name = await self._jobs.take()
            Runner.late += time.monotonic() - since
            self.digest(name)
            await asyncio.sleep(0.004)  # a printer takes it
            self.digest(name)
            Runner.ran += 1


async def report():
    while True:
        await asyncio.sleep(1)
        load = 100 * time.process_time() / (time.monotonic() - began)
        late = 1e6 * Runner.late / max(1, Runner.ran)
        logging.info("%d jobs, %.0f us late, %.1f %% of a core", Runner.ran, late, load)


async def main():
    jobs = Jobs()

    async def serve(reader, _):
        while line := await reader.readline():
            _, number, urgency = line.split()
            jobs.add(int(urgency), f"job {int(number)}")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    services.outside(lambda: clients.send_jobs(port, rate=150))
    runners = [Runner(jobs).run() for _ in range(RUNNERS)]
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(report(), *runners)


began = time.monotonic()
asyncio.run(main())
