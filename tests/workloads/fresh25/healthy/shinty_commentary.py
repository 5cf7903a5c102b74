# bench: healthy
"""Live commentary of shinty matches: a stadium feed sends what happens and where the ball is, and the hub passes each
event to the spectators who follow that match, over WebSockets.

An event loop (aiohttp). Looks costly, and is as it should be: every event goes to each of the match's spectators, but
it is encoded once; a spectator's queue is bounded and what has piled up goes out as one message; a short list of
spectators is copied for each event; the clock of the matches ticks twice a second.

Measured: 160 events a second to 18 spectators each, 0.06 cores.
"""

import asyncio
import json
import os
import random
import socket
import sys
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import aiohttp
from aiohttp import web

import services

MATCHES = ("kingussie-newtonmore", "oban-fort-william", "lovat-caberfeidh", "kyles-kinlochshiel")
SPECTATORS = 72
EVENTS_A_SECOND = 160
KINDS = ("hail", "shy", "foul", "save", "throw-up", "corner", "substitution", "out", "ball")
WEIGHTED = KINDS + ("ball",) * 40


@dataclass
class Score:
    home: int = 0
    away: int = 0
    seconds: float = 0.0
    latest: deque = field(default_factory=lambda: deque(maxlen=30))


class Spectator:
    """One who watches, with what has still to be sent."""

    WAITING = 64

    def __init__(self, line: web.WebSocketResponse):
        self.line = line
        self.waiting: deque[str] = deque(maxlen=self.WAITING)
        self.missed = 0
        self._more = asyncio.Event()

    def tell(self, text: str) -> None:
        if len(self.waiting) == self.WAITING:
            self.missed += 1
        self.waiting.append(text)
        self._more.set()

    async def send_all(self) -> None:
        while not self.line.closed:
            await self._more.wait()
            self._more.clear()
            texts = list(self.waiting)
            self.waiting.clear()
            await self.line.send_str("[" + ",".join(texts) + "]")


class Hub:
    def __init__(self):
        self.scores = {match: Score() for match in MATCHES}
        self.spectators: defaultdict[str, set[Spectator]] = defaultdict(set)
        self.events = 0

    def happened(self, event: dict) -> None:
        score = self.scores.get(event.get("match"))
        if score is None or event.get("kind") not in KINDS:
            return
        if event["kind"] == "hail":
            setattr(score, event["side"], getattr(score, event["side"]) + 1)
        told = json.dumps({**event, "at": round(score.seconds), "score": [score.home, score.away]})
        score.latest.append(told)
        self.events += 1
        for spectator in list(self.spectators[event["match"]]):
            spectator.tell(told)

    async def tick(self) -> None:
        """Half a second of play; the clock starts again after 90 minutes."""
        while True:
            await asyncio.sleep(0.5)
            for score in self.scores.values():
                score.seconds = (score.seconds + 0.5) % 5400
                if not score.seconds:
                    score.home = score.away = 0


HUB = web.AppKey("hub", Hub)
routes = web.RouteTableDef()


@routes.get("/matches/{match}")
async def follow(request: web.Request) -> web.WebSocketResponse:
    hub, match = request.app[HUB], request.match_info["match"]
    if match not in hub.scores:
        raise web.HTTPNotFound
    line = web.WebSocketResponse(heartbeat=20, compress=False)
    await line.prepare(request)
    spectator = Spectator(line)
    for text in hub.scores[match].latest:
        spectator.tell(text)
    hub.spectators[match].add(spectator)
    sender = asyncio.create_task(spectator.send_all())
    try:
        async for message in line:
            if message.type is aiohttp.WSMsgType.ERROR:
                break
    finally:
        sender.cancel()
        hub.spectators[match].discard(spectator)
    return line


@routes.get("/scores")
async def scores(request: web.Request) -> web.Response:
    told = {match: [score.home, score.away] for match, score in request.app[HUB].scores.items()}
    return web.json_response(told)


async def take_feed(hub: Hub, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The stadiums' line: one event a line."""
    try:
        async for line in reader:
            with suppress(ValueError, KeyError):
                hub.happened(json.loads(line))
    finally:
        writer.close()


async def stadiums(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    loop = asyncio.get_running_loop()
    due = loop.time()
    for number in range(1 << 40):
        event = {
            "match": random.choice(MATCHES),
            "kind": random.choice(WEIGHTED),
            "side": random.choice(["home", "away"]),
        }
        writer.write(json.dumps({**event, "number": number, "player": random.randint(1, 12)}).encode() + b"\n")
        await writer.drain()
        due += 1 / EVENTS_A_SECOND
        await asyncio.sleep(max(0.0, due - loop.time()))


async def spectate(session: aiohttp.ClientSession, port: int, match: str) -> None:
    async with session.ws_connect(f"ws://127.0.0.1:{port}/matches/{match}") as line:
        async for message in line:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break


async def crowd(port: int) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        async with asyncio.TaskGroup() as group:
            for number in range(SPECTATORS):
                group.create_task(spectate(session, port, MATCHES[number % len(MATCHES)]))


async def serve(for_web: socket.socket, for_feed: socket.socket) -> None:
    hub = Hub()
    app = web.Application()
    app[HUB] = hub
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, for_web).start()
    await asyncio.start_server(lambda reader, writer: take_feed(hub, reader, writer), sock=for_feed)
    clock = asyncio.create_task(hub.tick())
    await asyncio.sleep(3)
    print(f"ready {os.getpid()}", flush=True)
    await clock


def main() -> None:
    for_web, for_feed = (socket.create_server(("127.0.0.1", 0), backlog=128) for _ in range(2))
    web_port, feed_port = for_web.getsockname()[1], for_feed.getsockname()[1]
    services.outside(lambda: asyncio.run(crowd(web_port)))
    services.outside(lambda: asyncio.run(stadiums(feed_port)))
    asyncio.run(serve(for_web, for_feed))


if __name__ == "__main__":
    main()
