# bench: repaired twin of waymark_gpx
# Exports waymarked moorland trails as GPX files for hand-held receivers (FastAPI under uvicorn): the volunteers' app asks
# for the export of a trail, which writes the file anew and answers with its size and checksum.
# An export takes 15 ms of CPU; three exports a second.
import hashlib
import http.client
import json
import math
import os
import random
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

SPECIES = ("post", "cairn", "stile", "gate", "boundary stone", "fingerpost")
POINTS = 6000


class Export(BaseModel):
    trail: int
    file: str
    points: int
    size: int
    sha256: str


class Trail:
    def __init__(self, number):
        chance = random.Random(number)
        self.number = number
        self.name = f"Moor trail {number}"
        self.points = []
        latitude, longitude, height = 54.4 + number / 50, -1.9 + number / 70, 310.0
        for index in range(POINTS):
            bearing = math.sin(index / 90 + number) * 2
            latitude += math.cos(bearing) * 9e-5
            longitude += math.sin(bearing) * 1.4e-4
            height += chance.uniform(-1, 1)
            kind = chance.choice(SPECIES) if index % 40 == 0 else None
            self.points.append((latitude, longitude, height, kind))


class GpxDocument:
    """A GPX track as text."""

    def __init__(self, name):
        self.parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="moor-wardens">\n']
        self.parts.append(f"<trk><name>{name}</name><trkseg>\n")
        self.count = 0

    def point(self, latitude, longitude, height, kind):
        extra = f"<name>{kind}</name><sym>Waypoint</sym>" if kind else ""
        self.parts.append(
            f'<trkpt lat="{latitude:.6f}" lon="{longitude:.6f}"><ele>{height:.1f}</ele>'
            f"{extra}<extensions><surface>peat</surface><seq>{self.count}</seq></extensions></trkpt>\n"
        )
        self.count += 1

    def finish(self):
        self.parts.append("</trkseg></trk>\n</gpx>\n")
        return "".join(self.parts)


TRAILS = {number: Trail(number) for number in range(1, 9)}
EXPORTS = Path("exports")
app = FastAPI()


@app.get("/trails")
def trails() -> list[str]:
    return [trail.name for trail in TRAILS.values()]


@app.post("/trails/{number}/exports")
def export(number: int, turned: bool = False) -> Export:
    trail = TRAILS.get(number)
    if trail is None:
        raise HTTPException(404, "no such trail")
    document = GpxDocument(trail.name)
    for latitude, longitude, height, kind in reversed(trail.points) if turned else trail.points:
        document.point(latitude, longitude, height, kind)
    content = document.finish().encode()
    target = EXPORTS / f"trail_{number}.gpx"
    target.write_bytes(content)
    return Export(
        trail=number,
        file=target.name,
        points=document.count,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def volunteers(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic()
    while True:
        turned = random.choice(("true", "false"))
        connection.request("POST", f"/trails/{random.randint(1, 8)}/exports?turned={turned}")
        answer = json.loads(connection.getresponse().read())
        assert answer["points"] == POINTS
        due = max(due + 0.3, time.monotonic() - 1)
        time.sleep(max(0, due - time.monotonic()))


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("ready", flush=True)


def main():
    EXPORTS.mkdir(exist_ok=True)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    port = listening.getsockname()[1]
    outside(lambda: volunteers(port))
    Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listening])


if __name__ == "__main__":
    main()
