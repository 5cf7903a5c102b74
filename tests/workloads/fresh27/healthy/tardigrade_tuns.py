# expect: healthy bench
"""Tardigrade survival server: tells from a tun's measurements how likely the animal is to wake when it is wetted.

A model server under load: about 350 requests a second, each with the 96 measurements of one tun. The model wants many
rows at once, so requests that come within a few milliseconds are scored as one batch, in a thread beside the loop.
"""

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import asyncio
import json
import random
from concurrent.futures import ThreadPoolExecutor

import clients
import numpy as np
import services
from aiohttp import web

MEASURES = 96
WIDTH = 512
LARGEST_BATCH = 64
GATHER_SECONDS = 0.005
FATES = ("wakes", "wakes late", "stays a tun", "dead")


class Model:
    """Three dense layers, loaded once."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        sizes = [MEASURES, WIDTH, WIDTH, len(FATES)]
        self.layers = [
            (rng.normal(0, rows**-0.5, (rows, columns)).astype(np.float32), np.zeros(columns, np.float32))
            for rows, columns in zip(sizes, sizes[1:])
        ]

    def score(self, rows):
        """The odds of each fate for each of ``rows``."""
        inner = np.asarray(rows, dtype=np.float32)
        *hidden, (weights, bias) = self.layers
        for one, shift in hidden:
            inner = np.maximum(inner @ one + shift, 0)
        scores = inner @ weights + bias
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)


class Batcher:
    """Gathers what is asked within a few milliseconds, and has it scored together."""

    def __init__(self, model):
        self.model = model
        self.waiting = asyncio.Queue(maxsize=1000)
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self.batches = 0
        self.rows = 0

    async def ask(self, measures):
        answer = asyncio.get_running_loop().create_future()
        await self.waiting.put((measures, answer))
        return await answer

    async def gather(self):
        batch = [await self.waiting.get()]
        await asyncio.sleep(GATHER_SECONDS)
        while len(batch) < LARGEST_BATCH and not self.waiting.empty():
            batch.append(self.waiting.get_nowait())
        return batch

    async def run(self):
        loop = asyncio.get_running_loop()
        while True:
            batch = await self.gather()
            try:
                odds = await loop.run_in_executor(self.thread, self.model.score, [row for row, _ in batch])
            except ValueError as wrong:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(wrong)
                continue
            self.batches += 1
            self.rows += len(batch)
            for (_, answer), one in zip(batch, odds):
                if not answer.done():
                    answer.set_result(one)


class Server:
    def __init__(self, batcher):
        self.batcher = batcher

    async def fate(self, request):
        measures = await request.json()
        if len(measures) != MEASURES:
            raise web.HTTPBadRequest(text=f"{MEASURES} measures are wanted")
        odds = await self.batcher.ask(measures)
        best = int(odds.argmax())
        return web.json_response({"fate": FATES[best], "odds": round(float(odds[best]), 4)})

    async def stats(self, _):
        return web.json_response({"batches": self.batcher.batches, "rows": self.batcher.rows})

    def app(self):
        app = web.Application(client_max_size=1 << 16)
        app.add_routes([web.post("/fate", self.fate), web.get("/stats", self.stats)])
        return app


def laboratory(port):
    """The microscopes of the laboratory, which ask about one tun each."""
    seen = random.Random(6)
    measures = json.dumps([round(seen.gauss(0, 1), 3) for _ in range(MEASURES)])
    clients.come(port, ["/fate"], 350, 12, body=measures)


async def serve(port):
    batcher = Batcher(Model(9))
    runner = web.AppRunner(Server(batcher).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", os.getpid(), flush=True)
    await batcher.run()


def main():
    port = services.free_port()
    services.outside(lambda: laboratory(port))
    asyncio.run(serve(port))


if __name__ == "__main__":
    main()
