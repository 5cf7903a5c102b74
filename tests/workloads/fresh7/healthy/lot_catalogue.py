# expect: healthy bench
"""Serves an auction's catalogue (aiohttp): lots with their bids, pages of a department, a search by words, new bids; a
page is made afresh each time, as the bids change.

Measured on a busy machine, where some 250 of the 500 requests a second came: 6 % of a core.
"""

import asyncio
import html
import logging
import os
import random
import socket
import sys
import time
from collections import Counter, OrderedDict, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

DEPARTMENTS = ("clocks", "porcelain", "silver", "furniture", "prints", "carpets")
WORDS = "walnut gilt rococo signed pair oval bronze enamel inlaid French Dutch small large fine rare Meissen".split()
PAGE, LOTS, RECENT = 24, 3000, 200
logging.basicConfig(filename="catalogue.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


@dataclass(slots=True)
class Lot:
    number: int
    title: str
    department: str
    estimate: int
    bids: list[int] = field(default_factory=list)

    @property
    def price(self) -> int:
        return self.bids[-1] if self.bids else self.estimate // 2

    def bid(self, amount: int) -> bool:
        if taken := amount > self.price:
            self.bids = [*self.bids[-9:], amount]
        return taken


class Catalogue:
    """All lots, by department and by the words of their titles."""

    def __init__(self, dice: random.Random) -> None:
        self.lots: list[Lot] = []
        self.by_department: dict[str, list[Lot]] = defaultdict(list)
        self._by_word: dict[str, set[int]] = defaultdict(set)
        for number in range(LOTS):
            department = dice.choice(DEPARTMENTS)
            words = dice.sample(WORDS, 4)
            lot = Lot(number, f"{' '.join(words)}, from {department}", department, dice.randint(80, 9000))
            self.lots.append(lot)
            self.by_department[department].append(lot)
            for word in words:
                self._by_word[word.lower()].add(number)

    def search(self, text: str) -> list[Lot]:
        found = [self._by_word.get(word.lower(), set()) for word in text.split()]
        numbers = sorted(set.intersection(*found)) if found else []
        return [self.lots[number] for number in numbers[:PAGE]]


class Visits:
    """Who looked at what of late, at most so many of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: OrderedDict[str, list[int]] = OrderedDict()
        self.paths: Counter[str] = Counter()

    def note(self, visitor: str, lot: int) -> list[int]:
        seen = self._seen.setdefault(visitor, [])
        self._seen.move_to_end(visitor)
        seen[:] = [lot, *(each for each in seen if each != lot)][:5]
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return seen


def rows(lots: list[Lot]) -> str:
    return "".join(
        f'<tr><td><a href="/lot/{lot.number}">{lot.number}</a><td>{html.escape(lot.title)}'
        f"<td>{lot.estimate} €<td>{lot.price} € ({len(lot.bids)} bids)</tr>"
        for lot in lots
    )


def page(title: str, body: str) -> web.Response:
    text = f"<!doctype html><title>{html.escape(title)}</title><h1>{html.escape(title)}</h1><table>{body}</table>"
    return web.Response(text=text, content_type="text/html")


class Desk:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.visits = Visits(RECENT)

    async def lot(self, request: web.Request) -> web.Response:
        lot = self.catalogue.lots[int(request.match_info["number"]) % LOTS]
        seen = self.visits.note(request.query.get("visitor", ""), lot.number)
        return page(lot.title, rows([self.catalogue.lots[number] for number in seen]))

    async def department(self, request: web.Request) -> web.Response:
        lots = self.catalogue.by_department[request.match_info["name"]]
        at = int(request.query.get("page", 0)) * PAGE % len(lots)
        return page(request.match_info["name"], rows(lots[at : at + PAGE]))

    async def search(self, request: web.Request) -> web.Response:
        text = request.query.get("words", "")
        return page(f"Found for {text}", rows(self.catalogue.search(text)))

    async def bid(self, request: web.Request) -> web.Response:
        lot = self.catalogue.lots[int(request.match_info["number"]) % LOTS]
        taken = lot.bid(int(request.query.get("amount", lot.price + 10)))
        return web.json_response({"taken": taken, "price": lot.price})


@web.middleware
async def timed(request: web.Request, handler) -> web.StreamResponse:
    began = time.perf_counter()
    response = await handler(request)
    request.app["desk"].visits.paths[request.path.split("/")[1]] += 1
    response.headers["Server-Timing"] = f"app;dur={(time.perf_counter() - began) * 1000:.1f}"
    return response


async def main() -> None:
    dice = random.Random(1744)
    desk = Desk(Catalogue(dice))
    app = web.Application(middlewares=[timed])
    app["desk"] = desk
    app.router.add_get("/lot/{number}", desk.lot)
    app.router.add_get("/department/{name}", desk.department)
    app.router.add_get("/search", desk.search)
    app.router.add_get("/bid/{number}", desk.bid)
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    paths = [f"/lot/{dice.randrange(LOTS)}?visitor=v{dice.randrange(400)}" for _ in range(500)]
    paths += [f"/department/{dice.choice(DEPARTMENTS)}?page={dice.randrange(20)}" for _ in range(250)]
    paths += [f"/search?words={'+'.join(dice.sample(WORDS, 2))}" for _ in range(200)] + ["/bid/700", "/bid/1500"] * 80
    services.outside(lambda: clients.come(listening.getsockname()[1], paths, rate=500, workers=16))
    print("ready", os.getpid(), flush=True)
    while True:
        await asyncio.sleep(2)
        logging.info("%s", dict(desk.visits.paths))


if __name__ == "__main__":
    asyncio.run(main())
