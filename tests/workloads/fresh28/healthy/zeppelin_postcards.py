# expect: healthy bench
"""Gathers what dealers of zeppelin mail offer: asks the dealers' feeds every two seconds for what is new since the last
time, all at once on kept connections, and adds it to a catalogue in SQLite. In between it rests.

Measured: below 0.01 cores, 37 MB; a round takes 64 to 90 ms of each two seconds (ten rounds).
"""

import asyncio
import os
import sqlite3
import sys
import time
import xml.etree.ElementTree as ElementTree
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

import aiohttp

DEALERS = [
    "friedrichshafen",
    "lakehurst",
    "recife",
    "seville",
    "basel",
    "akron",
    "cardington",
    "turin",
    "vaduz",
    "gothenburg",
    "orly",
    "ciampino",
    "staaken",
    "jesenice",
    "debrecen",
    "pernambuco",
    "tromso",
    "malta",
    "porto",
    "graz",
]
EVERY = 2.0
AT_ONCE = 10
SCHEMA = """
CREATE TABLE IF NOT EXISTS card (guid TEXT PRIMARY KEY, dealer TEXT, flight TEXT, cents INTEGER, seen REAL);
CREATE INDEX IF NOT EXISTS card_flight ON card (flight, cents);
CREATE TABLE IF NOT EXISTS mark (dealer TEXT PRIMARY KEY, last INTEGER);
"""


def dealer_feed(path):
    """What a dealer's site answers: the offers since a number."""
    time.sleep(0.03)
    parts = urlsplit(path)
    dealer = parts.path.rsplit("/", 1)[1]
    since = int(parse_qs(parts.query)["since"][0])
    offers = "".join(
        f"<item><guid>{dealer}-{number}</guid><flight>LZ 127 leg {number * 7 % 143}</flight>"
        f"<price>{900 + number * 331 % 40000}</price></item>"
        for number in range(since + 1, since + 1 + (since + len(dealer)) % 6)
    )
    return f"<rss><channel><title>{dealer}</title>{offers}</channel></rss>".encode()


def parse(dealer, body):
    now = time.time()
    cards = []
    for item in ElementTree.fromstring(body).iter("item"):
        cards.append((item.findtext("guid"), dealer, item.findtext("flight"), int(item.findtext("price")), now))
    return cards


class Catalogue:
    def __init__(self, path):
        self.database = sqlite3.connect(path, check_same_thread=False)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.executescript(SCHEMA)

    def marks(self):
        return dict(self.database.execute("SELECT dealer, last FROM mark"))

    def add(self, cards):
        last = {}
        for guid, dealer, *_ in cards:
            last[dealer] = max(last.get(dealer, 0), int(guid.rsplit("-", 1)[1]))
        with self.database:
            self.database.executemany("INSERT OR IGNORE INTO card VALUES (?, ?, ?, ?, ?)", cards)
            self.database.executemany("INSERT OR REPLACE INTO mark VALUES (?, ?)", last.items())


async def ask(session, turn, base, dealer, since):
    async with turn, session.get(f"{base}/feeds/{dealer}?since={since}") as answer:
        answer.raise_for_status()
        return parse(dealer, await answer.read())


async def gather_round(session, turn, base, catalogue, marks):
    asked = [ask(session, turn, base, dealer, marks.get(dealer, 0)) for dealer in DEALERS]
    cards = []
    for dealer, answer in zip(DEALERS, await asyncio.gather(*asked, return_exceptions=True)):
        if isinstance(answer, BaseException):
            print(f"{dealer}: {answer!r}", file=sys.stderr)
        elif answer:
            cards += answer
            marks[dealer] = int(answer[-1][0].rsplit("-", 1)[1])
    if cards:
        await asyncio.to_thread(catalogue.add, cards)


async def run(base):
    catalogue = await asyncio.to_thread(Catalogue, "cards.db")
    marks = catalogue.marks()
    turn = asyncio.Semaphore(AT_ONCE)
    connector = aiohttp.TCPConnector(limit=AT_ONCE, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=10)) as session:
        loop = asyncio.get_running_loop()
        due = loop.time()
        print("ready", os.getpid(), flush=True)
        while True:
            await gather_round(session, turn, base, catalogue, marks)
            due += EVERY
            await asyncio.sleep(max(0.0, due - loop.time()))


if __name__ == "__main__":
    asyncio.run(run(f"http://127.0.0.1:{services.http_service(dealer_feed)}"))
