# expect: healthy bench
"""A shop for pomanders and dried scents: FastAPI; the stock of each scent is known by the warehouse, over HTTP.

Measured: a scent 101-125 ms (p95 223-275 ms), a family, which needs no stock, 22-45 ms (p95 95-117 ms) (the problem); 15 ms (p95 22 ms)
and 0.8 ms (p95 4 ms) (the twin).
"""

import json
import os
import sys
import time
from contextlib import asynccontextmanager

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services


def warehouse(path):
    """How much of one scent is on which shelf; now and then the shelf is far away."""
    number = int(path.rpartition("/")[2])
    time.sleep(0.012 if number % 4 else 0.05)
    shelves = [{"shelf": f"S{number % 7}-{n}", "pieces": number * (n + 3) % 11} for n in range(4)]
    return json.dumps({"scent": number, "shelves": shelves}).encode()


WAREHOUSE = f"http://127.0.0.1:{services.http_service(warehouse)}"

import httpx
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel


class Scent(BaseModel):
    id: int
    name: str
    family: str
    cents: int


class ScentPage(BaseModel):
    scent: Scent
    pieces: int
    shelves: list[str]
    also: list[Scent]


class Basket(BaseModel):
    lines: list[Scent]
    cents: int


FAMILIES = ("clove orange", "lavender", "myrrh", "rose geranium", "cedar")
SCENTS = {
    number: Scent(id=number, name=f"Pomander {number}", family=FAMILIES[number % 5], cents=450 + number * 73 % 4000)
    for number in range(1, 301)
}
BY_FAMILY = {family: [scent for scent in SCENTS.values() if scent.family == family] for family in FAMILIES}


class Warehouse:
    """The client of the warehouse, on kept connections."""

    def __init__(self, address):
        self.address = address
        self.session = httpx.AsyncClient(timeout=2)

    async def shelves(self, number):
        answer = await self.session.get(f"{self.address}/stock/{number}")
        answer.raise_for_status()
        return answer.json()["shelves"]

    async def close(self):
        await self.session.aclose()


@asynccontextmanager
async def lifespan(app):
    app.state.warehouse = Warehouse(WAREHOUSE)
    yield
    await app.state.warehouse.close()


app = FastAPI(lifespan=lifespan)


@app.get("/scents/{number}")
async def scent_page(number: int) -> ScentPage:
    scent = SCENTS.get(number)
    if not scent:
        raise HTTPException(404)
    shelves = await app.state.warehouse.shelves(number)
    filled = [shelf["shelf"] for shelf in shelves if shelf["pieces"]]
    family = BY_FAMILY[scent.family]
    at = number // 5
    also = [family[(at + n) % len(family)] for n in range(1, 5)]
    return ScentPage(scent=scent, pieces=sum(shelf["pieces"] for shelf in shelves), shelves=filled, also=also)


@app.get("/families/{family}")
async def family_page(family: str) -> list[Scent]:
    if family not in BY_FAMILY:
        raise HTTPException(404)
    return BY_FAMILY[family][:12]


@app.get("/baskets/{first}/{second}")
async def basket(first: int, second: int) -> Basket:
    lines = [SCENTS[number] for number in (first, second) if number in SCENTS]
    return Basket(lines=lines, cents=sum(scent.cents for scent in lines))


@app.get("/health")
async def health():
    return {"scents": len(SCENTS)}


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("ready", os.getpid(), flush=True)


def main():
    port = services.free_port()
    scents = [f"/scents/{number}" for number in SCENTS]
    others = ["/families/lavender", "/families/cedar", "/baskets/3/14", "/baskets/15/92", "/health"]

    def readers():
        services.wait_for(port)
        clients.come(port, scents, rate=36, workers=10)

    def buyers():
        services.wait_for(port)
        clients.come(port, others, rate=20, workers=6)

    services.outside(readers)
    services.outside(buyers)
    Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)).run()


if __name__ == "__main__":
    main()
