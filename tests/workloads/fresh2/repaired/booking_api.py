# expect: healthy bench
"""Says which rooms are free. PostgreSQL answers, over a pool of connections; an answer takes it some 18 ms."""

import contextlib
import json
import logging
import os
import queue
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pg8000.native

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

CONNECTIONS = 12
ROOMS = 60
logging.basicConfig(filename="booking.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
FREE = """
    select room, count(*) from bookings, (select pg_sleep(0.016)) as far_away
    where room between :first and :first + 9 group by room order by room
"""


class Pool:
    """Connections that are lent, the one that came back last first."""

    def __init__(self, port, size):
        self._idle = queue.LifoQueue()
        self.waited = 0.0
        for _ in range(size):
            self._idle.put(pg8000.native.Connection("postgres", host="127.0.0.1", port=port))

    @contextlib.contextmanager
    def lend(self):
        began = time.perf_counter()
        connection = self._idle.get(timeout=30)
        self.waited += time.perf_counter() - began
        try:
            yield connection
        finally:
            self._idle.put(connection)


def free_rooms(first):
    with pool.lend() as connection:
        taken = connection.run(FREE, first=first)
    rooms = [{"room": room, "nights": 365 - count, "cents": 7900 + room * 50} for room, count in taken]
    return json.dumps({"from": first, "rooms": rooms}).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    answered, spent, told = 0, 0.0, time.monotonic()

    def do_GET(self):
        began = time.perf_counter()
        body = free_rooms(int(self.path[1:]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        Handler.answered += 1
        Handler.spent += time.perf_counter() - began
        if time.monotonic() - Handler.told > 1:
            Handler.told = time.monotonic()
            each, wait = 1000 * Handler.spent / Handler.answered, 1000 * pool.waited / Handler.answered
            logging.info("%d answers, %.1f ms each, %.1f of them for a connection", Handler.answered, each, wait)

    def log_message(self, *_):
        pass


port = services.postgres(
    "create table bookings (room int, night date)",
    f"insert into bookings select n % {ROOMS}, date '2026-01-01' + n / {ROOMS} from generate_series(1, 6000) n",
    "create index on bookings (room)",
    "analyze",
)
pool = Pool(port, CONNECTIONS)
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
paths = [f"/{first}" for first in range(0, ROOMS, 10)]
services.outside(lambda: clients.come(server.server_port, paths, rate=150, workers=12))
print("ready", os.getpid(), flush=True)
server.serve_forever()
