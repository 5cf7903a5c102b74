# expect: pattern=blocking-io bench
"""The bench of a gem laboratory: gemmologists lay a stone on one of the refractometers and ask for it on their tablet.
The service has the instrument measure (it speaks a line protocol, and takes its time to turn the polariser), works out
birefringence and optic sign, and tells which species it may be.

aiohttp. The driver of the instruments is as its maker gives it away.

Measured: 26 measurements and 52 other requests a second in both; the loop stands in the driver for a third of its
time, and another request (what was seen) takes 2.4 ms (median; one of ten takes 23 ms); in the twin 1.1 ms and 2.5 ms.
"""

import asyncio
import bisect
import http.client
import json
import os
import random
import socket
import socketserver
import sys
import threading
import time
from collections import Counter, OrderedDict
from dataclasses import asdict, dataclass

from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

INSTRUMENTS = 4
ASKS_EACH = 6.5  # a second and gemmologist
GEMMOLOGISTS = 4
TURNING = 0.013  # seconds

SPECIES = [
    ("fluorite", 1.434, 0.0, "isotropic"),
    ("opal", 1.45, 0.0, "isotropic"),
    ("sodalite", 1.483, 0.0, "isotropic"),
    ("quartz", 1.5485, 0.009, "+"),
    ("scapolite", 1.56, 0.02, "-"),
    ("beryl", 1.58, 0.007, "-"),
    ("tourmaline", 1.634, 0.02, "-"),
    ("topaz", 1.623, 0.009, "+"),
    ("apatite", 1.636, 0.004, "-"),
    ("peridot", 1.672, 0.036, "+"),
    ("spinel", 1.718, 0.0, "isotropic"),
    ("chrysoberyl", 1.75, 0.009, "+"),
    ("corundum", 1.766, 0.008, "-"),
    ("zircon", 1.95, 0.059, "+"),
]


class InstrumentError(Exception):
    pass


class Refractometer:
    """The maker's driver: a command a line, an answer a line."""

    def __init__(self, address: tuple[str, int], timeout: float = 3.0):
        self.address, self.timeout = address, timeout
        self._line: socket.socket | None = None
        self._answers = None

    def connect(self) -> None:
        self._line = socket.create_connection(self.address, timeout=self.timeout)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._line.makefile("rb")

    def query(self, command: str) -> str:
        if self._line is None:
            self.connect()
        try:
            self._line.sendall(command.encode("ascii") + b"\n")
            answer = self._answers.readline()  # <- cost
        except OSError as failure:
            self.close()
            raise InstrumentError(str(failure)) from failure
        if not answer.endswith(b"\n") or answer.startswith(b"ERR"):
            raise InstrumentError(answer.decode("ascii", "replace").strip() or "line broke")
        return answer.decode("ascii").strip()

    def read_indices(self, stone: str) -> tuple[float, float, str]:
        ordinary, extraordinary, sign = self.query(f"MEAS:RIDX? {stone}").split(",")
        return float(ordinary), float(extraordinary), sign

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


@dataclass(frozen=True)
class Reading:
    stone: str
    index: float
    birefringence: float
    sign: str
    species: list[str]


class Species:
    """The table, by refractive index."""

    def __init__(self, table: list[tuple[str, float, float, str]]):
        self.table = sorted(table, key=lambda kind: kind[1])
        self.indices = [kind[1] for kind in self.table]

    def likely(self, index: float, birefringence: float, sign: str) -> list[str]:
        first = bisect.bisect_left(self.indices, index - 0.02)
        last = bisect.bisect_right(self.indices, index + 0.02)
        near = [
            (abs(middle - index) + abs(double - birefringence) + 0.01 * (sign != usual), name)
            for name, middle, double, usual in self.table[first:last]
        ]
        return [name for _, name in sorted(near)[:3]]


class Bench:
    def __init__(self, instruments: list[Refractometer]):
        self.instruments = instruments
        self.species = Species(SPECIES)
        self.seen: Counter[str] = Counter()
        self.recent: OrderedDict[str, Reading] = OrderedDict()

    def _keep(self, reading: Reading) -> None:
        self.recent[reading.stone] = reading
        self.recent.move_to_end(reading.stone)
        if len(self.recent) > 200:
            self.recent.popitem(last=False)
        self.seen[reading.species[0] if reading.species else "unknown"] += 1

    async def measure(self, which: int, stone: str) -> Reading:
        ordinary, extraordinary, sign = self.instruments[which].read_indices(stone)  # <- cost
        index = round((ordinary + extraordinary) / 2, 4)
        birefringence = round(abs(ordinary - extraordinary), 4)
        reading = Reading(stone, index, birefringence, sign, self.species.likely(index, birefringence, sign))
        self._keep(reading)
        return reading

    async def close(self, _: web.Application) -> None:
        for instrument in self.instruments:
            instrument.close()


BENCH = web.AppKey("bench", Bench)
routes = web.RouteTableDef()


@web.middleware
async def tell_failures(request: web.Request, handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except InstrumentError as failure:
        return web.json_response({"error": f"instrument: {failure}"}, status=502)


@routes.post("/instruments/{which:\\d+}/stones/{stone}")
async def measure(request: web.Request) -> web.Response:
    which, bench = int(request.match_info["which"]), request.app[BENCH]
    if which >= len(bench.instruments):
        raise web.HTTPNotFound
    reading = await bench.measure(which, request.match_info["stone"])
    return web.json_response(asdict(reading), status=201)


@routes.get("/stones/{stone}")
async def known(request: web.Request) -> web.Response:
    reading = request.app[BENCH].recent.get(request.match_info["stone"])
    if reading is None:
        raise web.HTTPNotFound
    return web.json_response(asdict(reading))


@routes.get("/seen")
async def seen(request: web.Request) -> web.Response:
    return web.json_response(dict(request.app[BENCH].seen.most_common()))


class Instrument(socketserver.StreamRequestHandler):
    """What is on the bench (a stone's number tells what it is)."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        for command in self.rfile:
            verb, _, stone = command.decode("ascii").strip().partition(" ")
            if verb != "MEAS:RIDX?":
                self.wfile.write(b"ERR 102 unknown command\n")
                continue
            time.sleep(TURNING)
            _, index, double, sign = SPECIES[sum(stone.encode()) % len(SPECIES)]
            self.wfile.write(f"{index + double / 2:.4f},{index - double / 2:.4f},{sign}\n".encode())


def gemmologist(port: int, number: int) -> None:
    rng = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + number / ASKS_EACH / GEMMOLOGISTS
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + rng.uniform(0.5, 1.5) / ASKS_EACH, time.monotonic() - 1)
        stone = f"st{number}{rng.randrange(400):03d}"
        connection.request("POST", f"/instruments/{number % INSTRUMENTS}/stones/{stone}")
        told = json.loads(connection.getresponse().read())
        for path in (f"/stones/{told.get('stone')}", "/seen"):
            connection.request("GET", path)
            connection.getresponse().read()


def laboratory(port: int) -> None:
    working = [threading.Thread(target=gemmologist, args=(port, number)) for number in range(GEMMOLOGISTS)]
    for one in working:
        one.start()
    for one in working:
        one.join()


def instrument() -> tuple[str, int]:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Instrument)
    server.daemon_threads = True
    address = server.server_address
    services.outside(server.serve_forever)
    server.server_close()
    return address


async def ready(_: web.Application) -> None:
    asyncio.get_running_loop().call_later(1.0, lambda: print(f"ready {os.getpid()}", flush=True))


def main() -> None:
    bench = Bench([Refractometer(instrument()) for _ in range(INSTRUMENTS)])
    app = web.Application(middlewares=[tell_failures])
    app[BENCH] = bench
    app.add_routes(routes)
    app.on_startup.append(ready)
    app.on_cleanup.append(bench.close)
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listening.getsockname()[1]
    services.outside(lambda: laboratory(port))
    web.run_app(app, sock=listening, print=None, access_log=None)


if __name__ == "__main__":
    main()
