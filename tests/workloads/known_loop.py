"""An event loop that knows what held it up: it waits for `go`, runs its callbacks and says what they did."""

import asyncio
import json
import os
import sys
import time

SLEEPS, SPINS = 7, 3


def block():
    time.sleep(0.031)


def compute():
    until = time.thread_time() + 0.15
    while time.thread_time() < until:
        sum(range(1000))


async def work():
    for _ in range(SLEEPS):
        block()
        await asyncio.sleep(0.002)
    for _ in range(SPINS):
        compute()
        await asyncio.sleep(0.002)


print("ready", os.getpid(), flush=True)
for line in sys.stdin:
    if line.strip() == "go":
        asyncio.run(work())
        print(json.dumps({"sleeps": SLEEPS, "spins": SPINS, "slept": SLEEPS * 0.031, "spun": SPINS * 0.15}), flush=True)
