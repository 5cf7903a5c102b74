# expect: pattern=lock-contention bench
"""The ordering desk of a bakery chain: branches send what they need for tomorrow, each order is priced by the branch's
price list, which head office hands out and changes at any time: one is good for a second.
Measured: an order takes 34 ms, nearly all of it in line for the price book; 4.5 ms in the twin.
"""

import http.client
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

BRANCHES = 90
GOODS = ("rye", "spelt", "baguette", "pretzel", "poppy-roll", "plait", "crumble", "eclair", "rusk", "toast")
FRESH = 1.0  # seconds


class HeadOffice:
    """Hands out the price lists; each thread keeps a line of its own to it."""

    def __init__(self, port):
        self._port = port
        self._own = threading.local()

    def price_list(self, branch):
        line = getattr(self._own, "line", None)
        if line is None:
            line = self._own.line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        line.request("GET", f"/prices/{branch}")
        return json.loads(line.getresponse().read())


@dataclass
class PriceList:
    cents: dict
    until: float


class PriceBook:
    """The price lists of the branches, as long as they are good."""

    def __init__(self, office):
        self._office = office
        self._lists = {}
        self._lock = threading.Lock()

    def of(self, branch):
        with self._lock:  # <- cost
            known = self._lists.get(branch)
            if known is None or known.until < time.monotonic():
                cents = self._office.price_list(branch)  # <- cost
                known = self._lists[branch] = PriceList(cents, time.monotonic() + FRESH)
            return known.cents


class Day:
    """What all branches together have ordered, for the bakehouse."""

    def __init__(self):
        self._pieces = Counter()
        self._orders = 0
        self._spent = 0.0
        self._lock = threading.Lock()

    def add(self, pieces, spent):
        with self._lock:
            self._pieces.update(pieces)
            self._orders += 1
            self._spent += spent

    def summary(self):
        with self._lock:
            ms = 1000 * self._spent / max(1, self._orders)
            return f"{self._orders} orders, {ms:.1f} ms each, most wanted {self._pieces.most_common(3)}"


def read_order(path):
    """/order/branch/article=pieces,article=pieces"""
    _, _, branch, words = path.split("/")
    wanted = {}
    for word in words.split(","):
        article, pieces = word.split("=")
        wanted[article] = wanted.get(article, 0) + int(pieces)
    return branch, wanted


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    book: PriceBook
    day: Day

    def confirm(self, branch, wanted):
        cents = self.book.of(branch)  # <- cost
        rows = [{"article": name, "pieces": pieces, "cents": cents[name] * pieces} for name, pieces in wanted.items()]
        total = sum(row["cents"] for row in rows)
        return {"branch": branch, "rows": rows, "total": total, "rebate": total // 20 if total > 20000 else 0}

    def do_GET(self):
        began = time.monotonic()
        branch, wanted = read_order(self.path)
        body = json.dumps(self.confirm(branch, wanted)).encode()  # <- cost
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.day.add(wanted, time.monotonic() - began)

    def log_message(self, *_):
        pass


def office_answers(path):
    time.sleep(0.012)
    number = sum(path.encode())
    return json.dumps({name: 40 + (number * (at + 3)) % 400 for at, name in enumerate(GOODS)}).encode()


def some_orders(seed):
    chance = random.Random(seed)
    orders = []
    for number in range(600):
        wanted = chance.sample(GOODS, chance.randint(2, 6))
        words = ",".join(f"{name}={chance.randint(5, 90)}" for name in wanted)
        orders.append(f"/order/branch-{number % BRANCHES:02}/{words}")
    return orders


def main():
    office = services.http_service(office_answers)
    Desk.book, Desk.day = PriceBook(HeadOffice(office)), Day()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    server.daemon_threads = True
    orders = some_orders(4)
    services.outside(lambda: clients.come(server.server_port, orders, 240, 12))
    threading.Thread(target=server.serve_forever, args=(60,), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(2)
        print(Desk.day.summary(), file=sys.stderr)


if __name__ == "__main__":
    main()
