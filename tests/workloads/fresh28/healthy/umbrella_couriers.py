# expect: healthy bench
"""Umbrellas by bicycle: when it begins to rain, orders come in bursts. A worker takes them from a list in Redis, asks
the map service for the minutes from the nearest shops, and writes which courier goes. Between the showers it waits.
"""

import asyncio
import json
import os
import random
import sys
import time

import aiohttp
import redis
import redis.asyncio

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

SHOPS = [f"shop-{number}" for number in range(14)]
ASKED_AT_ONCE = 3
BURST = 24
DRY_SECONDS = 2.5
WORKERS = 12


def minutes(path):
    """The map service: the minutes from a shop to an address."""
    time.sleep(0.02)
    return json.dumps({"minutes": 2 + sum(path.encode()) % 19}).encode()


def rain(port):
    """Stands for the shop's website: orders in showers."""
    connection = redis.Redis(port=port)
    chance = random.Random(31)
    number = 0
    while True:
        orders = []
        for _ in range(BURST):
            number += 1
            near = chance.sample(SHOPS, ASKED_AT_ONCE)
            orders.append(json.dumps({"order": number, "door": chance.randrange(4000), "shops": near}))
        connection.rpush("orders", *orders)
        time.sleep(DRY_SECONDS)


class Couriers:
    def __init__(self, connection, session, maps):
        self.connection = connection
        self.session = session
        self.maps = maps

    async def minutes(self, shop, door):
        async with self.session.get(f"{self.maps}/minutes/{shop}/{door}") as answer:
            answer.raise_for_status()
            return (await answer.json())["minutes"], shop

    async def send(self, order):
        answers = await asyncio.gather(*(self.minutes(shop, order["door"]) for shop in order["shops"]))
        quickest, shop = min(answers)
        async with self.connection.pipeline(transaction=False) as pipeline:
            pipeline.set(f"order:{order['order']}", json.dumps({"shop": shop, "minutes": quickest}), ex=120)
            pipeline.hincrby("sent", shop, 1)
            await pipeline.execute()

    async def work(self):
        while True:
            taken = await self.connection.blpop("orders", timeout=30)
            if taken is None:
                continue
            try:
                await self.send(json.loads(taken[1]))
            except aiohttp.ClientError as problem:
                print(f"order not sent: {problem}", file=sys.stderr)


async def serve(port, maps):
    connection = redis.asyncio.Redis(port=port, max_connections=2 * WORKERS)
    limits = aiohttp.TCPConnector(limit=WORKERS * ASKED_AT_ONCE, keepalive_timeout=60)
    async with connection, aiohttp.ClientSession(connector=limits) as session:
        couriers = Couriers(connection, session, maps)
        print("ready", os.getpid(), flush=True)
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(couriers.work())


def main():
    port = services.redis()
    maps = services.http_service(minutes)
    services.outside(lambda: rain(port))
    asyncio.run(serve(port, f"http://127.0.0.1:{maps}"))


if __name__ == "__main__":
    main()
