# expect: healthy bench
"""Radio controls of an orienteering race: each tells the finish when a runner's card was read in the wood, and the
announcers ask who leads at a control.

FastAPI under uvicorn, with the metrics that the platform team wants to see on its boards.

Measured: some 175 requests a second in both, 0.1 cores; it grows by 2.6 MiB/s, the twin does not.
"""

import asyncio
import heapq
import os
import socket
import sys
import threading
import time
from array import array
from contextlib import asynccontextmanager

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from pydantic import BaseModel

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

CARDS = 4000
CONTROLS = 40
CLASSES = ("D21", "H21", "D35", "H35", "D50", "H50")
PUNCHES_PER_SECOND = 200
RADIOS = 8

TOOK = Histogram(
    "http_request_seconds",
    "Time to answer",
    ["method", "path"],
    buckets=(0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10),
)
SIZES = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288)
TAKEN = Histogram("http_request_bytes", "Size of requests", ["method", "path"], buckets=SIZES)
GIVEN = Histogram("http_response_bytes", "Size of answers", ["method", "path"], buckets=SIZES)
ANSWERS = Counter("http_answers", "Answers", ["method", "path", "status"])
RUNNING = Gauge("http_requests_running", "Requests that are being answered")


class Metrics:
    """Middleware: observes each request."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["path"] == "/metrics":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        seen = {"status": 500, "taken": 0, "given": 0}

        async def received():
            message = await receive()
            seen["taken"] += len(message.get("body", b""))
            return message

        async def observed(message):
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
            else:
                seen["given"] += len(message.get("body", b""))
            await send(message)

        with RUNNING.track_inprogress():
            try:
                await self.app(scope, received, observed)
            finally:
                self.observe(scope, seen, time.perf_counter() - began)

    def observe(self, scope, seen, seconds):
        route = scope.get("route")
        method, path = scope["method"], route.path if route else "unknown"
        TOOK.labels(method, path).observe(seconds)
        TAKEN.labels(method, path).observe(seen["taken"])
        GIVEN.labels(method, path).observe(seen["given"])
        ANSWERS.labels(method, path, seen["status"]).inc()


class Punch(BaseModel):
    at: float
    battery: int = 100


class Standing(BaseModel):
    card: int
    seconds: float


class Race:
    """The times at the controls: a table of cards and controls, made once."""

    def __init__(self):
        self.times = [array("f", [0.0] * CARDS) for _ in range(CONTROLS)]
        self.batteries = [100] * CONTROLS
        self.punches = 0

    def punch(self, card, control, punch):
        before = self.times[control][card]
        if before and punch.at - before > 7200:
            raise HTTPException(409, "an old card")
        self.times[control][card] = punch.at
        self.batteries[control] = punch.battery
        self.punches += 1
        return self.split(card, control)

    def split(self, card, control):
        here = self.times[control][card]
        for earlier in range(control - 1, -1, -1):
            if self.times[earlier][card]:
                return here - self.times[earlier][card]
        return here

    def leaders(self, control, name, number):
        group = CLASSES.index(name)
        times = self.times[control]
        run = ((times[card], card) for card in range(group, CARDS, len(CLASSES)) if times[card])
        return [Standing(card=card, seconds=at) for at, card in heapq.nsmallest(number, run)]


router = APIRouter()


@router.post("/cards/{card}/controls/{control}", status_code=201)
async def punched(request: Request, card: int, control: int, punch: Punch) -> dict[str, float]:
    if not (card < CARDS and control < CONTROLS):
        raise HTTPException(404, "no such card or control")
    return {"split": request.app.state.race.punch(card, control, punch)}


@router.get("/controls/{control}/leaders/{name}")
async def leaders(request: Request, control: int, name: str) -> list[Standing]:
    if name not in CLASSES or control >= CONTROLS:
        raise HTTPException(404, "no such class or control")
    return request.app.state.race.leaders(control, name, 10)


@router.get("/controls/{control}/battery")
async def battery(request: Request, control: int) -> dict[str, int]:
    if control >= CONTROLS:
        raise HTTPException(404, "no such control")
    return {"battery": request.app.state.race.batteries[control]}


@router.get("/metrics", include_in_schema=False)
def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.race = Race()
    asyncio.get_running_loop().call_later(3, lambda: print(f"ready {os.getpid()}", flush=True))
    yield


def create_app():
    app = FastAPI(title="Radio controls", lifespan=lifespan)
    app.add_middleware(Metrics)
    app.include_router(router)
    return app


def ask(line, request):
    """Send a request, and read its answer to the end."""
    line.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += line.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length:")[2].split()[0]) - len(body)
    while left > 0:
        left -= len(line.recv(65536))


def radio(port, number):
    """The radio of some controls; every runner comes by once."""
    line = socket.create_connection(("127.0.0.1", port))
    due, turn = time.monotonic() + number / PUNCHES_PER_SECOND, number
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + RADIOS / PUNCHES_PER_SECOND, time.monotonic() - 1)
        control, card = divmod(turn, CARDS)
        control %= CONTROLS
        turn += RADIOS
        if turn // RADIOS % 20 == 0:
            ask(line, b"GET /controls/%d/leaders/D21 HTTP/1.1\r\nHost: finish\r\n\r\n" % control)
        else:
            body = b'{"at": %d.5, "battery": 87}' % (600 + turn % 5000)
            head = b"POST /cards/%d/controls/%d HTTP/1.1\r\nHost: finish\r\n" % (card, control)
            ask(line, head + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def radios(port):
    threads = [threading.Thread(target=radio, args=(port, number)) for number in range(RADIOS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listening.getsockname()[1]
    services.outside(lambda: radios(port))
    config = uvicorn.Config(create_app(), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
