# expect: healthy bench
# The ground station of tethered balloons: each winch keeps a line open, reports wind and tether, and is told how high it
# may pay out. A change of height must be cleared first with the box of the air traffic control, which answers over HTTP.
#
# Measured: MEASURED
import asyncio
import json
import logging
import os
import random
import socket
import sys
import time
from collections import deque
from pathlib import Path

import aiohttp

sys.path.append(str(Path(__file__).parents[2]))
import services

WINCHES = 32
PERIOD = 1.0
CEILING = 900


def control(path):
    """The box of the air traffic control: it looks at its radar before it answers."""
    time.sleep(0.02)
    winch, height = path.strip("/").split("/")[1:]
    granted = min(int(height), CEILING - sum(winch.encode()) % 5 * 40)
    return json.dumps({"winch": winch, "granted": granted}).encode()


class ClearanceBox:
    """Asks the box, over connections that are kept."""

    def __init__(self, port):
        self.port = port
        self.session = None
        self.asked = 0

    async def open(self):
        connector = aiohttp.TCPConnector(limit=WINCHES)
        self.session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=5))

    async def clear(self, winch, height):
        self.asked += 1
        return self._granted(await self._ask(f"/clear/{winch}/{height}"))

    async def _ask(self, path):
        async with self.session.get(f"http://127.0.0.1:{self.port}{path}") as answer:
            return await answer.read()

    @staticmethod
    def _granted(body):
        return json.loads(body)["granted"]


class Winch:
    def __init__(self, name):
        self.name = name
        self.winds = deque(maxlen=30)
        self.height = 200

    def wish(self, wind):
        """How high it should stand in that wind."""
        self.winds.append(wind)
        mean = sum(self.winds) / len(self.winds)
        gust = max(self.winds) - mean
        return max(60, int(420 + 40 * (6 - mean) - 15 * gust))


class Station:
    """Runs the steps that a report goes through, and answers it."""

    def __init__(self, box):
        self.box = box
        self.winches = {}
        self.steps = [self.note, self.decide, self.clear]
        self.answered, self.late, self.worst = 0, 0.0, 0.0

    async def note(self, winch, report):
        if report["tension"] > 95:
            report["alarm"] = "tether"

    async def decide(self, winch, report):
        report["wish"] = 60 if "alarm" in report else winch.wish(report["wind"])

    async def clear(self, winch, report):
        if report["wish"] != winch.height:
            winch.height = await self.box.clear(winch.name, report["wish"])

    async def serve(self, reader, writer):
        try:
            while line := await reader.readline():
                report = json.loads(line)
                winch = self.winches.setdefault(report["winch"], Winch(report["winch"]))
                for step in self.steps:
                    await step(winch, report)
                answer = {"height": winch.height, "alarm": report.get("alarm")}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
                self.answered += 1
                self.late += (late := time.time() - report["sent"])
                self.worst = max(self.worst, late)
        except ConnectionError:
            pass
        finally:
            writer.close()


async def winch(port, name):
    """One winch: it reports every second and waits for what it may do."""
    dice = random.Random(name)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wind = 6.0
    clock = asyncio.get_running_loop()
    due = clock.time() + dice.random() * PERIOD
    while True:
        await asyncio.sleep(due - clock.time())
        due = max(due + PERIOD, clock.time())
        wind = min(14.0, max(0.0, wind + dice.gauss(0, 0.6)))
        report = {"winch": name, "wind": round(wind, 1), "tension": dice.randint(20, 96), "sent": time.time()}
        writer.write(json.dumps(report).encode() + b"\n")
        if not await reader.readline():
            return


async def winches(port):
    await asyncio.gather(*(winch(port, f"winch-{at}") for at in range(WINCHES)))


async def main(box_port, listener):
    box = ClearanceBox(box_port)
    await box.open()
    station = Station(box)
    server = await asyncio.start_server(station.serve, sock=listener)
    print(f"ready {os.getpid()}", flush=True)
    async with server:
        while True:
            await asyncio.sleep(10)
            mean = 1000 * station.late / max(1, station.answered)
            said = "%d reports, answered in %.0f ms, at worst %.0f, %d cleared, cpu %.1f s"
            logging.info(said, station.answered, mean, 1000 * station.worst, box.asked, time.process_time())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    listening = socket.create_server(("127.0.0.1", 0))
    box_at = services.http_service(control)
    services.outside(lambda: asyncio.run(winches(listening.getsockname()[1])))
    asyncio.run(main(box_at, listening))
