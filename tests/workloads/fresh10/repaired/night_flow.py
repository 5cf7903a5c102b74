# expect: healthy bench
"""The night flow of a water utility: by night nearly all that flows into a district is leakage. For one district after
the other the loggers at its inlets and outlets are asked through the gateway of the radio network, the balance is drawn,
and what leaks more than before goes onto the list of the leakage crews.
Measured: a district takes 15 ms; 210 ms in the problem.
"""

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

DISTRICTS = 24
CONNECTIONS = 18
BEAT = 0.3  # seconds from district to district
LEGITIMATE = 0.0006  # litres a second that a house uses by night


def radio(path):
    """The gateway: it asks the logger by radio."""
    time.sleep(0.012)
    number = int(path.rpartition("/")[2])
    flow = 4 + number % 7 + random.random()
    return json.dumps({"logger": number, "flow": round(flow, 3), "bar": round(3 + random.random(), 2)}).encode()


@dataclass(frozen=True)
class Logger:
    number: int
    inlet: bool


@dataclass
class District:
    name: str
    houses: int
    loggers: list
    nights: deque = field(default_factory=lambda: deque(maxlen=60))

    def usual(self):
        return statistics.median(self.nights) if self.nights else None


@dataclass(frozen=True)
class Reading:
    logger: Logger
    flow: float
    bar: float


class Gateway:
    """The radio network's gateway, on connections that are kept."""

    def __init__(self, port):
        self._port = port
        self._idle = asyncio.LifoQueue()

    async def connect(self):
        for _ in range(CONNECTIONS):
            self._idle.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))

    async def reading(self, logger):
        line = reader, writer = await self._idle.get()
        try:
            writer.write(f"GET /loggers/{logger.number} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            told = json.loads(await reader.readexactly(length))
        finally:
            self._idle.put_nowait(line)
        return Reading(logger, told["flow"], told["bar"])


class NightFlow:
    def __init__(self, gateway, districts):
        self.gateway, self.districts = gateway, districts
        self.crews = deque(maxlen=50)
        self.done, self.spent = 0, 0.0

    async def read(self, district):
        return await asyncio.gather(*(self.gateway.reading(logger) for logger in district.loggers))

    def balance(self, district, readings):
        """Litres a second that flow in and are not used; what leaks grows with the pressure."""
        net = sum(each.flow if each.logger.inlet else -each.flow for each in readings)
        pressure = statistics.fmean(each.bar for each in readings)
        return (net - district.houses * LEGITIMATE) / max(pressure, 1.0) ** 0.5

    async def survey(self, district):
        began = time.perf_counter()
        leaking = self.balance(district, await self.read(district))
        usual = district.usual()
        if usual is not None and leaking > usual + 1.0:
            self.crews.append((district.name, round(leaking - usual, 2)))
        district.nights.append(leaking)
        self.done += 1
        self.spent += time.perf_counter() - began

    async def rounds(self):
        due = time.monotonic()
        while True:
            for district in self.districts:
                await self.survey(district)
                due = max(due + BEAT, time.monotonic() - 1)
                await asyncio.sleep(max(0.0, due - time.monotonic()))


async def list_for_crews(night, path):
    while True:
        await asyncio.sleep(2)
        state = {"districts": night.done, "ms": round(1000 * night.spent / max(1, night.done), 1)}
        await asyncio.to_thread(path.write_text, json.dumps({**state, "crews": list(night.crews)}))


def network():
    chance = random.Random(3)
    for number in range(DISTRICTS):
        loggers = [Logger(number * 100 + n, n % 3 != 2) for n in range(chance.randint(13, CONNECTIONS))]
        yield District(f"district {number:02}", chance.randint(600, 2500), loggers)


async def main():
    gateway = Gateway(services.http_service(radio))
    await gateway.connect()
    night = NightFlow(gateway, list(network()))
    path = Path(tempfile.mkdtemp(prefix="night_flow")) / "crews.json"
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(night.rounds(), list_for_crews(night, path))


if __name__ == "__main__":
    asyncio.run(main())
