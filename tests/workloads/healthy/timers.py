# expect: healthy
"""An event loop that does a little at set times: a heartbeat, a report, a clean-up."""

import asyncio
import os


async def every(seconds, work):
    while True:
        await asyncio.sleep(seconds)
        work()


counts = {"beats": 0}


def beat():
    counts["beats"] += 1


def report():
    return sorted(hash((counts["beats"], number)) % 1000 for number in range(2000))


async def main():
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(every(0.1, beat), every(0.5, report), every(1, counts.copy))


asyncio.run(main())
