# expect: pattern=serialization-overhead bench
"""Scales of a gooseberry show: the steward scans the label of a plate, sees whose berries they are and what they
weighed, and weighs them; a board shows the heaviest of each class.

Starlette with redis.asyncio: the entries are in Redis, since three of these run behind a proxy.

Measured: 40 scans a second in both; a scan takes 6 to 12 ms and 0.28 cores in all, in the twin 1.3 ms and 0.05 cores.
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
from contextlib import asynccontextmanager
from datetime import datetime, timezone

import redis as sync_redis
import redis.asyncio as redis
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

ENTRIES = 1400
CLASSES = ("red", "green", "yellow", "white", "twins", "maiden")
SCANS_PER_SECOND = 40
STEWARDS = 8
KEY = "show:entries"
BOARD = "show:board"


class Entries:
    """The entries of the show, by the number of the plate."""

    def __init__(self, store):
        self.store = store

    async def _load(self):
        packed = await self.store.get(KEY)
        return json.loads(packed) if packed else {}  # <- cost

    async def one(self, number):
        entries = await self._load()
        try:
            return entries[str(number)]
        except KeyError:
            raise LookupError(f"no plate {number}") from None

    async def keep(self, entry):
        entries = await self._load()
        entries[str(entry["plate"])] = entry
        await self.store.set(KEY, json.dumps(entries))  # <- cost

    async def all(self):
        return list((await self._load()).values())


class Scales:
    """Weighs in pennyweights and grains, as the society does."""

    def weigh(self, entry, milligrams):
        if not 500 <= milligrams <= 80000:
            raise ValueError(f"{milligrams} mg is no gooseberry")
        grains = round(milligrams / 64.79891, 1)
        entry["weighings"] = [
            *entry["weighings"][-4:],
            {"grains": grains, "at": datetime.now(timezone.utc).isoformat()},
        ]
        entry["grains"] = max(weighing["grains"] for weighing in entry["weighings"])
        return entry

    def told(self, grains):
        pennyweights, rest = divmod(grains, 24)
        return f"{int(pennyweights)} dwt {rest:.1f} gr"


class Board:
    """The heaviest of each class; made anew every few seconds."""

    def __init__(self, entries, scales, store, period=5.0):
        self.entries, self.scales, self.store, self.period = entries, scales, store, period

    def standings(self, entries):
        best = {}
        for entry in entries:
            leaders = best.setdefault(entry["class"], [])
            leaders.append((entry["grains"], entry["variety"], entry["grower"]["name"]))
        return {
            name: [[self.scales.told(grains), variety, grower] for grains, variety, grower in sorted(leaders)[:-6:-1]]
            for name, leaders in best.items()
        }

    async def refresh(self):
        standings = self.standings(await self.entries.all())
        await self.store.set(BOARD, json.dumps(standings), ex=60)

    async def run(self):
        while True:
            await self.refresh()
            await asyncio.sleep(self.period)


scales = Scales()


async def plate(request):
    entries = request.app.state.entries
    try:
        entry = await entries.one(request.path_params["number"])
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    return JSONResponse({**entry, "weight": scales.told(entry["grains"])})


async def weigh(request):
    entries = request.app.state.entries
    try:
        milligrams = int((await request.json())["milligrams"])
        entry = scales.weigh(await entries.one(request.path_params["number"]), milligrams)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except (ValueError, TypeError) as error:
        raise HTTPException(422, str(error)) from None
    await entries.keep(entry)
    return JSONResponse({"weight": scales.told(entry["grains"])}, status_code=201)


async def board(request):
    standings = await request.app.state.store.get(BOARD)
    return JSONResponse(json.loads(standings) if standings else {})


def create_app(port):
    @asynccontextmanager
    async def lifespan(app):
        store = redis.Redis(port=port, max_connections=20)
        app.state.store, app.state.entries = store, Entries(store)
        making = asyncio.create_task(Board(app.state.entries, scales, store).run())
        asyncio.get_running_loop().call_later(3, lambda: print(f"ready {os.getpid()}", flush=True))
        yield
        making.cancel()
        await store.aclose()

    routes = [
        Route("/plates/{number:int}", plate),
        Route("/plates/{number:int}/weight", weigh, methods=["POST"]),
        Route("/board", board),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def entered(number):
    grower = {"name": f"grower {number % 130}", "village": f"village {number % 23}", "since": 1960 + number % 60}
    return {
        "plate": number,
        "class": CLASSES[number % len(CLASSES)],
        "variety": f"variety {number * 31 % 90}",
        "grower": grower,
        "bush": {"age": number % 17, "pruned": number % 2 == 0},
        "weighings": [{"grains": 300.0 + number % 400, "at": "2026-08-01T08:00:00+00:00"}],
        "grains": 300.0 + number % 400,
    }


def fill(port):
    """What the secretary entered on the evening before."""
    entries = {number: entered(number) for number in range(1, ENTRIES + 1)}
    with sync_redis.Redis(port=port) as store:
        store.set(KEY, json.dumps(entries))


def steward(port, number):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + number / SCANS_PER_SECOND
    for turn in range(number, 1 << 40):
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + STEWARDS / SCANS_PER_SECOND, time.monotonic() - 1)
        path = f"/plates/{random.randint(1, ENTRIES)}"
        try:
            if turn % 20 == 0:
                connection.request("POST", f"{path}/weight", b'{"milligrams": %d}' % random.randint(18000, 46000))
            else:
                connection.request("GET", "/board" if turn % 10 == 5 else path)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()
            time.sleep(0.2)


def stewards(port):
    threads = [threading.Thread(target=steward, args=(port, number)) for number in range(STEWARDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    store = services.redis()
    fill(store)
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listening.getsockname()[1]
    services.outside(lambda: stewards(port))
    config = uvicorn.Config(create_app(store), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
