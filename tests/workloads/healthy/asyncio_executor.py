# expect: healthy bench
"""Asyncio that hands what blocks and what computes to executors, and serves its customers meanwhile."""

import asyncio
import os
import time
from concurrent.futures import ProcessPoolExecutor


def ask_store():
    time.sleep(0.008)
    return 17


def report(number):
    total = 0
    for i in range(200_000):
        total = (total * 31 + i * number) % 1_000_003
    return total


async def customer():
    while True:
        await asyncio.to_thread(ask_store)
        await asyncio.sleep(0.01)


async def reports(pool):
    loop = asyncio.get_running_loop()
    number = 0
    while True:
        number += 1
        await loop.run_in_executor(pool, report, number)
        await asyncio.sleep(0.2)


async def main():
    with ProcessPoolExecutor(1) as pool:
        await asyncio.get_running_loop().run_in_executor(pool, report, 0)
        print("ready", os.getpid(), flush=True)
        await asyncio.gather(*(customer() for _ in range(6)), reports(pool))


if __name__ == "__main__":
    asyncio.run(main())
