# expect: healthy bench
# Reads the cards on the telephone: a caller's spread of ten cards is laid, what each card means at its place comes from
# the library of a publisher of decks (an HTTP service, a question for each card), and the reader at the desk gets the
# whole spread with what prevails in it.
#
# Measured: 16 spreads a second; one takes 75 to 130 ms, in the twin 13 ms (the library answers in 8 to 10 ms).
import json
import logging
import os
import random
import sys
import threading
import time
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import urllib3

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients  # noqa: E402
import services  # noqa: E402

log = logging.getLogger("tarot")

SPREADS_PER_SECOND = 16
READERS = 8
SUITS = ("wands", "cups", "swords", "pentacles")
ELEMENTS = {"wands": "fire", "cups": "water", "swords": "air", "pentacles": "earth", "trumps": "spirit"}
DECK = [(suit, number) for suit in SUITS for number in range(1, 15)] + [("trumps", number) for number in range(22)]
PLACES = ("present", "challenge", "past", "future", "above", "below", "advice", "house", "hopes", "outcome")


class LibraryError(Exception):
    """The publisher's library does not tell what a card means."""


@dataclass(frozen=True)
class Card:
    suit: str
    number: int
    reversed: bool

    @property
    def name(self):
        return f"{self.suit}-{self.number}{'-reversed' if self.reversed else ''}"


@dataclass(frozen=True)
class Laid:
    place: str
    card: Card


def lay(caller, question):
    """The same caller with the same question gets the same cards."""
    rng = random.Random(f"{caller}/{question}")
    cards = rng.sample(DECK, len(PLACES))
    return [Laid(place, Card(suit, number, rng.random() < 0.3)) for place, (suit, number) in zip(PLACES, cards)]


class Library:
    """Asks the publisher; several cards at once."""

    def __init__(self, base, patience=5.0):
        self.base = base
        self.patience = patience
        self.http = urllib3.PoolManager(maxsize=32, retries=urllib3.Retry(2, backoff_factor=0.1))
        self.workers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="library")

    def _ask(self, laid):
        answer = self.http.request("GET", f"{self.base}/cards/{laid.card.name}/{laid.place}", timeout=self.patience)
        if answer.status != 200:
            raise LibraryError(f"{laid.card.name}: status {answer.status}")
        return answer.json()["text"]

    def meanings(self, spread):
        try:
            return list(self.workers.map(self._ask, spread, timeout=self.patience))
        except TookTooLong:
            raise LibraryError("the library takes too long") from None
        except (urllib3.exceptions.HTTPError, KeyError, ValueError) as error:
            raise LibraryError(str(error)) from error


class Callers:
    """Who asked lately; the oldest are forgotten."""

    def __init__(self, size):
        self.size = size
        self._lock = threading.Lock()
        self._asked = OrderedDict()

    def called(self, caller):
        with self._lock:
            number = self._asked.pop(caller, 0) + 1
            self._asked[caller] = number
            if len(self._asked) > self.size:
                self._asked.popitem(last=False)
            return number


def dignity(one, other):
    """Whether two neighbours help each other."""
    a, b = ELEMENTS[one.card.suit], ELEMENTS[other.card.suit]
    if a == b:
        return 2
    return -1 if {a, b} in ({"fire", "water"}, {"air", "earth"}) else 1


def prevailing(spread):
    suits = Counter(laid.card.suit for laid in spread)
    suit, times = suits.most_common(1)[0]
    return {
        "element": ELEMENTS[suit],
        "cards": times,
        "trumps": suits["trumps"],
        "reversed": sum(laid.card.reversed for laid in spread),
        "dignity": sum(dignity(one, other) for one, other in zip(spread, spread[1:])),
    }


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    library = None
    callers = None

    def do_GET(self):
        asked = urlsplit(self.path)
        words = parse_qs(asked.query)
        if asked.path != "/spread" or "caller" not in words:
            return self.reply(404, {"error": "ask for /spread?caller="})
        try:
            self.reply(200, self.spread(words["caller"][0], words.get("question", [""])[0]))
        except LibraryError as error:
            log.warning("%s", error)
            self.reply(502, {"error": str(error)})

    def spread(self, caller, question):
        spread = lay(caller, question)
        meanings = self.library.meanings(spread)
        cards = [{"place": laid.place, "card": laid.card.name, "text": text} for laid, text in zip(spread, meanings)]
        return {"caller": caller, "calls": self.callers.called(caller), "cards": cards, **prevailing(spread)}

    def reply(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def publisher(path):
    """The library of the publisher, on the other side of the town."""
    time.sleep(0.008)
    _, _, card, place = path.split("/")
    return json.dumps({"card": card, "text": f"The {card} as your {place}: what was begun asks to be ended."}).encode()


def main():
    port = services.http_service(publisher)
    Desk.library, Desk.callers = Library(f"http://127.0.0.1:{port}"), Callers(200)
    server = Server(("127.0.0.1", 0), Desk)
    paths = [f"/spread?caller={n}&question={q}" for n in range(150) for q in ("love", "work", "travel")]
    services.outside(lambda: clients.come(server.server_port, paths, SPREADS_PER_SECOND, workers=READERS))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    time.sleep(2)
    print(f"ready {os.getpid()}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
