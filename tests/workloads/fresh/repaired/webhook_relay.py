# expect: healthy bench
"""Takes webhooks of many customers on one event loop, and asks the account service, awaiting it, who may send."""

import asyncio
import hashlib
import hmac
import http.client
import json
import logging
import os
import sys
import time
from collections import Counter, deque
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import aiohttp
import services
from aiohttp import web

SECRET = b"shared with the senders"
SENDERS = 8
logging.basicConfig(filename="relay.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def account(path):
    """The account service looks the rights of a sender up, which takes it some milliseconds."""
    time.sleep(0.004)
    return json.dumps({"sender": path.rsplit("/", 1)[1], "topics": ["push", "issue", "release"]}).encode()


ACCOUNTS = services.http_service(account)


def sender(port, name):
    """Sends one hook after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    number = 0
    while True:
        number += 1
        commits = [
            {"id": f"{number * 37 + n:040x}", "message": f"change {n}", "files": [f"src/{n}.c"]} for n in range(12)
        ]
        hook = {"sender": name, "topic": ("push", "issue", "release")[number % 3], "commits": commits}
        body = json.dumps(hook).encode()
        signed = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        connection.request("POST", "/hooks", body, {"X-Signature": signed, "Content-Type": "application/json"})
        connection.getresponse().read()


class Accounts:
    """What the account service says of a sender."""

    def __init__(self, session):
        self._session = session

    async def topics(self, name):
        async with self._session.get(f"http://127.0.0.1:{ACCOUNTS}/accounts/{name}") as answer:
            return (await answer.json())["topics"]


class Relay:
    def __init__(self, accounts):
        self._accounts = accounts
        self._outgoing = {topic: deque(maxlen=500) for topic in ("push", "issue", "release")}
        self._seen = Counter()
        self.count = 0

    async def take(self, request):
        body = await request.read()
        expected = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("X-Signature", "")):
            raise web.HTTPForbidden
        hook = json.loads(body)
        allowed = await self._accounts.topics(hook["sender"])
        if hook["topic"] not in allowed:
            raise web.HTTPForbidden
        for commit in hook["commits"]:
            self._seen.update(name.partition("/")[0] for name in commit["files"])
        self._outgoing[hook["topic"]].append(f"{hook['sender']}: {len(hook['commits'])} changes")
        self.count += 1
        return web.Response(status=202)


async def tell(relay):
    while True:
        await asyncio.sleep(1)
        logging.info("%d hooks taken", relay.count)


async def main():
    session = aiohttp.ClientSession()
    relay = Relay(Accounts(session))
    application = web.Application()
    application.router.add_post("/hooks", relay.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    for number in range(SENDERS):
        services.outside(lambda number=number: sender(runner.addresses[0][1], f"sender-{number}"))
    print("ready", os.getpid(), flush=True)
    await tell(relay)


asyncio.run(main())
