# expect: healthy bench
"""Text messages from a trekking company to the walkers of its burro tours.

Messages come in bursts, when a tour changes: a burst of some eighty every two seconds, through a Redis stream. Each is cut
into segments of the GSM alphabet, and each segment is submitted to the operator's HTTP interface, which takes one
segment a request, over kept connections, as many at a time as the contract allows (24). Idle between the bursts.
"""

import asyncio
import os
import random
import sys
import time
from collections import Counter

import aiohttp
import redis
import redis.asyncio

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services

STREAM, GROUP = "texts", "submitters"
AT_A_TIME = 24
GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
SEPTETS = {character: number for number, character in enumerate(GSM)}
UNKNOWN = SEPTETS["?"]
LONE, JOINED = 160, 153

told = Counter()


def pack(septets):
    """Seven bits a character, without gaps."""
    bits = 0
    for place, septet in enumerate(septets):
        bits |= septet << (7 * place)
    return bits.to_bytes((7 * len(septets) + 7) // 8, "little")


def segments(text, reference):
    """(header, packed text) of each segment of ``text``."""
    septets = [SEPTETS.get(character, UNKNOWN) for character in text]
    if len(septets) <= LONE:
        return [(b"", pack(septets))]
    parts = [septets[at : at + JOINED] for at in range(0, len(septets), JOINED)]
    return [
        (bytes((5, 0, 3, reference & 0xFF, len(parts), number)), pack(part))
        for number, part in enumerate(parts, start=1)
    ]


async def submit(operator, url, to, header, payload):
    fields = {"to": to, "udh": header.hex(), "data": payload.hex()}
    for attempt in range(3):
        try:
            async with operator.post(url, data=fields) as answer:
                await answer.read()
                if answer.status == 200:
                    return True
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.5 * 2**attempt)
    return False


async def handle(operator, url, number, fields):
    cut = segments(fields["text"], int(number.partition("-")[2] or 0))
    done = await asyncio.gather(*(submit(operator, url, fields["to"], *segment) for segment in cut))
    told["texts"] += 1
    told["segments"] += len(cut)
    told["lost"] += done.count(False)
    return number


async def work(store_port, operator_port):
    store = redis.asyncio.Redis(port=store_port, decode_responses=True, socket_timeout=None)
    await store.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    url = f"http://127.0.0.1:{operator_port}/submit"
    connector = aiohttp.TCPConnector(limit=AT_A_TIME, keepalive_timeout=30)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as operator:
        print("ready", os.getpid(), flush=True)
        while True:
            came = await store.xreadgroup(GROUP, "burro", {STREAM: ">"}, count=200, block=10_000)
            for _, messages in came or ():
                done = await asyncio.gather(*(handle(operator, url, *message) for message in messages))
                await store.xack(STREAM, GROUP, *done)


def plan_tours(port):
    """The office: tours change every two seconds."""
    random.seed(17)
    store = redis.Redis(port=port)
    words = "the burros leave from the upper meadow at six bring water hat and apples señor Paco waits at the bridge".split()
    due = time.monotonic()
    while True:
        burst = store.pipeline(transaction=False)
        for _ in range(80):
            text = " ".join(random.choices(words, k=random.choice((12, 18, 24, 45))))
            burst.xadd(STREAM, {"to": f"+3469{random.randrange(10**7):07d}", "text": text}, maxlen=5000)
        burst.execute()
        due += 2
        time.sleep(max(0.0, due - time.monotonic()))


def answer(_):
    time.sleep(0.008)
    return b'{"status": "queued"}'


def main():
    store_port = services.redis()
    operator_port = services.http_service(answer)
    services.outside(lambda: plan_tours(store_port))
    asyncio.run(work(store_port, operator_port))


if __name__ == "__main__":
    main()
