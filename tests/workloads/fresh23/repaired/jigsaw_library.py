# expect: healthy bench
# A library that lends jigsaw puzzles: the counter and the reading room look at cards of puzzles (title, pieces, which
# are missing, picture of the lid, what the makers' registry has as spare pieces), at shelves, and lend. The registry
# of spare pieces has answered 503 since the makers moved it.
#
# Measured: a card takes 370 ms, of which 360 ms are three calls that fail; in the twin 9.5 ms (one trial in 30 s). CPU:
# 5.1 % of a core, twin 3.4 %.
import os
import random
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field

import requests
from flask import Blueprint, Flask, current_app, jsonify, request
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry
from werkzeug.serving import WSGIRequestHandler, make_server

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
import services  # noqa: E402

PUZZLES = 480
SHELVES = 12
MAKERS = ("gibson", "falcon", "clementoni", "trefl", "wentworth")


@dataclass
class Puzzle:
    number: int
    title: str
    maker: str
    pieces: int
    shelf: int
    missing: list[int] = field(default_factory=list)
    lent_to: str | None = None


class Stock:
    """The puzzles of the house, by number and by shelf."""

    def __init__(self, puzzles):
        self.puzzles = {puzzle.number: puzzle for puzzle in puzzles}
        self.shelves: dict[int, list[Puzzle]] = {}
        for puzzle in self.puzzles.values():
            self.shelves.setdefault(puzzle.shelf, []).append(puzzle)
        self.lock = threading.Lock()
        self.loans: deque[tuple[float, int, str]] = deque(maxlen=200)

    def get(self, number: int) -> Puzzle | None:
        return self.puzzles.get(number)

    def lend(self, number: int, reader: str) -> bool:
        puzzle = self.puzzles[number]
        with self.lock:
            if puzzle.lent_to == reader:
                puzzle.lent_to = None
                return False
            puzzle.lent_to = reader
            self.loans.append((time.time(), number, reader))
        return True

    def shelf(self, number: int) -> dict:
        puzzles = self.shelves.get(number, [])
        there = [puzzle for puzzle in puzzles if puzzle.lent_to is None]
        return {
            "shelf": number,
            "puzzles": len(puzzles),
            "there": [{"number": puzzle.number, "title": puzzle.title} for puzzle in there],
            "complete": sum(not puzzle.missing for puzzle in there),
        }


def a_stock() -> Stock:
    rng = random.Random(1000)
    subjects = ("steam train", "harbour", "cottage", "castle", "kittens", "market", "windmill", "regatta")
    puzzles = []
    for number in range(PUZZLES):
        pieces = rng.choice((250, 500, 1000, 1500, 3000))
        missing = sorted(rng.sample(range(pieces), rng.choice((0, 0, 1, 3))))
        title = f"{rng.choice(subjects)} no. {number}"
        puzzles.append(Puzzle(number, title, rng.choice(MAKERS), pieces, number % SHELVES, missing))
    return Stock(puzzles)


# ---- services of others


def a_session() -> requests.Session:
    session = requests.Session()
    retry = Retry(total=2, backoff_factor=0.1, status_forcelist=(502, 503, 504), allowed_methods={"GET"})
    session.mount("http://", HTTPAdapter(pool_connections=4, pool_maxsize=16, max_retries=retry))
    return session


class LidPictures:
    """Where the picture of a lid is, by the picture library."""

    def __init__(self, session: requests.Session, origin: str):
        self.session = session
        self.origin = origin

    def find(self, puzzle: Puzzle) -> dict | None:
        try:
            response = self.session.get(f"{self.origin}/lids/{puzzle.maker}/{puzzle.number}", timeout=2.0)
            response.raise_for_status()
        except requests.RequestException as error:
            current_app.logger.info("no picture for %d: %s", puzzle.number, error)
            return None
        return response.json()


class Breaker:
    """Lets calls pass while they work; after some failures in a row, only one now and then to try."""

    def __init__(self, failures: int = 5, pause: float = 30.0):
        self.limit = failures
        self.pause = pause
        self.failures = 0
        self.next_trial = 0.0
        self.lock = threading.Lock()

    def allows(self) -> bool:
        with self.lock:
            if self.failures < self.limit:
                return True
            now = time.monotonic()
            if now < self.next_trial:
                return False
            self.next_trial = now + self.pause
            return True

    def record(self, worked: bool) -> None:
        with self.lock:
            self.failures = 0 if worked else self.failures + 1
            if self.failures == self.limit:
                self.next_trial = time.monotonic() + self.pause


class SpareRegistry:
    """What the makers have left of the pieces that are missing."""

    def __init__(self, session: requests.Session, origin: str):
        self.session = session
        self.origin = origin
        self.breaker = Breaker()

    def offers(self, puzzle: Puzzle) -> list[dict] | None:
        if not self.breaker.allows():
            return None
        wanted = ",".join(map(str, puzzle.missing))
        url = f"{self.origin}/makers/{puzzle.maker}/spares"
        try:
            response = self.session.get(url, params={"lid": puzzle.number, "pieces": wanted}, timeout=2.0)
            response.raise_for_status()
        except requests.RequestException as error:
            self.breaker.record(worked=False)
            current_app.logger.info("no spare pieces for %d: %s", puzzle.number, error)
            return None
        self.breaker.record(worked=True)
        return response.json()["offers"]


class Counter:
    def __init__(self, stock: Stock, lids: LidPictures, spares: SpareRegistry):
        self.stock = stock
        self.lids = lids
        self.spares = spares

    def card(self, puzzle: Puzzle) -> dict:
        lid = self.lids.find(puzzle)
        offers = self.spares.offers(puzzle)
        return {
            "number": puzzle.number,
            "title": puzzle.title,
            "pieces": puzzle.pieces - len(puzzle.missing),
            "missing": puzzle.missing,
            "lid": lid and lid["name"],
            "spares": "ask by post" if offers is None else offers,
            "there": puzzle.lent_to is None,
        }


# ---- the application

pages = Blueprint("pages", __name__)


@pages.get("/puzzles/<int:number>")
def read_card(number: int):
    counter: Counter = current_app.extensions["counter"]
    puzzle = counter.stock.get(number)
    if puzzle is None:
        return jsonify(error="no such puzzle"), 404
    return jsonify(counter.card(puzzle))


@pages.get("/shelves/<int:number>")
def read_shelf(number: int):
    return jsonify(current_app.extensions["counter"].stock.shelf(number))


@pages.get("/puzzles/<int:number>/lend")
def lend(number: int):
    stock: Stock = current_app.extensions["counter"].stock
    if stock.get(number) is None:
        return jsonify(error="no such puzzle"), 404
    return jsonify(lent=stock.lend(number, request.args.get("reader", "house")))


def create_app(counter: Counter) -> Flask:
    app = Flask("jigsaw_library")
    app.extensions["counter"] = counter
    app.register_blueprint(pages)
    return app


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, *_):
        pass


def picture_library(path: str):
    time.sleep(0.006)
    return b'{"name": "%s.jpg", "width": 900}' % path.strip("/").replace("/", "-").encode()


def moved_registry(path: str):
    time.sleep(0.05)
    return 503, b'{"error": "no backend is available"}'


def main() -> None:
    lids = services.http_service(picture_library)
    spares = services.http_service(moved_registry)
    session = a_session()
    counter = Counter(
        a_stock(),
        LidPictures(session, f"http://127.0.0.1:{lids}"),
        SpareRegistry(session, f"http://127.0.0.1:{spares}"),
    )
    server = make_server("127.0.0.1", 0, create_app(counter), threaded=True, request_handler=Handler)
    cards = [f"/puzzles/{number}" for number in range(0, PUZZLES, 7)]
    others = [f"/shelves/{number}" for number in range(SHELVES)]
    others += [f"/puzzles/{number}/lend?reader=reader{number % 5}" for number in range(0, PUZZLES, 40)]
    services.outside(lambda: clients.come(server.port, cards, 8, 6))
    services.outside(lambda: clients.come(server.port, others, 12, 2))
    threading.Timer(3.0, print, (f"ready {os.getpid()}",), {"flush": True}).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
