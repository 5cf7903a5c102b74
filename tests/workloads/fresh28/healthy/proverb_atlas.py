# expect: healthy bench
"""Search server of an atlas of proverbs: finds proverbs by words, most fitting first, from an index in memory.

Measured: 0.12 to 0.15 cores at 300 requests a second, 1 ms a search.
"""

import array
import heapq
import math
import os
import random
import re
import sys
import threading
import time
from collections import Counter

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

from aiohttp import web

WORD = re.compile(r"[a-z]+")
SHOWN = 10
STOP = frozenset("a an and as at be but for he in is it of on the to who with".split())


def invent(number):
    chance = random.Random(1546)
    beasts = "fox owl goose mule cat crow eel wolf hen ox carp stork bee moth pike ram".split()
    things = "bell ladle mill plough candle bridge kettle thimble oar gate spindle barrel loom sieve key ladder".split()
    deeds = "fears mends breaks sells follows counts forgets borrows praises buries hides weighs".split()
    kinds = "old blind rich silent hungry proud patient foolish early drowned honest lame".split()
    places = [f"{a}{b}" for a in ("ash", "wold", "fen", "stone", "black", "dun") for b in ("ham", "by", "wick", "mere")]
    for _ in range(number):
        beast, thing, other = chance.choice(beasts), chance.choice(things), chance.choice(things)
        text = f"The {chance.choice(kinds)} {beast} {chance.choice(deeds)} the {thing} and the {chance.choice(kinds)} {other}"
        yield text, chance.choice(places)


class Index:
    """Which proverbs have a word, and how much that word tells."""

    def __init__(self):
        self.texts = []
        self.places = []
        self.postings = {}
        self.members = {}
        self.weights = {}
        self.lengths = array.array("f")

    def build(self, proverbs):
        for text, place in proverbs:
            number = len(self.texts)
            self.texts.append(text)
            self.places.append(place)
            counts = Counter(word for word in WORD.findall(text.lower()) if word not in STOP)
            counts[place] += 1
            self.lengths.append(1 / math.sqrt(sum(counts.values())))
            for word in counts:
                self.postings.setdefault(word, array.array("I")).append(number)
        for word, posting in self.postings.items():
            self.members[word] = frozenset(posting)
            self.weights[word] = math.log(1 + len(self.texts) / len(posting))

    def find(self, words):
        known = [word for word in words if word in self.postings]
        if not known or len(known) < len(words):
            return 0, []
        known.sort(key=lambda word: len(self.postings[word]))
        found = self.members[known[0]]
        for word in known[1:]:
            found = found & self.members[word]
        weight = sum(self.weights[word] for word in known)
        best = heapq.nsmallest(SHOWN, found, key=lambda number: (-self.lengths[number], number))
        return len(found), [(number, weight * self.lengths[number]) for number in best]


async def search(request):
    words = [word for word in WORD.findall(request.query.get("q", "").lower()) if word not in STOP]
    index = request.app["index"]
    total, hits = index.find(words)
    return web.json_response(
        {
            "total": total,
            "hits": [
                {"id": number, "text": index.texts[number], "place": index.places[number], "score": round(score, 3)}
                for number, score in hits
            ],
        }
    )


async def proverb(request):
    index = request.app["index"]
    number = int(request.match_info["number"])
    if number >= len(index.texts):
        raise web.HTTPNotFound()
    return web.json_response({"id": number, "text": index.texts[number], "place": index.places[number]})


def questions():
    chance = random.Random(3)
    pairs = [
        ("fox", "bell"),
        ("owl", "mill"),
        ("eel", "candle"),
        ("stork", "ashham"),
        ("ox", "dunmere"),
        ("ram", "oar"),
    ]
    asked = [f"/search?q={beast}+{thing}" for beast, thing in pairs]
    asked += [f"/search?q=the+hungry+{beast}+{thing}" for beast, thing in pairs]
    return asked + [f"/proverbs/{chance.randrange(60000)}" for _ in range(6)]


def announce(port):
    services.wait_for(port)
    time.sleep(1.5)
    print("ready", os.getpid(), flush=True)


def main():
    port = services.free_port()
    services.outside(lambda: clients.come(port, questions(), 300, 8))
    index = Index()
    index.build(invent(60000))
    app = web.Application()
    app["index"] = index
    app.router.add_get("/search", search)
    app.router.add_get("/proverbs/{number:[0-9]+}", proverb)
    threading.Thread(target=announce, args=(port,), daemon=True).start()
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
