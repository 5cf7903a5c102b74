# expect: pattern=chatty-protocol bench
"""Makes up the orders of a pharmacy chain: what runs short in a shop is ordered, as far as the wholesaler has it; its
house is asked over a line that is kept, with its own protocol ("STOCK pzn …" is answered with the boxes of each).

Measured on a busy machine: an order takes 31 to 47 ms, with a round trip for each of 120 articles; in the twin 7 ms.
"""

import collections
import logging
import os
import random
import socket
import socketserver
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

ARTICLES, SHOPS, PER_SECOND = 6000, 40, 30
logging.basicConfig(filename="orders.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class House(socketserver.StreamRequestHandler):
    """The wholesaler's side."""

    disable_nagle_algorithm = True
    stock = {f"{number * 7919 % 9999991:07d}": number * 31 % 40 for number in range(ARTICLES)}

    def handle(self) -> None:
        for line in self.rfile:
            verb, *codes = line.decode().split()
            if verb == "STOCK":
                said = " ".join(str(self.stock.get(code, 0)) for code in codes)
            else:
                said = f"ORDER {len(codes)} TAKEN"
            self.wfile.write(f"{said}\n".encode())


class Line:
    """A connection to the house that is kept, with one question under way at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")

    def ask(self, verb: str, *words: str) -> str:
        self._socket.sendall(" ".join((verb, *words, "\n")).encode())  # <- cost
        said = self._answers.readline()  # <- cost
        if not said:
            raise ConnectionError("the house hung up")
        return said.decode().strip()


class Stock(Mapping):
    """The boxes that the house has, by the article's number."""

    def __init__(self, line: Line, codes: list[str]) -> None:
        self._line = line
        self._codes = codes

    def __getitem__(self, code: str) -> int:
        return int(self._line.ask("STOCK", code))  # <- cost

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)


@dataclass(slots=True)
class Article:
    code: str
    target: int
    boxes: int
    cents: int

    @property
    def short(self) -> int:
        return max(0, self.target - self.boxes)


class Shop:
    """A pharmacy's shelves, which its customers empty."""

    def __init__(self, number: int, codes: list[str]) -> None:
        self.number = number
        self._dice = random.Random(number)
        self.shelf = {
            code: Article(code, self._dice.randint(3, 9), self._dice.randint(1, 9), self._dice.randint(195, 8900))
            for code in self._dice.sample(codes, 700)
        }

    def sell(self, customers: int) -> None:
        for article in self._dice.choices(list(self.shelf.values()), k=customers):
            article.boxes = max(0, article.boxes - self._dice.randint(1, 2))

    def running_out(self) -> list[Article]:
        return [article for article in self.shelf.values() if article.short * 2 > article.target]

    def receive(self, order: dict[str, int], missing: list[str]) -> int:
        """Put away what was ordered, and what the courier brings of the rest from elsewhere; what the former costs."""
        cents = 0
        for code in missing:
            self.shelf[code].boxes = self.shelf[code].target
        for code, boxes in order.items():
            article = self.shelf[code]
            article.boxes += boxes
            cents += boxes * article.cents
        return cents


def make_up(shop: Shop, stock: Mapping) -> tuple[dict[str, int], list[str]]:
    """What is to be ordered, the most urgent first, and what the house does not have."""
    wanted = sorted(shop.running_out(), key=lambda article: (article.boxes, -article.target, article.code))
    order, missing = {}, []
    for article in wanted:  # <- cost
        there = stock[article.code]  # <- cost
        if there >= article.short:
            order[article.code] = article.short
        else:
            missing.append(article.code)
    return order, missing


def main() -> None:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), House)
    server.daemon_threads = True
    services.outside(server.serve_forever)
    port = server.server_address[1]
    server.server_close()
    line, codes = Line(port), list(House.stock)
    stock = Stock(line, codes)
    shops = collections.deque(Shop(number, codes) for number in range(SHOPS))
    print("ready", os.getpid(), flush=True)
    made, spent, missed, cents, due = 0, 0.0, 0, 0, time.monotonic()
    while True:
        shop = shops[0]
        shops.rotate(-1)
        shop.sell(400)
        began = time.perf_counter()
        order, missing = make_up(shop, stock)  # <- cost
        if order:
            line.ask("ORDER", *(f"{code}:{boxes}" for code, boxes in order.items()))
        spent += time.perf_counter() - began
        cents += shop.receive(order, missing)
        made, missed = made + 1, missed + len(missing)
        if made % (PER_SECOND * 2) == 0:
            logging.info("%d orders, %.2f ms each, %d missing, %d €", made, spent / made * 1000, missed, cents // 100)
        due = max(due + 1 / PER_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
