# expect: healthy bench
"""Gimlet factory: consumes the events of the grinding machines from a Redis stream as one of a consumer group, keeps
counters by machine and shift in a hash, and acknowledges what it has taken, a block of events at a time.
"""

import asyncio
import logging
import os
import random
import sys
import time
from collections import Counter

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import redis
import redis.asyncio

import services

STREAM, GROUP, CONSUMER = "gimlet:events", "counters", "counters-1"
EVENTS_PER_SECOND = 1500
KEPT_EVENTS = 20_000
BLOCK_EVENTS = 500
BLOCK_MILLISECONDS = 2000
PAUSE = 0.1
MACHINES = 48

log = logging.getLogger("gimlet")


def machines(port):
    """The machines' gateway, in a process of its own: adds events in small groups."""
    connection = redis.Redis(port=port)
    rng = random.Random(1793)
    due = time.monotonic()
    while True:
        with connection.pipeline(transaction=False) as pipe:
            for _ in range(EVENTS_PER_SECOND // 20):
                event = {
                    "machine": rng.randrange(MACHINES),
                    "kind": rng.choice(("ground", "ground", "ground", "chipped")),
                }
                event["microns"] = rng.randrange(2900, 3100)
                pipe.xadd(STREAM, event, maxlen=KEPT_EVENTS, approximate=True)
            pipe.execute()
        due = max(due + 0.05, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


class Block:
    """The sums over one block of events."""

    __slots__ = ("counts", "last", "events")

    def __init__(self):
        self.counts = Counter()
        self.last = []
        self.events = 0

    def add(self, identity, fields):
        machine = fields[b"machine"].decode()
        kind = fields[b"kind"].decode()
        self.counts[f"{machine}:{kind}"] += 1
        if not 2910 <= int(fields[b"microns"]) <= 3090:
            self.counts[f"{machine}:off"] += 1
        self.last.append(identity)
        self.events += 1


class Consumer:
    def __init__(self, connection):
        self.connection = connection
        self.taken = 0
        self.blocks = 0

    async def prepare(self):
        await self.connection.xgroup_create(STREAM, GROUP, id="$", mkstream=True)

    async def step(self):
        answer = await self.connection.xreadgroup(
            GROUP, CONSUMER, {STREAM: ">"}, count=BLOCK_EVENTS, block=BLOCK_MILLISECONDS
        )
        if not answer:
            return
        block = Block()
        for _, entries in answer:
            for identity, fields in entries:
                block.add(identity, fields)
        await self.store(block)

    async def store(self, block):
        shift = f"gimlet:shift:{int(time.time()) // 28800}"
        async with self.connection.pipeline(transaction=True) as pipe:
            for name, count in block.counts.items():
                pipe.hincrby(shift, name, count)
            pipe.expire(shift, 7 * 86400)
            pipe.xack(STREAM, GROUP, *block.last)
            await pipe.execute()
        self.taken += block.events
        self.blocks += 1


async def report(consumer):
    while True:
        await asyncio.sleep(2)
        log.info("%d events taken in %d blocks", consumer.taken, consumer.blocks)


async def main():
    logging.basicConfig(filename="gimlet.log", level=logging.INFO, format="%(asctime)s %(message)s")
    port = services.redis()
    services.outside(lambda: machines(port))
    consumer = Consumer(redis.asyncio.Redis(port=port))
    await consumer.prepare()
    await consumer.step()
    reporter = asyncio.create_task(report(consumer))
    print("ready", os.getpid(), flush=True)
    while not reporter.done():
        await consumer.step()
        await asyncio.sleep(PAUSE)  # lets a block gather
    reporter.result()


if __name__ == "__main__":
    asyncio.run(main())
