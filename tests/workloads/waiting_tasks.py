"""Tasks of asyncio that wait, as many as primes say, each kind through coroutines of its own.

``ready`` when all wait; the loop runs in the main thread, or with ``--thread`` in a second one. Ends at a word.
"""

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

SLEEPERS, READERS, LOCKED, GATHERED, AWAITED = 23, 7, 5, 11, 3


async def sleep_long():
    await rest()  # <- sleep_long


async def rest():
    await asyncio.sleep(3600)  # <- rest


async def read(queue):
    async for item in items(queue):  # <- read
        print(item)


async def items(queue):
    while True:
        yield await queue.get()  # <- items


async def locked(lock):
    async with lock:  # <- locked
        pass


class Handle:
    def __init__(self, future):
        self.future = future

    def __await__(self):
        return (yield from self.future)  # <- handle


async def gathered(future):
    await Handle(future)  # <- gathered


async def gather_all(loop):
    await asyncio.gather(*[gathered(loop.create_future()) for _ in range(GATHERED)])  # <- gather_all


async def await_task(other):
    await other  # <- await_task


async def main(stop):
    loop = asyncio.get_running_loop()
    lock, queue = asyncio.Lock(), asyncio.Queue()
    await lock.acquire()
    tasks = [asyncio.create_task(sleep_long(), name=f"sleeper {i}") for i in range(SLEEPERS)]
    tasks += [asyncio.create_task(read(queue)) for _ in range(READERS)]
    tasks += [asyncio.create_task(locked(lock)) for _ in range(LOCKED)]
    tasks.append(asyncio.create_task(gather_all(loop)))
    tasks += [asyncio.create_task(await_task(asyncio.create_task(rest()))) for _ in range(AWAITED)]
    done = asyncio.create_task(asyncio.sleep(0))
    await done
    for _ in range(5):
        await asyncio.sleep(0)
    lines = Path(__file__).read_text().splitlines()
    marks = {line.rsplit("# <- ", 1)[1]: i for i, line in enumerate(lines, 1) if "  # <- " in line}
    print(f"ready {os.getpid()}", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    print(json.dumps(marks), flush=True)
    await stop(tasks)  # <- main


async def stop(tasks):
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)  # <- stop
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    if "--thread" in sys.argv:
        thread = threading.Thread(target=asyncio.run, args=(main(stop),))
        thread.start()
        thread.join()
    else:
        asyncio.run(main(stop))
