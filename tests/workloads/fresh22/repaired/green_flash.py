# expect: healthy bench
"""The green flash of the setting sun lasts a second or two. Cameras along the coasts send the strip of pictures in
which they believe to have seen one; it counts if another camera nearby has seen it at the same time.

FastAPI: a sighting waits with its strip for a second one, and a pair of them is confirmed and goes to the list that
the observers' club reads.

Measured: grows by 2.8 MiB a second at 48 sightings a second; the twin stays at 54 MiB. Both use 6 % of a core.
"""

import asyncio
import http.client
import math
import os
import random
import sys
import threading
import time
import zlib
from collections import Counter, deque
from contextlib import asynccontextmanager
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query, Request

CAMERAS, SIGHTINGS_A_SECOND, SENDERS = 900, 48, 6
SLOT = 1.0  # seconds
CELL = 0.5  # degrees
NEAR = 60.0  # kilometres
STRIP = 80_000  # bytes


@dataclass(frozen=True)
class Sighting:
    camera: int
    latitude: float
    longitude: float
    at: float
    strength: int
    strip: bytes

    @property
    def cell(self):
        return math.floor(self.latitude / CELL), math.floor(self.longitude / CELL)

    def distance(self, other):
        north = (self.latitude - other.latitude) * 111.2
        east = (self.longitude - other.longitude) * 111.2 * math.cos(math.radians(self.latitude))
        return math.hypot(north, east)


class Pairing:
    """Sightings that wait for a second one, by the second and the part of the world in which they were made."""

    def __init__(self):
        self.slots = {}

    def match(self, sighting):
        """The sighting that confirms this one, which waits no longer; or nothing, and this one waits."""
        slot = int(sighting.at / SLOT)
        if slot not in self.slots:
            self.let_go(slot - 1)
        for held in (slot, slot - 1):
            for cell in self.around(sighting.cell):
                for other in self.slots.get(held, {}).get(cell, ()):
                    if other.camera != sighting.camera and other.distance(sighting) < NEAR:
                        self.slots[held][cell].remove(other)
                        return other
        self.slots.setdefault(slot, {}).setdefault(sighting.cell, []).append(sighting)
        return None

    def let_go(self, first):
        """What is older than this slot will not be confirmed any more."""
        for old in [held for held in self.slots if held < first]:
            del self.slots[old]

    @staticmethod
    def around(cell):
        row, column = cell
        return [(row + up, column + along) for up in (0, -1, 1) for along in (0, -1, 1)]


class Club:
    """What the observers' club keeps: the latest confirmed flashes, and how many each camera has got."""

    def __init__(self):
        self.pairing = Pairing()
        self.confirmed = deque(maxlen=100)
        self.credits = Counter()
        self.received = 0

    def receive(self, sighting):
        self.received += 1
        other = self.pairing.match(sighting)
        if other is None:
            return None
        flash = {
            "cameras": sorted((sighting.camera, other.camera)),
            "at": round(min(sighting.at, other.at), 1),
            "strength": max(sighting.strength, other.strength),
            "strips": [f"{zlib.crc32(strip):08x}" for strip in (sighting.strip, other.strip)],
        }
        self.confirmed.append(flash)
        self.credits.update(flash["cameras"])
        return flash


def strength_of(strip):
    """How much greener the best line of the strip is than its middle one, out of a sample of them."""
    greens = sorted(strip[1:3000:3])
    return greens[-1] - greens[len(greens) // 2]


@asynccontextmanager
async def evening(app):
    async def announce():
        await asyncio.sleep(5)
        print(f"ready {os.getpid()}", flush=True)

    app.state.club = Club()
    task = asyncio.create_task(announce())
    yield
    task.cancel()


app = FastAPI(lifespan=evening)


def the_club(request: Request) -> Club:
    return request.app.state.club


@app.post("/sightings", status_code=202)
async def post_sighting(
    request: Request,
    camera: int,
    lat: float = Query(ge=-75, le=75),
    lon: float = Query(ge=-180, le=180),
    club: Club = Depends(the_club),
):
    strip = await request.body()
    if len(strip) < 3000:
        raise HTTPException(422, "that is not a strip")
    strength = strength_of(strip)
    flash = club.receive(Sighting(camera, lat, lon, time.time(), strength, strip))
    return {"strength": strength, "confirmed": flash is not None}


@app.get("/flashes")
async def flashes(number: int = Query(default=20, ge=1, le=100), club: Club = Depends(the_club)):
    return {"received": club.received, "flashes": list(club.confirmed)[-number:]}


@app.get("/credits")
async def credit(club: Club = Depends(the_club)):
    return [{"camera": camera, "flashes": number} for camera, number in club.credits.most_common(10)]


def camera_group(port, number):
    dice = random.Random(number)
    places = [(dice.uniform(-60, 60), dice.uniform(-170, 170)) for _ in range(CAMERAS)]
    strips = [dice.randbytes(STRIP) for _ in range(4)]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due, turn = time.monotonic() + number / SIGHTINGS_A_SECOND, 0
    lat, lon = places[0]
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + SENDERS / SIGHTINGS_A_SECOND, time.monotonic() - 1)
        turn += 1
        if turn % 10:  # (each tenth is seen by the camera next to the one before)
            lat, lon = dice.choice(places)
        asked = f"/sightings?camera={number * 100_000 + turn % CAMERAS}&lat={lat:.3f}&lon={lon:.3f}"
        try:
            connection.request("POST", asked, strips[turn % 4])
            connection.getresponse().read()
            if turn % 16 == 0:
                connection.request("GET", "/flashes" if turn % 32 else "/credits")
                connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()
            time.sleep(0.5)


def coasts(port):
    services.wait_for(port)
    groups = [threading.Thread(target=camera_group, args=(port, number)) for number in range(SENDERS)]
    for group in groups:
        group.start()
    for group in groups:
        group.join()


if __name__ == "__main__":
    port = services.free_port()
    services.outside(lambda: coasts(port))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
