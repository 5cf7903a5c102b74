# bench: healthy
# Wildlife crossings of a motorway: camera posts report animals in batches, rangers' maps follow an event stream and ask
# for a crossing's daily rhythm, which is computed with numpy and kept until the next batch of that crossing.
# Measured: 8 % of a core at some 100 requests a second; memory stays (all windows are full at the start).
import asyncio
import json
import os
import socket
import sys
import threading
from collections import deque
from contextlib import asynccontextmanager

import numpy as np
import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside  # noqa: E402

CROSSINGS = ["bodoquena", "campo-grande", "jatei", "nioaque", "rio-brilhante", "tres-lagoas"]
WINDOW = 4096


class Passing(BaseModel):
    minute: int
    animals: int
    weight: float


class Batch(BaseModel):
    crossing: str
    passings: list[Passing]


class Crossing:
    """The last passings of one crossing, in rings."""

    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.minutes = random.integers(0, 1440, WINDOW).astype(np.int16)
        self.weights = random.normal(180, 40, WINDOW).astype(np.float32)
        self.next = 0
        self.version = 0
        self.rhythm = (-1, b"")
        self.lock = threading.Lock()

    def add(self, passings):
        with self.lock:
            for passing in passings:
                self.minutes[self.next] = passing.minute % 1440
                self.weights[self.next] = passing.weight
                self.next = (self.next + 1) % WINDOW
            self.version += 1

    def daily(self):
        version, body = self.rhythm
        if version != self.version:
            with self.lock:
                version, minutes, weights = self.version, self.minutes.copy(), self.weights.copy()
            hours = np.bincount(minutes // 15, minlength=96).astype(float)
            smooth = np.fft.irfft(np.fft.rfft(hours)[:9], 96)
            body = json.dumps(
                {
                    "version": version,
                    "peak": int(smooth.argmax()) * 15,
                    "smooth": np.round(smooth[::4], 2).tolist(),
                    "median": round(float(np.median(weights)), 1),
                }
            ).encode()
            self.rhythm = (version, body)
        return body


class Listeners:
    """Who follows the stream; who is too far behind loses the oldest events."""

    def __init__(self):
        self.queues = set()
        self.recent = deque(maxlen=64)

    def tell(self, event):
        self.recent.append(event)
        for queue in self.queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    async def follow(self):
        queue = asyncio.Queue(maxsize=32)
        self.queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.queues.discard(queue)


crossings = {name: Crossing(seed) for seed, name in enumerate(CROSSINGS)}
listeners = Listeners()


async def minute_hand():
    while True:
        await asyncio.sleep(1)
        listeners.tell(b": still here\n\n")


@asynccontextmanager
async def lifespan(app):
    hand = asyncio.create_task(minute_hand())
    yield
    hand.cancel()


app = FastAPI(title="crossings", lifespan=lifespan)


@app.get("/crossings")
async def names():
    return CROSSINGS


@app.get("/crossings/{name}/rhythm")
def rhythm(name: str):
    if name not in crossings:
        raise HTTPException(404, "no such crossing")
    return Response(crossings[name].daily(), media_type="application/json")


@app.post("/batches", status_code=202)
async def batch(said: Batch):
    if said.crossing not in crossings:
        raise HTTPException(404, "no such crossing")
    crossings[said.crossing].add(said.passings)
    listeners.tell(f"event: passings\ndata: {said.crossing} {len(said.passings)}\n\n".encode())
    return {"accepted": len(said.passings)}


@app.get("/events")
async def events():
    return StreamingResponse(listeners.follow(), media_type="text/event-stream")


async def visitors(port):
    """Five maps on the stream, three posts and six rangers."""
    import aiohttp

    base = f"http://127.0.0.1:{port}"

    async def post(session, number):
        rounds = 0
        while True:
            rounds += 1
            passings = [
                {"minute": (rounds * 7 + n) % 1440, "animals": 1 + n % 3, "weight": 150.0 + n % 70} for n in range(20)
            ]
            name = CROSSINGS[(rounds + number) % len(CROSSINGS)]
            async with session.post(f"{base}/batches", json={"crossing": name, "passings": passings}) as answer:
                await answer.read()
            await asyncio.sleep(0.15)

    async def ranger(session, number):
        rounds = number
        while True:
            rounds += 1
            async with session.get(f"{base}/crossings/{CROSSINGS[rounds % len(CROSSINGS)]}/rhythm") as answer:
                await answer.read()
            await asyncio.sleep(0.07)

    async def follow(session):
        async with session.get(f"{base}/events") as answer:
            async for _ in answer.content:
                pass

    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=32)) as session:
        for _ in range(100):
            try:
                async with session.get(f"{base}/crossings") as answer:
                    await answer.read()
                break
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
        await asyncio.gather(
            *(follow(session) for _ in range(5)),
            *(post(session, number) for number in range(3)),
            *(ranger(session, number) for number in range(6)),
        )


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("ready", flush=True)


def start_visitors(port):
    sys.stderr = open(os.devnull, "w")
    try:
        asyncio.run(visitors(port))
    except Exception:  # the service is gone
        pass


def main():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    outside(lambda: start_visitors(port))
    Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listener])


if __name__ == "__main__":
    main()
