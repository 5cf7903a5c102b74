# expect: healthy bench
"""Judges how comfortable the rides of lifts are: a box in each car sends the accelerations of a ride along three axes,
which are weighted as people feel them, and the house technician asks for the last results. aiohttp in front.
Measured: a ride takes 17 ms of CPU, and its answer comes after 20 ms, that about a car after 0.8; in the problem after
200 ms and 25. 36 rides come a second.
"""

import asyncio
import math
import os
import random
import signal
import sys
import time
from array import array
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

AXES = ("across", "along", "up")
RATE = 256  # samples a second
SECONDS = 20
CARS = 24
TONES = (3.0, 5.5, 8.0, 12.5, 16.0, 25.0)


@dataclass(frozen=True)
class Comfort:
    peak: float
    a95: float
    jerk: float
    tone: float


def low_pass(values, corner):
    """The second-order filter of the standard, as a list."""
    wide = math.tan(math.pi * corner / RATE)
    norm = 1 / (1 + math.sqrt(2) * wide + wide * wide)
    b0 = wide * wide * norm
    a1, a2 = 2 * (wide * wide - 1) * norm, (1 - math.sqrt(2) * wide + wide * wide) * norm
    x1 = x2 = y1 = y2 = 0.0
    out = []
    for x in values:
        y = b0 * (x + 2 * x1 + x2) - a1 * y1 - a2 * y2
        x2, x1, y2, y1 = x1, x, y1, y
        out.append(y)
    return out


def peaks(values):
    """Peak to peak, between the points where the signal crosses zero."""
    found, most, last = [], 0.0, 0.0
    for before, value in zip(values, values[1:]):
        if before * value < 0:
            found.append(most + last)
            most, last = 0.0, most
        most = max(most, abs(value))
    return sorted(found) or [0.0]


def strength(values, tone):
    """How strong one frequency is (Goertzel)."""
    factor = 2 * math.cos(2 * math.pi * tone / RATE)
    s1 = s2 = 0.0
    for value in values:
        s1, s2 = value + factor * s1 - s2, s1
    return s1 * s1 + s2 * s2 - factor * s1 * s2


def judge(recorded: bytes) -> Comfort:
    """The figures for one axis of a ride; thousandths of a g come in."""
    samples = array("h")
    samples.frombytes(recorded)
    raw = [sample * 0.00981 for sample in samples]
    felt = low_pass(raw, 10.0)
    found = peaks(felt)
    calm = low_pass(felt, 2.0)
    jerk = max(abs(after - before) for before, after in zip(calm, calm[1:])) * RATE
    tone = max(TONES, key=lambda tone: strength(raw, tone))
    return Comfort(round(found[-1], 4), round(found[len(found) * 95 // 100], 4), round(jerk, 3), tone)


class Technician:
    """What is known of the cars: the last rides of each."""

    KEPT = 10

    def __init__(self, workers) -> None:
        self._workers = workers
        self._rides = [deque(maxlen=self.KEPT) for _ in range(CARS)]
        self.judged = 0

    async def ride(self, request: web.Request) -> web.Response:
        """The axes of a ride are judged side by side."""
        body = await request.read()
        size = len(body) // len(AXES)
        loop = asyncio.get_running_loop()
        parts = [body[size * number : size * (number + 1)] for number in range(len(AXES))]
        found = await asyncio.gather(*(loop.run_in_executor(self._workers, judge, part) for part in parts))
        ride = {axis: asdict(comfort) for axis, comfort in zip(AXES, found, strict=True)}
        self._rides[int(request.match_info["car"]) % CARS].append((time.time(), ride))
        self.judged += 1
        return web.json_response(ride)

    async def car(self, request: web.Request) -> web.Response:
        rides = self._rides[int(request.match_info["car"]) % CARS]
        if not rides:
            return web.json_response({"rides": 0})
        worst = max(ride["up"]["peak"] for _, ride in rides)
        return web.json_response({"rides": len(rides), "last": rides[-1][0], "worst": worst, "check": worst > 0.9})

    def application(self) -> web.Application:
        application = web.Application()
        application.add_routes([web.post("/ride/{car}", self.ride), web.get("/car/{car}", self.car)])
        return application


def some_ride(chance: random.Random) -> bytes:
    """What a box sends: the guides shake it, the machine hums."""
    axes = []
    for number in range(len(AXES)):
        hum, shake = chance.choice(TONES), 12 + 9 * number
        signal_ = (
            int(shake * math.sin(2 * math.pi * hum * at / RATE) + chance.gauss(0, 6)) for at in range(RATE * SECONDS)
        )
        axes.append(array("h", signal_).tobytes())
    return b"".join(axes)


async def serve(workers) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    technician = Technician(workers)
    runner = web.AppRunner(technician.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    body = some_ride(random.Random(4))
    rides, questions = [f"/ride/{car}" for car in range(CARS)], [f"/car/{car}" for car in range(CARS)]
    services.outside(lambda: clients.come(port, rides, 36, 8, body=body))
    services.outside(lambda: clients.come(port, questions, 20, 4))
    print("ready", os.getpid(), flush=True)
    await ended.wait()
    await runner.cleanup()


def main() -> None:
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(min(cores, len(AXES))) as workers:
        asyncio.run(serve(workers))


if __name__ == "__main__":
    main()
