"""Websocket gateway for the fleet tracking dashboard."""
import asyncio
import json
import logging
import time
from collections import defaultdict, deque

import websockets

log = logging.getLogger("gateway")


class Connection:
    def __init__(self, conn_id, socket, viewport):
        self.conn_id = conn_id
        self.socket = socket
        self.viewport = viewport
        self.outbox = deque(maxlen=64)
        self.opened_at = time.monotonic()


class Gateway:
    def __init__(self, auth):
        self._auth = auth
        self._connections = {}  # <- cost
        self._by_region = defaultdict(set)
        self._recent_errors = deque(maxlen=200)
        self._next_id = 0

    async def handle(self, socket):
        self._next_id += 1
        conn_id = self._next_id
        hello = json.loads(await socket.recv())
        conn = self._open(conn_id, socket, hello)
        try:
            regions = await self._auth.regions_for(hello["token"])
        except PermissionError as exc:
            self._recent_errors.append((conn_id, str(exc)))
            await socket.close(4403, "forbidden")
            return  # <- cost
        for region in regions:
            self._by_region[region].add(conn_id)
        try:
            await self._pump(conn)
        except websockets.ConnectionClosed:
            log.debug("connection %d closed", conn_id)
        finally:
            for region in regions:
                self._by_region[region].discard(conn_id)
            self._connections.pop(conn_id, None)

    def _open(self, conn_id, socket, hello):
        viewport = parse_viewport(hello.get("viewport", ""))
        conn = Connection(conn_id, socket, viewport)  # <- made 30
        self._connections[conn_id] = conn  # <- cost
        return conn

    async def _pump(self, conn):
        async for raw in conn.socket:
            msg = json.loads(raw)
            if msg["op"] == "pan":
                conn.viewport = parse_viewport(msg["viewport"])
            elif msg["op"] == "ping":
                await conn.socket.send(json.dumps({"op": "pong"}))
            while conn.outbox:
                await conn.socket.send(conn.outbox.popleft())

    def publish(self, region, update):
        frame = json.dumps(update)
        targets = [self._connections[c] for c in self._by_region[region]]
        for conn in targets:
            conn.outbox.append(frame)
        return len(targets)


def parse_viewport(text):
    points = []
    for pair in text.split(";"):
        if not pair:
            continue
        lat, lon = pair.split(",")
        points.append((float(lat), float(lon)))  # <- made 70
    return points


async def main(auth):
    gateway = Gateway(auth)
    async with websockets.serve(gateway.handle, "0.0.0.0", 8765):
        await asyncio.Future()
