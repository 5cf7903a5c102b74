# bench: healthy
"""Night of the tar barrels: the barrels carry beacons, and the marshals' telephones follow them through the town.

An aiohttp service with server-sent events: a beacon gateway sends positions over UDP, and each fifth of a second the
hub tells all telephones what moved. What may look costly, and is as it should be: a loop that sleeps between ticks, one
message made once for all telephones, short queues that drop for telephones that lag, a scan of the few streets of the
town for each barrel, a lock around the (short) change of the streets that are closed.

Measured: 60 telephones, 300 messages and 170 datagrams a second, 0.01 cores.
"""

import asyncio
import contextlib
import json
import math
import os
import random
import sys
import time
from collections import deque
from dataclasses import dataclass, field

from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

BARRELS = 17
PHONES = 60
TICK = 0.2
STREETS = [
    ("Silver Street", 0, 0, 180, 20),
    ("Mill Street", 180, 20, 420, -40),
    ("Broad Street", 0, 0, -150, 90),
    ("Jesu Street", -150, 90, -300, 60),
    ("Yonder Street", -300, 60, -420, 150),
    ("North Street", -150, 90, -120, 260),
    ("Sandhill", 180, 20, 240, 160),
    ("The Square", -30, -30, 30, 30),
]


@dataclass
class Barrel:
    number: int
    seen: float = 0.0
    track: deque = field(default_factory=lambda: deque(maxlen=50))
    moved: bool = False

    def take(self, x, y, heat):
        self.track.append((x, y, heat))
        self.seen = time.monotonic()
        self.moved = True

    def speed(self):
        if len(self.track) < 6:
            return 0.0
        (x0, y0, _), (x1, y1, _) = self.track[-6], self.track[-1]
        return math.hypot(x1 - x0, y1 - y0)


class Town:
    def __init__(self):
        self.closed = set()
        self.changing = asyncio.Lock()

    def street(self, x, y):
        """The nearest of eight."""
        best, name = math.inf, ""
        for street, x0, y0, x1, y1 in STREETS:
            dx, dy = x1 - x0, y1 - y0
            along = max(0.0, min(1.0, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)))
            away = math.hypot(x - x0 - along * dx, y - y0 - along * dy)
            if away < best:
                best, name = away, street
        return name

    async def change(self, street, closed):
        async with self.changing:
            (self.closed.add if closed else self.closed.discard)(street)


class Hub:
    """Tells the telephones what moved."""

    def __init__(self, town):
        self.town = town
        self.barrels = {number: Barrel(number) for number in range(1, BARRELS + 1)}
        self.phones = set()
        self.ticks = self.dropped = 0

    def message(self):
        moved = []
        for barrel in self.barrels.values():
            if barrel.moved:
                x, y, heat = barrel.track[-1]
                street = self.town.street(x, y)
                moved.append([barrel.number, round(x), round(y), heat, street, round(barrel.speed(), 1)])
                barrel.moved = False
        told = {"tick": self.ticks, "barrels": moved, "closed": sorted(self.town.closed)}
        return f"data: {json.dumps(told, separators=(',', ':'))}\n\n".encode()

    def tell(self, message):
        for phone in self.phones:
            if phone.full():
                phone.get_nowait()
                self.dropped += 1
            phone.put_nowait(message)

    async def run(self):
        clock = asyncio.get_running_loop()
        due = clock.time()
        while True:
            due += TICK
            await asyncio.sleep(due - clock.time())
            self.ticks += 1
            self.tell(self.message())


class Gateway(asyncio.DatagramProtocol):
    """The beacons send three numbers and their own."""

    def __init__(self, hub):
        self.hub = hub
        self.bad = 0

    def datagram_received(self, data, addr):
        try:
            number, x, y, heat = data.split(b",")
            self.hub.barrels[int(number)].take(float(x), float(y), int(heat))
        except (ValueError, KeyError):
            self.bad += 1


HUB = web.AppKey("hub", Hub)
routes = web.RouteTableDef()


@routes.get("/follow")
async def follow(request):
    hub = request.app[HUB]
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await answer.prepare(request)
    queue = asyncio.Queue(maxsize=8)
    hub.phones.add(queue)
    try:
        while True:
            await answer.write(await queue.get())
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        hub.phones.discard(queue)
    return answer


@routes.post("/streets/{street}")
async def close_street(request):
    told = await request.json()
    await request.app[HUB].town.change(request.match_info["street"], bool(told.get("closed")))
    return web.json_response({"closed": sorted(request.app[HUB].town.closed)})


def phones(port, udp):
    """The telephones, and the beacons that send ten times a second."""

    async def phone():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /follow HTTP/1.1\r\nHost: town\r\n\r\n")
        while await reader.read(65536):
            pass

    async def beacons():
        line, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", udp)
        )
        at = {number: [0.0, 0.0] for number in range(1, BARRELS + 1)}
        while True:
            for number, place in at.items():
                place[0] = max(-400, min(400, place[0] + random.uniform(-4, 4)))
                place[1] = max(-60, min(260, place[1] + random.uniform(-4, 4)))
                line.sendto(f"{number},{place[0]:.1f},{place[1]:.1f},{200 + number}".encode())
                await asyncio.sleep(0.1 / BARRELS)

    async def all_of_them():
        await asyncio.gather(beacons(), *(phone() for _ in range(PHONES)))

    asyncio.run(all_of_them())


async def serve(port, udp):
    hub = Hub(Town())
    app = web.Application()
    app[HUB] = hub
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: Gateway(hub), local_addr=("127.0.0.1", udp))
    ticking = asyncio.create_task(hub.run())
    await asyncio.sleep(3)
    print(f"ready {os.getpid()}", flush=True)
    with contextlib.suppress(asyncio.CancelledError):
        await ticking


def main():
    port, udp = services.free_port(), services.free_port()

    def come():
        services.wait_for(port)
        phones(port, udp)

    services.outside(come)
    asyncio.run(serve(port, udp))


if __name__ == "__main__":
    main()
