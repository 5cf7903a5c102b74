# expect: healthy bench
"""The desk of a meteorite museum: finders send what they measured of a stone, and are told what it probably is.

FastAPI on uvicorn: routers, dependencies, a middleware that times the answers. The composition of a stone is asked of
the spectrometer's own web service (some 20 ms); the desk itself only compares and words.

Measured: the loop stands in the call 85 to 97 % of its time, another request (a list of names) takes 78 ms;
in the twin that takes 3 ms, at 0.16 cores.
"""

import asyncio
import os
import random
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import httpx
import requests
import services
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

FINDERS = 10
GROUPS = {  # iron, magnesium, nickel: percent by weight
    "H chondrite": (27.5, 14.0, 1.7),
    "L chondrite": (21.8, 14.9, 1.2),
    "LL chondrite": (19.8, 15.3, 1.0),
    "CM chondrite": (21.0, 11.8, 1.2),
    "eucrite": (14.0, 4.2, 0.0),
    "iron IIIAB": (91.0, 0.0, 8.4),
    "slag": (44.0, 3.0, 0.1),
}


class Find(BaseModel):
    stone: int = Field(ge=1)
    mass_g: float = Field(gt=0)
    volume_ml: float = Field(gt=0)

    @property
    def density(self):
        return self.mass_g / self.volume_ml


class Verdict(BaseModel):
    stone: int
    group: str
    density: float
    distance: float
    remark: str


class SpectrometerError(Exception):
    pass


class Spectrometer:
    """The web service in the cellar."""

    def __init__(self, base):
        self.session = httpx.AsyncClient(base_url=base, timeout=5)

    async def composition(self, stone):
        answer = await self.session.get(f"/stones/{stone}")
        if answer.status_code != 200:
            raise SpectrometerError(f"stone {stone}: {answer.status_code}")
        told = answer.json()
        return told["fe"], told["mg"], told["ni"]

    async def close(self):
        await self.session.aclose()


class Classifier:
    def __init__(self, spectrometer, groups):
        self.spectrometer = spectrometer
        self.groups = groups

    async def classify(self, find):
        measured = await self.spectrometer.composition(find.stone)
        group, distance = min(
            ((name, self.distance(measured, typical)) for name, typical in self.groups.items()),
            key=lambda pair: pair[1],
        )
        return Verdict(
            stone=find.stone,
            group=group,
            density=round(find.density, 2),
            distance=round(distance, 3),
            remark=self.remark(find.density, distance),
        )

    @staticmethod
    def distance(measured, typical):
        return sum(((a - b) / (b + 1)) ** 2 for a, b in zip(measured, typical)) ** 0.5

    @staticmethod
    def remark(density, distance):
        if density < 2:
            return "too light for a meteorite"
        return "clear" if distance < 0.2 else "to be cut and polished"


async def classifier(request: Request) -> Classifier:
    return request.app.state.classifier


finds = APIRouter(prefix="/finds", tags=["finds"])


@finds.post("/verdict", response_model=Verdict)
async def verdict(find: Find, desk: Classifier = Depends(classifier)):
    try:
        return await desk.classify(find)
    except SpectrometerError as error:
        raise HTTPException(502, str(error)) from error


@finds.get("/groups")
async def groups():
    return {"groups": sorted(GROUPS)}


class Timing:
    """ASGI middleware: how long each answer took, by path."""

    def __init__(self, app):
        self.app = app
        self.spent = {}

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began = time.monotonic()
        try:
            await self.app(scope, receive, send)
        finally:
            number, total = self.spent.get(scope["path"], (0, 0.0))
            self.spent[scope["path"]] = number + 1, total + time.monotonic() - began


def create_app(base):
    @asynccontextmanager
    async def lifespan(app):
        spectrometer = Spectrometer(base)
        app.state.classifier = Classifier(spectrometer, GROUPS)
        yield
        await spectrometer.close()

    app = FastAPI(title="Meteorite desk", lifespan=lifespan)
    app.include_router(finds)
    app.add_middleware(Timing)
    return app


def spectrum(path):
    """What the spectrometer tells of a stone."""
    time.sleep(0.02)
    stone = int(path.rsplit("/", 1)[1])
    fe, mg, ni = list(GROUPS.values())[stone % len(GROUPS)]
    return f'{{"fe": {fe + stone % 5 / 10}, "mg": {mg + stone % 3 / 10}, "ni": {ni}}}'.encode()


def finder(port):
    """Sends one find after the other, five a second at most."""
    services.wait_for(port)
    with requests.Session() as session:
        base = f"http://127.0.0.1:{port}/finds"
        session.get(f"{base}/groups", timeout=30)
        while True:
            mass = random.uniform(20, 900)
            find = {"stone": random.randrange(1, 5000), "mass_g": mass, "volume_ml": mass / random.uniform(1.8, 7.9)}
            session.post(f"{base}/verdict", json=find, timeout=30)
            time.sleep(0.2)


class Desk(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        if self.started:
            print(f"ready {os.getpid()}", flush=True)


def main():
    base = f"http://127.0.0.1:{services.http_service(spectrum)}"
    port = services.free_port()
    for _ in range(FINDERS):
        services.outside(lambda: finder(port))
    config = uvicorn.Config(create_app(base), host="127.0.0.1", port=port, log_level="error", access_log=False)
    asyncio.run(Desk(config).serve())


if __name__ == "__main__":
    main()
