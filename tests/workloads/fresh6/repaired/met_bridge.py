# expect: healthy bench
"""A bridge to weather stations: asks their consoles for a packet of values every second or so, and serves the current
weather over HTTP (aiohttp). A console needs some 40 ms to answer, as it reads its sensors by radio.

Measured: timers come 1 to 22 ms late, as busy as the machine was; in the twin the loop waits 42 ms in each of 14 calls a
second, and they come 36 to 42 ms late.
"""

import asyncio
import binascii
import logging
import math
import os
import random
import socket
import socketserver
import struct
import sys
import time
from collections import deque
from pathlib import Path

from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

STATIONS, INTERVAL = 14, 1.0
PACKET = struct.Struct(">2sBhhHHHH")  # mark, type, temperature, dew point, pressure, wind, direction, rain
SIZE = PACKET.size + 2
logging.basicConfig(filename="bridge.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Simulated(socketserver.BaseRequestHandler):
    """A console at the other end of the line."""

    def handle(self):
        number = 0
        while self.request.recv(64):
            time.sleep(random.uniform(0.035, 0.05))
            number += 1
            degrees = 120 + int(60 * math.sin(number / 40))
            values = (degrees, degrees - 35, 10132 + number % 30, 20 + number % 90, number * 11 % 360, number // 50)
            body = PACKET.pack(b"LO", 1, *values)
            self.request.sendall(body + struct.pack(">H", binascii.crc_hqx(body, 0)))


def consoles():
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Simulated)
    server.daemon_threads = True
    services.outside(server.serve_forever)
    return server.server_address[1]


class Damaged(Exception):
    pass


class Console:
    """The line to one station."""

    def __init__(self, name, port):
        self.name = name
        self._port = port
        self._reader = self._writer = None

    async def open(self):
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def ask(self):
        self._writer.write(b"LOOP 1\n")
        async with asyncio.timeout(2):
            packet = await self._reader.readexactly(SIZE)
        if binascii.crc_hqx(packet, 0) != 0:
            raise Damaged(self.name)
        return packet


class Weather:
    def __init__(self):
        self._current = {}
        self._pressures = {}
        self.packets = 0

    def take(self, name, packet):
        _, _, degrees, dew, pressure, wind, direction, rain = PACKET.unpack(packet[:-2])
        history = self._pressures.setdefault(name, deque(maxlen=180))
        history.append(pressure)
        self.packets += 1
        self._current[name] = {
            "temperature": degrees / 10,
            "dew point": dew / 10,
            "pressure": pressure / 10,
            "tendency": (pressure - history[0]) / 10,
            "wind": wind / 10,
            "direction": direction,
            "rain": rain,
            "at": time.time(),
        }

    def of(self, name):
        return self._current.get(name)

    def warmest(self):
        return sorted(self._current.items(), key=lambda item: -item[1]["temperature"])[:5]


class Bridge:
    def __init__(self, weather):
        self._weather = weather
        self.answers, self.late = 0, 0.0

    async def follow(self, console):
        await asyncio.sleep(random.uniform(0, INTERVAL))
        while True:
            due = time.monotonic() + INTERVAL
            try:
                self._weather.take(console.name, await console.ask())
            except Damaged as why:
                logging.warning("damaged packet from %s", why)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def current(self, request):
        found = self._weather.of(request.match_info["station"])
        self.answers += 1
        return web.json_response(found, status=200 if found else 404)

    async def overview(self, _):
        self.answers += 1
        return web.json_response([{"station": name, **values} for name, values in self._weather.warmest()])

    async def report(self):
        while True:
            due = time.monotonic() + 0.5
            await asyncio.sleep(0.5)
            self.late = 0.9 * self.late + 0.1 * (time.monotonic() - due)
            logging.info("%d packets, %d answers, %.1f ms late", self._weather.packets, self.answers, 1000 * self.late)


async def main():
    port = consoles()
    lines = [await Console(f"WS{number:03}", port).open() for number in range(STATIONS)]
    bridge = Bridge(Weather())
    application = web.Application()
    application.add_routes([web.get("/current/{station}", bridge.current), web.get("/warmest", bridge.overview)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening).start()
    paths = [*[f"/current/{console.name}" for console in lines], "/warmest"]
    services.outside(lambda: clients.come(listening.getsockname()[1], paths, rate=150, workers=8))
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(bridge.report(), *[bridge.follow(console) for console in lines])


asyncio.run(main())
