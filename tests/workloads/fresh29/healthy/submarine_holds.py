# expect: healthy bench
"""Seat holds for tours in small submarines: the booking page shows the portholes of a dive, holds some for a few minutes,
and confirms or gives them back. An aiohttp server; all holds are in memory, and run out by themselves.
"""

import asyncio
import itertools
import os
import sys
import time
from collections import deque
from dataclasses import dataclass, field

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services
from aiohttp import web

DIVES = 40
PORTHOLES = 24
HOLD_SECONDS = 3.0
KEPT_TICKETS = 5000


@dataclass(slots=True)
class Hold:
    number: int
    dive: int
    places: tuple[int, ...]
    until: float


@dataclass
class Dive:
    number: int
    free: set[int] = field(default_factory=lambda: set(range(PORTHOLES)))
    sold: set[int] = field(default_factory=set)

    def as_map(self):
        marks = ["x" if at in self.sold else "." if at in self.free else "h" for at in range(PORTHOLES)]
        return {"dive": self.number, "free": len(self.free), "map": "".join(marks)}


class Desk:
    def __init__(self):
        self.dives = [Dive(number) for number in range(DIVES)]
        self.holds: dict[int, Hold] = {}
        self.by_age: deque[Hold] = deque()
        self.tickets: deque[tuple[int, int]] = deque(maxlen=KEPT_TICKETS)
        self.numbers = itertools.count(1)
        self.wake = asyncio.Event()

    def hold(self, dive, wanted):
        if len(dive.free) < wanted:
            return None
        places = tuple(dive.free.pop() for _ in range(wanted))
        hold = Hold(next(self.numbers), dive.number, places, time.monotonic() + HOLD_SECONDS)
        self.holds[hold.number] = hold
        self.by_age.append(hold)
        self.wake.set()
        return hold

    def confirm(self, number):
        hold = self.holds.pop(number, None)
        if hold is None:
            return False
        dive = self.dives[hold.dive]
        dive.sold.update(hold.places)
        self.tickets.append((hold.dive, len(hold.places)))
        if len(dive.sold) == PORTHOLES:
            self.dives[hold.dive] = Dive(hold.dive)  # the next dive of this boat is opened
        return True

    def release(self, hold):
        if self.holds.pop(hold.number, None):
            self.dives[hold.dive].free.update(hold.places)

    async def expire(self):
        """All holds last equally long: the oldest runs out first."""
        while True:
            while self.by_age:
                oldest = self.by_age[0]
                if (left := oldest.until - time.monotonic()) > 0:
                    await asyncio.sleep(left)
                self.by_age.popleft()
                self.release(oldest)
            self.wake.clear()
            await self.wake.wait()


DESK = web.AppKey("desk", Desk)
routes = web.RouteTableDef()


def dive_of(request):
    number = int(request.match_info["dive"])
    if number >= DIVES:
        raise web.HTTPNotFound()
    return request.app[DESK].dives[number]


@routes.get(r"/dives/{dive:\d+}")
async def seats(request):
    return web.json_response(dive_of(request).as_map())


@routes.get(r"/dives/{dive:\d+}/hold/{wanted:[1-4]}")
async def hold(request):
    made = request.app[DESK].hold(dive_of(request), int(request.match_info["wanted"]))
    if made is None:
        return web.json_response({"error": "not enough portholes"}, status=409)
    return web.json_response({"hold": made.number, "places": made.places, "seconds": HOLD_SECONDS})


@routes.get(r"/confirm/last")
async def confirm_last(request):
    desk = request.app[DESK]
    newest = next(reversed(desk.holds), None)
    done = newest is not None and desk.confirm(newest)
    return web.json_response({"confirmed": done})


async def expiring(app):
    task = asyncio.create_task(app[DESK].expire())
    yield
    task.cancel()


async def main():
    app = web.Application()
    app[DESK] = Desk()
    app.add_routes(routes)
    app.cleanup_ctx.append(expiring)
    port = services.free_port()
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    paths = [f"/dives/{dive}" for dive in range(DIVES)] * 2
    paths += [f"/dives/{dive}/hold/{1 + dive % 4}" for dive in range(DIVES)] + ["/confirm/last"] * 20
    services.outside(lambda: clients.come(port, paths, 250, 8))
    await asyncio.sleep(1.5)
    print("ready", os.getpid(), flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
