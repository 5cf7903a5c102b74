# expect: pattern=memory-growth bench
"""The order desk of a village of alebrije carvers: shops ask for an offer for a creature of copal wood, and get the
pieces it is carved from, the colours, the hours and the price. A shop that lost the line asks again with the same
Idempotency-Key, and gets the offer that was made before.

Starlette under uvicorn.

Measured: 120 orders a second, grows by 3 MiB a second; the twin stays at 40 MiB. 0.13 to 0.15 cores in both.
"""

import asyncio
import http.client
import json
import os
import random
import socket
import sys
import threading
import time
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import services

ORDERS_A_SECOND = 120
SHOPS = 10

CREATURES = {
    "jaguar": ("head", "jaw", "torso", "tail", "leg", "leg", "leg", "leg", "ear", "ear"),
    "axolotl": ("head", "torso", "tail", "gill", "gill", "gill", "gill", "leg", "leg", "leg", "leg"),
    "owl": ("head", "beak", "torso", "wing", "wing", "claw", "claw"),
    "armadillo": ("head", "snout", "shell", "shell", "shell", "tail", "leg", "leg", "leg", "leg"),
}
COLOURS = ("cochineal", "indigo", "zinc", "marigold", "huizache", "quicklime", "lampblack")


class BadOrder(ValueError):
    pass


@dataclass(frozen=True)
class Order:
    creature: str
    height_mm: int
    palette: tuple[str, ...]
    density: int

    @classmethod
    def parse(cls, told: dict) -> "Order":
        order = cls(told["creature"], int(told["height_mm"]), tuple(told["palette"]), int(told["density"]))
        if order.creature not in CREATURES:
            raise BadOrder(f"nobody carves a {order.creature}")
        if not 60 <= order.height_mm <= 900 or not 1 <= order.density <= 80:
            raise BadOrder("out of size")
        if unknown := set(order.palette) - set(COLOURS):
            raise BadOrder(f"no such colour: {', '.join(sorted(unknown))}")
        return order


class Workshop:
    """Plans what a creature needs."""

    def __init__(self):
        self.numbers = count(1)
        self.latest: deque[int] = deque(maxlen=50)

    def motifs(self, order: Order, piece: int) -> list[dict]:
        """The painted figures of one piece, in rings about it."""
        colours = len(order.palette)
        return [
            {
                "ring": n // 6,
                "angle": n * 60 % 360 + piece,
                "colour": order.palette[(n + piece) % colours],
                "mm": 2 + n % 5,
            }
            for n in range(order.density)
        ]

    def offer(self, order: Order) -> dict:
        pieces, minutes = [], 0
        for at, part in enumerate(CREATURES[order.creature]):
            long = order.height_mm * (7 if part == "torso" else 3) // 10
            motifs = self.motifs(order, at)
            minutes += long // 4 + 3 * len(motifs)
            pieces.append({"part": part, "long_mm": long, "grain": "along" if long > 90 else "any", "motifs": motifs})
        number = next(self.numbers)
        self.latest.append(number)
        return {
            "offer": number,
            "creature": order.creature,
            "pieces": pieces,
            "hours": minutes / 60,
            "pesos": minutes * 4,
        }


@dataclass(frozen=True)
class Replay:
    """An answer that was given, for who asks again."""

    status: int
    body: bytes
    at: float


class IdempotencyMiddleware:
    """Answers a POST that came before with the answer that it got then."""

    def __init__(self, app):
        self.app = app
        self.replays: dict[str, Replay] = {}

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        key = dict(scope["headers"]).get(b"idempotency-key", b"").decode("latin-1")
        if not key:
            await JSONResponse({"error": "an Idempotency-Key is needed"}, 400)(scope, receive, send)
            return
        if replay := self.replays.get(key):
            again = Response(replay.body, replay.status, {"Idempotency-Replayed": "true"}, "application/json")
            await again(scope, receive, send)
            return
        status, parts = 500, []

        async def keep(message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, keep)
        if status < 500:
            self.replays[key] = Replay(status, b"".join(parts), time.monotonic())  # <- cost


async def post_offer(request: Request) -> JSONResponse:
    try:
        order = Order.parse(await request.json())
    except (KeyError, TypeError, ValueError) as error:
        raise HTTPException(422, str(error)) from error
    return JSONResponse(request.app.state.workshop.offer(order), 201)


async def latest(request: Request) -> JSONResponse:
    return JSONResponse({"offers": list(request.app.state.workshop.latest)})


async def as_json(request: Request, error: HTTPException) -> JSONResponse:
    return JSONResponse({"error": error.detail}, error.status_code)


@asynccontextmanager
async def lifespan(app: Starlette):
    async def announce() -> None:
        await asyncio.sleep(6)
        print(f"ready {os.getpid()}", flush=True)

    told = asyncio.create_task(announce())
    yield
    told.cancel()


def create_app() -> Starlette:
    app = Starlette(
        routes=[Route("/offers", post_offer, methods=["POST"]), Route("/offers", latest)],
        middleware=[Middleware(IdempotencyMiddleware)],
        exception_handlers={HTTPException: as_json},
        lifespan=lifespan,
    )
    app.state.workshop = Workshop()
    return app


def shop(port: int, number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + 0.5 + number / ORDERS_A_SECOND
    key, body = "", ""
    for order in count():
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + SHOPS / ORDERS_A_SECOND, time.monotonic() - 1)
        if not key or random.random() > 0.05:  # (else: the same again)
            key = f"shop{number}-{order}-{random.randrange(1 << 32):08x}"
            told = {"creature": random.choice(list(CREATURES)), "height_mm": random.randint(80, 600)}
            body = json.dumps({**told, "palette": random.sample(COLOURS, 4), "density": random.randint(50, 70)})
        connection.request("POST", "/offers", body, {"Content-Type": "application/json", "Idempotency-Key": key})
        connection.getresponse().read()


def shops(port: int) -> None:
    crowd = [threading.Thread(target=shop, args=(port, number)) for number in range(SHOPS)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    services.outside(lambda: shops(listener.getsockname()[1]))
    uvicorn.Server(uvicorn.Config(create_app(), log_level="error", access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main()
