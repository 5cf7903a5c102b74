# expect: pattern=serial-requests bench
"""The desk of a chain of fire towers on a moor. A walker reports smoke; the desk asks each tower in view of the
place for its bearing to it (the towers answer over slow radio bridges, each on its own), crosses the bearings,
and answers with the fix and how far it can be trusted.

Measured: 4.1 reports a second with 12 bearings each, in the twin 4.4; a report takes 266 ms, in the twin 45 ms; 0.2 s
CPU in 10 s in both.
"""

import json
import math
import os
import random
import statistics
import sys
import threading
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, LifoQueue

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402


@dataclass(frozen=True)
class Tower:
    name: str
    east: float
    north: float
    height: float

    def sees(self, east, north):
        distance = math.hypot(east - self.east, north - self.north)
        return 0.5 < distance < 3.57 * (math.sqrt(self.height) + 4)

    def bearing(self, east, north):
        return math.degrees(math.atan2(east - self.east, north - self.north)) % 360


@dataclass(frozen=True)
class Sight:
    tower: Tower
    bearing: float


class Bridge:
    """The radio bridge to the towers: connections that are kept and used again."""

    def __init__(self, port):
        self.port = port
        self.idle = LifoQueue()

    def ask(self, path):
        try:
            connection = self.idle.get_nowait()
        except Empty:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        self.idle.put(connection)
        if answer.status != 200:
            raise OSError(f"{path}: {answer.status}")
        return json.loads(body)


class Lookouts:
    """Asks the lookouts on the towers."""

    def __init__(self, bridge):
        self.bridge = bridge
        self.asked = 0

    def bearing(self, tower, east, north):
        self.asked += 1
        told = self.bridge.ask(f"/towers/{tower.name}/bearing/{east:.2f}/{north:.2f}")  # <- cost
        return Sight(tower, told["bearing"])


class Chain:
    def __init__(self, towers, lookouts):
        self.towers = towers
        self.lookouts = lookouts

    def in_view(self, east, north):
        return [tower for tower in self.towers if tower.sees(east, north)]

    def sights(self, east, north):
        for tower in self.in_view(east, north):
            yield self.lookouts.bearing(tower, east, north)  # <- cost


def crossing(first, second):
    """Where two lines of sight meet, or None if they run (almost) alongside."""
    a, b = math.radians(first.bearing), math.radians(second.bearing)
    turn = math.sin(a - b)
    if abs(turn) < 0.15:
        return None
    dx, dy = second.tower.east - first.tower.east, second.tower.north - first.tower.north
    along = (dy * math.sin(b) - dx * math.cos(b)) / -turn
    return first.tower.east + along * math.sin(a), first.tower.north + along * math.cos(a)


def fix(sights):
    points = []
    for at, first in enumerate(sights):
        for second in sights[at + 1 :]:
            point = crossing(first, second)
            if point:
                points.append(point)
    if not points:
        return None
    east = statistics.median(point[0] for point in points)
    north = statistics.median(point[1] for point in points)
    spread = statistics.fmean(math.hypot(x - east, y - north) for x, y in points)
    return {"east": round(east, 2), "north": round(north, 2), "spread": round(spread, 3), "lines": len(sights)}


class Desk:
    def __init__(self, chain):
        self.chain = chain
        self.answered = 0
        self.seconds = 0.0
        self.lock = threading.Lock()

    def report(self, east, north):
        began = time.monotonic()
        found = fix(list(self.chain.sights(east, north)))
        with self.lock:
            self.answered += 1
            self.seconds += time.monotonic() - began
        return found or {"spread": None}


def handler(desk):
    class Reports(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            _, _, east, north = self.path.split("/")
            body = json.dumps(desk.report(float(east), float(north))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Reports


def build_towers():
    dice = random.Random(17)
    names = "Gorse Kestrel Whin Carn Hessary Bowda Sharp Yes Longstone Brat Buttern Alex".split()
    return [Tower(name, dice.uniform(0, 22), dice.uniform(0, 22), dice.uniform(8, 30)) for name in names]


def lookout_service(towers):
    by_name = {tower.name: tower for tower in towers}

    def answer(path):
        _, _, name, _, east, north = path.split("/")
        time.sleep(0.02)
        wrong = (hash(path) % 100 - 50) / 100
        return json.dumps({"bearing": by_name[name].bearing(float(east), float(north)) + wrong}).encode()

    return services.http_service(answer)


def walk(port, places, seed):
    """A walker reports smoke every 700 ms, if the answer to the report before is there."""
    dice = random.Random(seed)
    connection = HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + seed * 0.2
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        connection.request("GET", dice.choice(places))
        connection.getresponse().read()
        due = max(due + 0.7, time.monotonic())


def main():
    towers = build_towers()
    bridge = Bridge(lookout_service(towers))
    desk = Desk(Chain(towers, Lookouts(bridge)))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(desk))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    dice = random.Random(5)
    places = [f"/smoke/{dice.uniform(3, 19):.2f}/{dice.uniform(3, 19):.2f}" for _ in range(200)]
    for walker in range(3):
        services.outside(lambda: walk(server.server_port, places, walker))
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(7)
        mean = desk.seconds / max(1, desk.answered) * 1000
        sys.stderr.write(f"{desk.answered} reports, {desk.chain.lookouts.asked} bearings, {mean:.1f} ms each\n")


if __name__ == "__main__":
    main()
