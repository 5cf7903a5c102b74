# expect: healthy bench
"""Fetches six hundred pages of one host at a time, ten at once, which is what the host asks for: each takes 10 ms."""

import asyncio
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import aiohttp
import services


def answer(path):
    time.sleep(0.01)
    return f"<html>{path}</html>".encode()


HOST = f"http://127.0.0.1:{services.http_service(answer)}"


async def fetch(session, at_once, number):
    async with at_once, session.get(f"{HOST}/page/{number}") as found:
        return len(await found.read())


async def main():
    at_once = asyncio.Semaphore(10)
    async with aiohttp.ClientSession() as session:
        print("ready", os.getpid(), flush=True)
        while True:
            await asyncio.gather(*(fetch(session, at_once, number) for number in range(600)))


asyncio.run(main())
