"""An event loop that knows what held it up: it waits for `go`, runs its callbacks and says what they did."""

import asyncio
import json
import contextlib
import os
import socket
import sys
import time

SLEEPS, WAITS, SPINS = 7, 5, 3


def block():
    time.sleep(0.031)


def wait_for_answer():
    """(a socket with a time limit waits in poll, as the loop itself may)"""
    near, far = socket.socketpair()
    with near, far, contextlib.suppress(TimeoutError):
        near.settimeout(0.031)
        near.recv(1)


def compute():
    until = time.thread_time() + 0.15
    while time.thread_time() < until:
        sum(range(1000))


async def work():
    for _ in range(SLEEPS):
        block()
        await asyncio.sleep(0.002)
    for _ in range(WAITS):
        wait_for_answer()
        await asyncio.sleep(0.002)
    for _ in range(SPINS):
        compute()
        await asyncio.sleep(0.002)


print("ready", os.getpid(), flush=True)
for line in sys.stdin:
    if line.strip() == "go":
        asyncio.run(work())
        did = {"slept": SLEEPS * 0.031, "waited": WAITS * 0.031, "spun": SPINS * 0.15}
        print(json.dumps(did), flush=True)
