# expect: pattern=chatty-protocol bench
# Follows marked ants in observation nests: cameras put what each ant does into Redis (a hash for each tag), and the
# application answers the displays of the laboratory with the census of a colony: who forages, who nurses, where
# they are.
#
# Measured: 8 censuses a second in both, 145 ants in each; one is answered in 84 ms (median, on a busy machine; the
# fastest tenth in 29 ms) at 25 % of a core, in the twin in 37 ms (12 ms) at 9 %.
import asyncio
import http.client
import os
import random
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import redis
import redis.asyncio
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

COLONIES = {"lasius": 140, "myrmica": 170, "formica": 150, "temnothorax": 120}
TASKS = ("nurse", "forager", "cleaner", "idle", "queen's court")
CHAMBERS = ("brood", "entrance", "midden", "arena", "larder")
DISPLAYS = 4
CENSUS_EACH = 2.0  # a second and display


class Settings(BaseModel):
    redis_port: int
    connections: int = 16


class Ant(BaseModel):
    tag: str
    task: str
    chamber: str
    speed: float

    @property
    def moving(self) -> bool:
        return self.speed > 0.4


class Census(BaseModel):
    colony: str
    tasks: dict[str, int]
    chambers: dict[str, int]
    moving: int
    fastest: list[Ant]


class AntRepository:
    """Ants are hashes, and a colony the set of its tags."""

    def __init__(self, store: redis.asyncio.Redis):
        self.store = store

    @staticmethod
    def key(tag: str) -> str:
        return f"ant:{tag}"

    @staticmethod
    def build(tag: str, fields: dict[str, str]) -> Ant | None:
        if not fields:
            return None  # lost her tag since
        return Ant(tag=tag, task=fields["task"], chamber=fields["chamber"], speed=float(fields["speed"]))

    async def tags(self, colony: str) -> list[str]:
        return sorted(await self.store.smembers(f"colony:{colony}"))

    async def get(self, tag: str) -> Ant | None:
        return self.build(tag, await self.store.hgetall(self.key(tag)))  # <- cost

    async def of_colony(self, colony: str) -> list[Ant]:
        ants = [await self.get(tag) for tag in await self.tags(colony)]  # <- cost
        return [ant for ant in ants if ant is not None]


class CensusService:
    def __init__(self, ants: AntRepository):
        self.ants = ants

    async def census(self, colony: str) -> Census:
        ants = await self.ants.of_colony(colony)
        if not ants:
            raise HTTPException(404, f"no colony {colony}")
        return Census(
            colony=colony,
            tasks=Counter(ant.task for ant in ants),
            chambers=Counter(ant.chamber for ant in ants),
            moving=sum(ant.moving for ant in ants),
            fastest=sorted(ants, key=lambda ant: ant.speed, reverse=True)[:5],
        )


def ant_repository(request: Request) -> AntRepository:
    return AntRepository(request.app.state.redis)


def census_service(ants: Annotated[AntRepository, Depends(ant_repository)]) -> CensusService:
    return CensusService(ants)


router = APIRouter(tags=["colonies"])


@router.get("/colonies/{colony}/census")
async def read_census(colony: str, service: Annotated[CensusService, Depends(census_service)]) -> Census:
    return await service.census(colony)


@router.get("/ants/{tag}")
async def read_ant(tag: str, ants: Annotated[AntRepository, Depends(ant_repository)]) -> Ant:
    ant = await ants.get(tag)
    if ant is None:
        raise HTTPException(404, f"no ant {tag}")
    return ant


@asynccontextmanager
async def lifespan(app: FastAPI):
    settings: Settings = app.state.settings
    pool = redis.asyncio.ConnectionPool(
        host="127.0.0.1",
        port=settings.redis_port,
        decode_responses=True,
        max_connections=settings.connections,
    )
    async with redis.asyncio.Redis(connection_pool=pool) as app.state.redis:
        asyncio.get_running_loop().call_later(0.5, partial(print, f"ready {os.getpid()}", flush=True))
        yield
    await pool.aclose()


def create_app(settings: Settings) -> FastAPI:
    app = FastAPI(title="Colonies", lifespan=lifespan)
    app.state.settings = settings
    app.include_router(router)
    return app


def seen(rng: random.Random) -> dict[str, str]:
    return {"task": rng.choice(TASKS), "chamber": rng.choice(CHAMBERS), "speed": f"{rng.random():.3f}"}


def mark_colonies(port: int) -> None:
    rng = random.Random(11)
    with redis.Redis(port=port) as store, store.pipeline(transaction=False) as batch:
        for colony, number in COLONIES.items():
            for ant in range(number):
                batch.sadd(f"colony:{colony}", f"{colony}-{ant:03d}")
                batch.hset(AntRepository.key(f"{colony}-{ant:03d}"), mapping=seen(rng))
        batch.execute()


def cameras(port: int) -> None:
    """The cameras, which write what changed in their picture twice a second."""
    rng = random.Random(5)
    store = redis.Redis(port=port)
    while True:
        with store.pipeline(transaction=False) as batch:
            for colony, number in COLONIES.items():
                for ant in rng.sample(range(number), 10):
                    batch.hset(AntRepository.key(f"{colony}-{ant:03d}"), mapping=seen(rng))
            batch.execute()
        time.sleep(0.5)


def display(port: int, number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    colony, due = list(COLONIES)[number % len(COLONIES)], time.monotonic() + number * 0.11
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / CENSUS_EACH, time.monotonic() - 1)
        connection.request("GET", f"/colonies/{colony}/census")
        connection.getresponse().read()


def laboratory(port: int) -> None:
    displays = [threading.Thread(target=display, args=(port, number)) for number in range(DISPLAYS)]
    for screen in displays:
        screen.start()
    for screen in displays:
        screen.join()


def main() -> None:
    settings = Settings(redis_port=services.redis())
    mark_colonies(settings.redis_port)
    services.outside(lambda: cameras(settings.redis_port))
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listening.getsockname()[1]
    services.outside(lambda: laboratory(port))
    config = uvicorn.Config(create_app(settings), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
