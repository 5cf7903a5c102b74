# expect: pattern=blocking-io bench
"""A site where people swap hammocks: offers kept in Redis, freight quotes from a courier's API (FastAPI, redis).

Measured: an offer's page while 13 freight quotes/s are asked: problem 30 ms (median), 57 ms (p95); repaired 2 ms, 6 ms.
"""

import os
import sys
import time
from contextlib import asynccontextmanager

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import requests
import services
import uvicorn
from fastapi import FastAPI, HTTPException
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

TOWNS = ("Ghent", "Turku", "Porto", "Graz", "Vilnius", "Cork")
OFFERS = 600


def courier_answer(path):
    time.sleep(0.045)
    return b'{"cents": %d, "days": %d}' % (500 + sum(path.encode()) % 900, 1 + len(path) % 4)


class Courier:
    """The courier's freight quotes."""

    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"
        self.session = requests.Session()

    def quote(self, origin, destination, grams):
        answer = self.session.get(  # <- cost
            f"{self.base}/quotes/{origin}/{destination}/{grams}", timeout=5
        )
        answer.raise_for_status()
        return answer.json()


class Offers:
    def __init__(self, port):
        self.redis = AsyncRedis(port=port, decode_responses=True, max_connections=16)

    async def one(self, number):
        offer = await self.redis.hgetall(f"offer:{number}")
        if not offer:
            raise HTTPException(404, "no such offer")
        return offer

    async def newest(self, town):
        numbers = await self.redis.zrevrange(f"town:{town}", 0, 19)
        async with self.redis.pipeline(transaction=False) as pipeline:
            for number in numbers:
                pipeline.hgetall(f"offer:{number}")
            return await pipeline.execute()


@asynccontextmanager
async def lifespan(app):
    app.state.offers = Offers(app.state.redis_port)
    app.state.courier = Courier(app.state.courier_port)
    print("ready", os.getpid(), flush=True)
    yield
    await app.state.offers.redis.aclose()


app = FastAPI(lifespan=lifespan)


@app.get("/offers/{number}")
async def offer(number: int):
    return await app.state.offers.one(number)


@app.get("/towns/{town}/offers")
async def offers_of_town(town: str):
    return {"town": town, "offers": await app.state.offers.newest(town)}


@app.get("/offers/{number}/freight")
async def freight(number: int, to: str):
    found = await app.state.offers.one(number)
    quote = app.state.courier.quote(found["town"], to, found["grams"])  # <- cost
    return {
        "offer": number,
        "to": to,
        "days": quote["days"],
        "price": round(quote["cents"] * 1.2 / 100, 2),
    }


def fill(port):
    with Redis(port=port) as redis, redis.pipeline() as pipeline:
        for number in range(OFFERS):
            town = TOWNS[number % len(TOWNS)]
            pipeline.hset(
                f"offer:{number}",
                mapping={
                    "id": number,
                    "town": town,
                    "title": f"hammock {number}",
                    "cloth": ("cotton", "sisal", "nylon")[number % 3],
                    "grams": 700 + number % 9 * 120,
                },
            )
            pipeline.zadd(f"town:{town}", {str(number): number})
        pipeline.execute()


def main():
    app.state.redis_port = services.redis()
    app.state.courier_port = services.http_service(courier_answer)
    fill(app.state.redis_port)
    port = services.free_port()
    quotes = [f"/offers/{n}/freight?to={TOWNS[n % 5]}" for n in range(OFFERS)]
    reads = [f"/offers/{n}" for n in range(OFFERS)] + [f"/towns/{town}/offers" for town in TOWNS * 20]
    services.outside(lambda: clients.come(port, quotes, rate=13, workers=6))
    services.outside(lambda: clients.come(port, reads, rate=20, workers=6))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main()
