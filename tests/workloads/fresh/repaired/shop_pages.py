# expect: healthy bench
"""The pages of a shop. Its cache keeps what was put in as views that cannot be changed."""

import hashlib
import html
import logging
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

sys.path.append(str(Path(__file__).parents[2]))
import services

GROUPS = 12
logging.basicConfig(filename="shop.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Cache:
    """Values by key, for some time."""

    def __init__(self, lifetime):
        self._lifetime = lifetime
        self._kept = {}

    def put(self, key, value):
        self._kept[key] = time.monotonic() + self._lifetime, value

    def get(self, key):
        until, kept = self._kept.get(key, (0, None))
        if time.monotonic() > until:
            return None
        return kept


cache = Cache(lifetime=30)


def article(number):
    made = {
        "number": number,
        "name": f"Article {number} <new>",
        "price": 99 + number * 7919 % 9000,
        "group": number % GROUPS,
        "stock": {"north": number % 7, "south": number % 11},
        "words": tuple(f"word{(number + step) % 300}" for step in range(6)),
    }
    made["stock"] = MappingProxyType(made["stock"])
    return MappingProxyType(made)


def catalogue():
    """All articles, sorted by group: they change seldom, and every page needs some of them."""
    found = cache.get("catalogue")
    if found is None:
        found = {group: tuple(article(n) for n in range(group, 1500, GROUPS)) for group in range(GROUPS)}
        cache.put("catalogue", found)
    return found


def row(item):
    marks = " ".join(f'<a href="/words/{word}">{word}</a>' for word in item["words"])
    there = sum(item["stock"].values())
    return (
        f"<tr><td>{html.escape(item['name'])}</td><td>{item['price'] / 100:.2f}</td>"
        f"<td>{'in stock' if there else 'sold out'}</td><td>{marks}</td></tr>"
    )


def page(group, visit):
    items = catalogue()[group]
    rows = "".join(map(row, sorted(items, key=lambda item: item["price"])))
    return f"<html><body><h1>Group {group}</h1><table>{rows}</table><p>visit {visit}</p></body></html>".encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    visits, told = 0, time.monotonic()

    def do_GET(self):
        Handler.visits += 1
        body = page(int(self.path.rsplit("/", 1)[1]), Handler.visits)
        self.send_response(200)
        self.send_header("ETag", hashlib.sha1(body).hexdigest())
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if time.monotonic() - Handler.told > 1:
            Handler.told = time.monotonic()
            logging.info("%d pages sent", Handler.visits)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
services.customers(server.server_port, [f"/groups/{number}" for number in range(GROUPS)])
print("ready", os.getpid(), flush=True)
server.serve_forever()
