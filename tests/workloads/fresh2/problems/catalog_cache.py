# expect: pattern=failing-dependency bench
"""Serves the articles of a catalogue out of SQLite, with a cache in Redis in front. Redis is down since yesterday.

Measured at 40 pages a second: 103 ms for each page, 0.3 ms in the twin, which uses a quarter of the CPU.
"""

import json
import logging
import os
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

GROUPS = 30
logging.basicConfig(filename="catalog.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
local = threading.local()


class Cache:
    """What was made lately, by name. Whoever finds nothing makes it anew."""

    def __init__(self, port):
        tries = Retry(ExponentialBackoff(base=0.005, cap=0.02), 3)  # <- cost
        self._redis = redis.Redis(port=port, retry=tries, socket_connect_timeout=1)  # <- cost
        self.trouble = 0

    def get(self, name):
        try:
            return self._redis.get(name)  # <- cost
        except redis.RedisError:
            self.trouble += 1
            return None

    def put(self, name, value):
        try:
            self._redis.set(name, value, ex=60)  # <- cost
        except redis.RedisError:
            self.trouble += 1


def fill():
    with sqlite3.connect("catalog.db") as database:
        database.execute("create table articles (id integer primary key, kind int, name text, cents int)")
        rows = [(n, n % GROUPS, f"article {n}", 99 + n * 7919 % 9000) for n in range(3000)]
        database.executemany("insert into articles values (?, ?, ?, ?)", rows)
        database.execute("create index by_kind on articles (kind, cents)")


def from_database(kind):
    if not hasattr(local, "database"):
        local.database = sqlite3.connect("catalog.db")
    asked = "select id, name, cents from articles where kind = ? order by cents limit 50"
    return json.dumps(local.database.execute(asked, (kind,)).fetchall()).encode()


def page(kind):
    name = f"catalog:{kind}"
    body = cache.get(name)  # <- cost
    if body is None:
        body = from_database(kind)
        cache.put(name, body)  # <- cost
    return body


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    answered, spent, told = 0, 0.0, time.monotonic()

    def do_GET(self):
        began = time.perf_counter()
        body = page(int(self.path[1:]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        Handler.answered += 1
        Handler.spent += time.perf_counter() - began
        if time.monotonic() - Handler.told > 1:
            Handler.told = time.monotonic()
            each = 1000 * Handler.spent / Handler.answered
            logging.info("%d pages, %.1f ms each, %d without cache", Handler.answered, each, cache.trouble)

    def log_message(self, *_):
        pass


fill()
cache = Cache(services.free_port())
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
paths = [f"/{kind}" for kind in range(GROUPS)]
services.outside(lambda: clients.come(server.server_port, paths, rate=40, workers=8))
print("ready", os.getpid(), flush=True)
server.serve_forever()
