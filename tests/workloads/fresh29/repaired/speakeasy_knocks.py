# expect: healthy bench
"""The door of a chain of speakeasies: members knock with name and pass phrase, and get a token for the evening.

An aiohttp service: POST /knock checks the phrase (scrypt) and gives a token, GET /peek/TOKEN tells the bar whose token it
is and which rooms it opens. Bars peek often, members knock all evening.

Measured: a peek at p90 and p95: the problem 40-59 and 49-84 ms, the twin 1-3 and 1-5 ms; both about 0.43 cores.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients
import services
from aiohttp import web

MEMBERS = 40
KNOCKS_A_SECOND = 8
PEEKS_A_SECOND = 80
EVENING = 6 * 3600
SECRET = b"three short, one long"
ROOMS = ["bar", "cellar", "piano", "roof"]


def phrase_hash(phrase, salt):
    return hashlib.scrypt(phrase.encode(), salt=salt, n=2**14, r=8, p=1)


def make_token(name, until):
    body = base64.urlsafe_b64encode(f"{name}|{until}".encode()).decode().rstrip("=")
    seal = hmac.new(SECRET, body.encode(), hashlib.sha256).hexdigest()[:32]
    return f"{body}.{seal}"


def read_token(token):
    body, _, seal = token.partition(".")
    good = hmac.new(SECRET, body.encode(), hashlib.sha256).hexdigest()[:32]
    if not hmac.compare_digest(good, seal):
        return None
    name, _, until = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode().partition("|")
    return name, int(until)


class Door:
    def __init__(self):
        self.members = {}
        self.hashers = ThreadPoolExecutor(max_workers=2)
        self.outcomes = Counter()

    def enrol(self, name, phrase):
        salt = hashlib.sha256(name.encode()).digest()[:16]
        self.members[name] = (salt, phrase_hash(phrase, salt), sorted({ROOMS[len(name) % 4], "bar"}))

    def matches(self, phrase, salt, stored):
        return hmac.compare_digest(phrase_hash(phrase, salt), stored)

    async def knock(self, request):
        try:
            asked = await request.json()
            name, phrase = asked["name"], asked["phrase"]
        except (ValueError, KeyError):
            raise web.HTTPBadRequest() from None
        member = self.members.get(name)
        if member is None:
            self.outcomes["stranger"] += 1
            raise web.HTTPForbidden()
        salt, stored, rooms = member
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(self.hashers, self.matches, phrase, salt, stored):
            self.outcomes["wrong phrase"] += 1
            raise web.HTTPForbidden()
        self.outcomes["in"] += 1
        until = int(time.time()) + EVENING
        return web.json_response({"token": make_token(name, until), "until": until, "rooms": rooms})

    async def peek(self, request):
        read = read_token(request.match_info["token"])
        if read is None or read[1] < time.time() or read[0] not in self.members:
            self.outcomes["bad token"] += 1
            raise web.HTTPUnauthorized()
        self.outcomes["peek"] += 1
        return web.json_response({"name": read[0], "rooms": self.members[read[0]][2], "until": read[1]})

    async def ledger(self, request):
        return web.json_response(dict(self.outcomes))


async def serve(door, port):
    app = web.Application()
    app.router.add_post("/knock", door.knock)
    app.router.add_get("/peek/{token}", door.peek)
    app.router.add_get("/ledger", door.ledger)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", os.getpid(), flush=True)
    await asyncio.Event().wait()


def main():
    door = Door()
    names = [f"moth{number}" for number in range(MEMBERS)]
    for name in names:
        door.enrol(name, f"{name} sent me")
    port = services.free_port()
    until = int(time.time()) + EVENING
    peeks = [f"/peek/{make_token(name, until)}" for name in names]
    name = random.choice(names)
    knock = json.dumps({"name": name, "phrase": f"{name} sent me"})
    services.outside(lambda: clients.come(port, peeks, PEEKS_A_SECOND, workers=8))
    services.outside(lambda: clients.come(port, ["/knock"], KNOCKS_A_SECOND, workers=4, body=knock))
    asyncio.run(serve(door, port))


main()
