# expect: pattern=memory-growth bench
# Looks at the backs of knotted rugs: appraisers lay a scanner on a rug, and send each field that it sees. They are told
# at once how many knots there are to the decimetre; the motif (the field, straightened and evened out) is made for the
# catalogue after the answer, where the photographs of the last rugs can be leafed through.
#
# FastAPI on uvicorn; what may wait is done by tasks of the event loop that go on when the answer is sent.
#
# Measured: 35 fields a second in both; resident memory grows from 72 to 159 MB in 25 s (3.5 MB/s), in the twin it stays
# at 64 MB; 6 % of a core in both.
import asyncio
import http.client
import os
import socket
import sys
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

SIDE = 160  # pixels of a field
FIELDS_EACH = 7.0  # a second and scanner
SCANNERS = 5


class Settings(BaseModel):
    millimetres: float = 50.0
    shelf: int = 40
    settle: float = 0.02


class Density(BaseModel):
    rug: str
    field: int
    along: int
    across: int
    quality: str


@dataclass(frozen=True)
class Motif:
    rug: str
    field: int
    pixels: numpy.ndarray
    contrast: float

    @property
    def key(self) -> str:
        return f"{self.rug}-{self.field}"


class Loom:
    """Counts knots: the strongest period along and across the pile."""

    def __init__(self, settings: Settings):
        self.millimetres = settings.millimetres
        self.window = numpy.hanning(SIDE).astype(numpy.float32)

    def _strongest(self, profile: numpy.ndarray) -> int:
        spectrum = numpy.abs(numpy.fft.rfft((profile - profile.mean()) * self.window))
        periods = 3 + int(spectrum[3:].argmax())
        return round(periods * 100 / self.millimetres)

    def density(self, rug: str, number: int, field: numpy.ndarray) -> Density:
        along, across = self._strongest(field.mean(axis=0)), self._strongest(field.mean(axis=1))
        knots = along * across
        quality = "fine" if knots > 4000 else "medium" if knots > 1500 else "coarse"
        return Density(rug=rug, field=number, along=along, across=across, quality=quality)


class Shelf:
    """The motifs that can be leafed through: the last ones."""

    def __init__(self, room: int):
        self.room = room
        self._motifs: OrderedDict[str, Motif] = OrderedDict()

    def put(self, motif: Motif) -> None:
        self._motifs[motif.key] = motif
        self._motifs.move_to_end(motif.key)
        while len(self._motifs) > self.room:
            self._motifs.popitem(last=False)

    def find(self, key: str) -> Motif | None:
        return self._motifs.get(key)

    def keys(self) -> list[str]:
        return list(self._motifs)


class Afterwards:
    """Work that goes on when the answer is sent. The loop only knows tasks weakly, so they are held here."""

    def __init__(self) -> None:
        self._held: set[asyncio.Task] = set()
        self.outcomes: Counter[str] = Counter()

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)  # <- cost
        self._held.add(task)  # <- cost
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task) -> None:
        if task.cancelled():
            self.outcomes["cancelled"] += 1
        elif task.exception() is not None:
            self.outcomes["failed"] += 1
        else:
            self.outcomes["done"] += 1


class Catalogue:
    def __init__(self, settings: Settings):
        self.settle = settings.settle
        self.shelf = Shelf(settings.shelf)
        self.rugs: Counter[str] = Counter()

    async def take(self, rug: str, number: int, field: numpy.ndarray) -> Motif:
        await asyncio.sleep(self.settle)  # the answer goes first
        light = numpy.cumsum(numpy.cumsum(field, axis=0), axis=1) / (SIDE * SIDE)
        even = (field - light / light.max() * field.mean()).astype(numpy.float32)  # <- cost
        low, high = float(even.min()), float(even.max())
        even -= low
        even *= 255 / max(high - low, 1e-6)
        motif = Motif(rug, number, even, round(high - low, 1))
        self.shelf.put(motif)
        self.rugs[rug] += 1
        return motif  # <- cost


@dataclass(frozen=True)
class Workshop:
    loom: Loom
    catalogue: Catalogue
    afterwards: Afterwards


async def workshop(request: Request) -> Workshop:
    return request.app.state.workshop


Shop = Annotated[Workshop, Depends(workshop)]
rugs = APIRouter(prefix="/rugs", tags=["rugs"])
catalogue = APIRouter(prefix="/motifs", tags=["catalogue"])


@rugs.post("/{rug}/fields/{number}", status_code=201)
async def scanned(rug: str, number: int, request: Request, shop: Shop) -> Density:
    body = await request.body()
    if len(body) != SIDE * SIDE:
        raise HTTPException(422, f"a field has {SIDE} times {SIDE} pixels")
    field = numpy.frombuffer(body, numpy.uint8).reshape(SIDE, SIDE).astype(numpy.float32)
    density = shop.loom.density(rug, number, field)
    shop.afterwards.begin(shop.catalogue.take(rug, number, field))
    return density


@catalogue.get("/")
async def leaf(shop: Shop) -> list[str]:
    return shop.catalogue.shelf.keys()


@catalogue.get("/{key}")
async def show(key: str, shop: Shop) -> Response:
    motif = shop.catalogue.shelf.find(key)
    if motif is None:
        raise HTTPException(404, "not on the shelf any more")
    return Response(motif.pixels.astype(numpy.uint8).tobytes(), media_type="application/octet-stream")


@rugs.get("/summary")
async def summary(shop: Shop) -> dict[str, dict[str, int]]:
    return {"rugs": dict(shop.catalogue.rugs.most_common(10)), "afterwards": dict(shop.afterwards.outcomes)}


@asynccontextmanager
async def lifespan(app: FastAPI):
    settings: Settings = app.state.settings
    app.state.workshop = Workshop(Loom(settings), Catalogue(settings), Afterwards())
    asyncio.get_running_loop().call_later(1.5, partial(print, f"ready {os.getpid()}", flush=True))
    yield


def create_app(settings: Settings) -> FastAPI:
    app = FastAPI(title="Knots", lifespan=lifespan)
    app.state.settings = settings
    app.include_router(rugs)
    app.include_router(catalogue)
    return app


def scan(knots: int, number: int) -> bytes:
    at = numpy.arange(SIDE) / SIDE * 2 * numpy.pi * knots
    relief = 120 + 50 * numpy.sin(at)[:, None] + 50 * numpy.cos(at * 0.8 + number)[None, :]
    return relief.astype(numpy.uint8).tobytes()


def scanner(port: int, number: int) -> None:
    scans = [scan(20 + number * 5, turn) for turn in range(8)]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    field, due = 0, time.monotonic() + number / FIELDS_EACH / SCANNERS
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / FIELDS_EACH, time.monotonic() - 1)
        rug = f"rug{number}{field // 300 % 20:02d}"
        connection.request("POST", f"/rugs/{rug}/fields/{field % 300}", scans[field % 8])
        connection.getresponse().read()
        if field % 20 == 0:
            connection.request("GET", "/motifs/")
            connection.getresponse().read()
        field += 1


def appraisers(port: int) -> None:
    scanners = [threading.Thread(target=scanner, args=(port, number)) for number in range(SCANNERS)]
    for one in scanners:
        one.start()
    for one in scanners:
        one.join()


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listening.getsockname()[1]
    services.outside(lambda: appraisers(port))
    config = uvicorn.Config(create_app(Settings()), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
