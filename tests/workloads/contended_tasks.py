"""Tasks of asyncio that wait for locks, semaphores and pools, as many as primes say, and others that wait for work.

``ready`` when all wait: what they wait for is never given back. Ends at a word.
"""

import asyncio
import os
import sys

LOCKED, LIMITED, LENT, HANDED = 7, 5, 3, 11
READERS, WARNED, SLEEPERS = 13, 17, 2


class Ledger:
    def __init__(self):
        self.lock = asyncio.Lock()

    async def post(self):
        async with self.lock:  # <- lock
            pass


class Pool:
    """Lends what it has in a queue."""

    def __init__(self):
        self.free = asyncio.Queue()

    async def acquire(self):
        return await self.free.get()  # <- pool


async def limited(semaphore):
    async with semaphore:  # <- semaphore
        pass


async def ask(pool):
    await pool.acquire()  # <- asks


async def hand_on(pool):
    await asyncio.create_task(pool.acquire())  # <- hands


async def read(queue):
    await queue.get()


async def warned(condition):
    async with condition:
        await condition.wait()


async def main():
    ledger, semaphore, pool, queue, condition = (
        Ledger(), asyncio.BoundedSemaphore(1), Pool(), asyncio.Queue(), asyncio.Condition()
    )  # fmt: skip
    await ledger.lock.acquire()
    await semaphore.acquire()
    tasks = [
        *(ledger.post() for _ in range(LOCKED)),
        *(limited(semaphore) for _ in range(LIMITED)),
        *(ask(pool) for _ in range(LENT)),
        *(hand_on(pool) for _ in range(HANDED)),
        *(read(queue) for _ in range(READERS)),
        *(warned(condition) for _ in range(WARNED)),
        *(asyncio.sleep(3600) for _ in range(SLEEPERS)),
    ]
    tasks = [asyncio.create_task(task) for task in tasks]
    for _ in range(5):
        await asyncio.sleep(0)
    print(f"ready {os.getpid()}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main())
