# expect: healthy bench
"""The board of a kitchen: which orders are open. One statement with a join for each look, on a connection per thread."""

import html
import logging
import os
import sys
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path

import pg8000.native

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

KITCHENS = 12
logging.basicConfig(filename="board.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
local = threading.local()
OPEN = """
    select o.id, o.guest, l.dish, l.pieces from orders o join lines l on l.number = o.id
    where o.kitchen = :kitchen and o.id > (select max(id) from orders) - 500 order by o.id, l.dish
"""


class Settings:
    """The settings, read when their file has changed, which is looked at once a second at most."""

    def __init__(self, path):
        self._path, self._changed, self._until = path, 0, 0.0
        self._lock = threading.Lock()
        self._values = {}

    def get(self, name):
        if time.monotonic() > self._until:
            with self._lock:
                self._until = time.monotonic() + 1
                changed = os.stat(self._path).st_mtime_ns
                if changed != self._changed:
                    self._values = tomllib.loads(Path(self._path).read_text())
                    self._changed = changed
        return self._values[name]


def database():
    if not hasattr(local, "connection"):
        local.connection = pg8000.native.Connection("postgres", host="127.0.0.1", port=PORT)
        local.open = local.connection.prepare(OPEN)
    return local.open


def board(kitchen):
    rows = database().run(kitchen=kitchen)
    shown = []
    for (order, guest), lines in groupby(rows, key=lambda row: row[:2]):
        dishes = "".join(f"<li>{pieces} {html.escape(dish)}</li>" for _, _, dish, pieces in lines)
        shown.append(f"<h2>{order} for {html.escape(guest)}</h2><ul>{dishes}</ul>")
    return f"<html><h1>{settings.get('title')} {kitchen}</h1>{''.join(shown)}</html>".encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    answered, spent, told = 0, 0.0, time.monotonic()

    def do_GET(self):
        began = time.perf_counter()
        kitchen = int(self.path[1:])
        body = board(kitchen) if kitchen < KITCHENS else b"there is no such kitchen"
        self.send_response(200 if kitchen < KITCHENS else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        Handler.answered += 1
        Handler.spent += time.perf_counter() - began
        if time.monotonic() - Handler.told > 1:
            Handler.told = time.monotonic()
            logging.info("%d boards, %.1f ms each", Handler.answered, 1000 * Handler.spent / Handler.answered)

    def log_message(self, *_):
        pass


PORT = services.postgres(
    "create table orders (id int primary key, kitchen int, guest text)",
    "create table lines (number int, dish text, pieces int)",
    f"insert into orders select n, n % {KITCHENS}, 'guest ' || n * 7919 % 977 from generate_series(1, 5000) n",
    "insert into lines select n / 3 + 1, 'dish <' || n * 31 % 60 || '>', 1 + n % 4 from generate_series(1, 14990) n",
    "create index on lines (number)",
    "create index on orders (kitchen, id)",
    "analyze",
)
Path("settings.toml").write_text('title = "Kitchen"\n')
settings = Settings("settings.toml")
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
paths = [f"/{kitchen}" for kitchen in range(KITCHENS + 1)]
services.outside(lambda: clients.come(server.server_port, paths, rate=50, workers=5))
print("ready", os.getpid(), flush=True)
server.serve_forever()
