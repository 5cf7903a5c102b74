# expect: healthy bench
# Messages in bottles: finders report them, and a worker takes the finds from a queue in Redis, asks the institute
# of oceanography where such a bottle drifted from and then the archive of that coast who may have thrown it (which
# needs the first answer), and stores the result. Nobody waits for a find; eight are looked into at the same time.
#
# Measured: 12 finds a second, 24 questions to the peers over connections that are kept, 5 % of a core; the worker
# waits for finds most of the time.
import asyncio
import json
import logging
import os
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import redis
import redis.asyncio

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

log = logging.getLogger("bottle_post")

COASTS = ["galicia", "donegal", "finistere", "madeira", "lofoten", "cornwall"]
QUEUE, WORKING, DONE = "finds", "finds:working", "finds:done"
FINDS_A_SECOND = 12
WORKERS = 8


@dataclass(frozen=True)
class Settings:
    redis_port: int
    institute: str
    archive: str
    keep_seconds: int = 120
    tries: int = 3


@dataclass(frozen=True)
class Find:
    raw: str
    number: int
    beach: str
    found: str

    @classmethod
    def parse(cls, raw: str) -> "Find":
        told = json.loads(raw)
        return cls(raw, int(told["number"]), str(told["beach"]), str(told["found"]))


@dataclass
class Figures:
    done: int = 0
    failed: int = 0
    coasts: dict[str, int] = field(default_factory=dict)

    def count(self, coast: str) -> None:
        self.done += 1
        self.coasts[coast] = self.coasts.get(coast, 0) + 1


class Peer:
    """An HTTP peer, asked again after errors, a little later each time."""

    def __init__(self, base: str, tries: int):
        self.tries = tries
        self.http = httpx.AsyncClient(base_url=base, timeout=4.0, limits=httpx.Limits(max_connections=WORKERS))

    async def ask(self, path: str, **parameters: str) -> dict:
        for attempt in range(1, self.tries + 1):
            try:
                answer = await self.http.get(path, params=parameters)
                answer.raise_for_status()
                return answer.json()
            except httpx.HTTPError:
                if attempt == self.tries:
                    raise
                await asyncio.sleep(0.2 * 2**attempt)
        raise AssertionError("not reached")


class FindQueue:
    """Finds that wait, and those that are being looked into, so that none is lost with a worker."""

    def __init__(self, store: redis.asyncio.Redis, keep: int):
        self.store, self.keep = store, keep

    async def take(self) -> Find | None:
        raw = await self.store.blmove(QUEUE, WORKING, timeout=2, src="RIGHT", dest="LEFT")
        return Find.parse(raw) if raw else None

    async def finish(self, find: Find, result: dict) -> None:
        async with self.store.pipeline(transaction=True) as batch:
            batch.set(f"find:{find.number}", json.dumps(result), ex=self.keep)
            batch.hincrby(DONE, result.get("coast", "unknown"), 1)
            batch.lrem(WORKING, 1, find.raw)
            await batch.execute()

    async def put_back(self) -> None:
        while await self.store.lmove(WORKING, QUEUE, "LEFT", "RIGHT"):
            pass


class Investigator:
    def __init__(self, queue: FindQueue, institute: Peer, archive: Peer):
        self.queue, self.institute, self.archive = queue, institute, archive
        self.figures = Figures()

    async def investigate(self, find: Find) -> dict:
        drift = await self.institute.ask(f"/drift/{find.beach}", found=find.found)
        coast = COASTS[drift["coast"] % len(COASTS)]
        thrower = await self.archive.ask(f"/coasts/{coast}/bottles", days=str(drift["days"]))
        return {"coast": coast, "days": drift["days"], "thrower": thrower["name"]}

    async def work(self) -> None:
        while True:
            find = await self.queue.take()
            if find is None:
                continue  # a calm sea
            try:
                result = await self.investigate(find)
                self.figures.count(result["coast"])
            except httpx.HTTPError as error:
                self.figures.failed += 1
                result = {"error": str(error)}
            await self.queue.finish(find, result)

    async def report(self) -> None:
        while True:
            await asyncio.sleep(30)
            log.info("%d finds done, %d failed, %s", self.figures.done, self.figures.failed, self.figures.coasts)


def institute(path: str) -> bytes:
    time.sleep(0.03)
    number = sum(path.encode())
    return json.dumps({"coast": number, "days": 20 + number % 300}).encode()


def archive(path: str) -> bytes:
    time.sleep(0.02)
    return json.dumps({"name": f"skipper {sum(path.encode()) % 500}"}).encode()


def finders(port: int) -> None:
    rng = random.Random(4)
    store = redis.Redis(port=port)
    due, number = time.monotonic(), 0
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + rng.expovariate(FINDS_A_SECOND), time.monotonic() - 1)
        number += 1
        find = {"number": number, "beach": f"beach-{rng.randrange(400)}", "found": f"2024-{rng.randrange(1, 13):02d}"}
        store.lpush(QUEUE, json.dumps(find))


async def run(settings: Settings) -> None:
    store = redis.asyncio.Redis(port=settings.redis_port, decode_responses=True, max_connections=WORKERS + 2)
    queue = FindQueue(store, settings.keep_seconds)
    await queue.put_back()
    peers = [Peer(settings.institute, settings.tries), Peer(settings.archive, settings.tries)]
    investigator = Investigator(queue, *peers)
    async with asyncio.TaskGroup() as tasks:
        for number in range(WORKERS):
            tasks.create_task(investigator.work(), name=f"worker-{number}")
        tasks.create_task(investigator.report(), name="report")
        await asyncio.sleep(0.5)
        print(f"ready {os.getpid()}", flush=True)


def main() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    port = services.redis()
    settings = Settings(
        redis_port=port,
        institute=f"http://127.0.0.1:{services.http_service(institute)}",
        archive=f"http://127.0.0.1:{services.http_service(archive)}",
    )
    services.outside(lambda: finders(port))
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
