# expect: healthy bench
"""The search of a shop for monocles and lorgnettes: aiohttp, an inverted index in memory, filters and suggestions while one
types. Customers ask 400 times a second.
"""

import asyncio
import heapq
import os
import random
import sys
from bisect import bisect_left
from collections import Counter, defaultdict

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

from aiohttp import web

FRAMES = "gold silver horn tortoiseshell steel brass nickel ebony".split()
LENSES = "plano convex tinted rimmed bevelled ground".split()
STYLES = "monocle lorgnette pince-nez quizzing-glass loupe opera-glass".split()
EXTRAS = "cord chain gallery case ribbon handle engraved folding antique student doctor aviator".split()


class Index:
    """Which articles have a word; articles are numbered by rank, the best first."""

    def __init__(self, articles):
        self.articles = articles
        lists = defaultdict(set)
        for number, article in enumerate(articles):
            for word in article["words"]:
                lists[word].add(number)
        self.having = {word: frozenset(numbers) for word, numbers in lists.items()}
        self.vocabulary = sorted(self.having)

    def find(self, words):
        """The numbers of the articles with all words."""
        lists = [self.having.get(word) for word in words]
        if not lists or None in lists:
            return frozenset()
        lists.sort(key=len)
        found = lists[0]
        for other in lists[1:]:
            found = found & other
            if not found:
                break
        return found

    def starting(self, begin, limit=8):
        at = bisect_left(self.vocabulary, begin)
        found = []
        while at < len(self.vocabulary) and self.vocabulary[at].startswith(begin) and len(found) < limit:
            found.append(self.vocabulary[at])
            at += 1
        return found


def articles():
    dice = random.Random(8)
    made = []
    for number in range(6000):
        frame, lens, style = dice.choice(FRAMES), dice.choice(LENSES), dice.choice(STYLES)
        extras = dice.sample(EXTRAS, 3)
        model = f"m{number % 700}"
        made.append(
            {
                "id": 10000 + number,
                "title": f"{frame} {style} {model}, {lens}, with {extras[0]}",
                "frame": frame,
                "cents": dice.randrange(1500, 90000),
                "words": {frame, lens, style, model, *extras},
                "rank": dice.random(),
            }
        )
    made.sort(key=lambda article: -article["rank"])
    return made


routes = web.RouteTableDef()
INDEX = web.AppKey("index", Index)


@routes.get("/search")
async def search(request):
    index = request.app[INDEX]
    words = request.query.get("q", "").lower().split()
    page = max(1, int(request.query.get("page", "1")))
    found = index.find(words)
    first = heapq.nsmallest(page * 10, found)[(page - 1) * 10 :]
    shown = [index.articles[number] for number in first]
    return web.json_response(
        {
            "found": len(found),
            "articles": [{"id": one["id"], "title": one["title"], "cents": one["cents"]} for one in shown],
            "frames": Counter(one["frame"] for one in shown),
        }
    )


@routes.get("/suggest")
async def suggest(request):
    return web.json_response(request.app[INDEX].starting(request.query.get("q", "").lower()))


@routes.get("/health")
async def health(request):
    return web.Response(text="ok")


def questions():
    dice = random.Random(3)
    asked = []
    for _ in range(5000):
        words = [dice.choice(FRAMES), dice.choice(STYLES)] + dice.sample(EXTRAS, dice.randrange(3))
        asked.append(f"/search?q={'+'.join(words)}&page={dice.choice((1, 1, 1, 2))}")
        asked.append(f"/suggest?q={dice.choice(EXTRAS)[: dice.randrange(1, 4)]}")
    return asked


async def main():
    app = web.Application()
    app[INDEX] = Index(articles())
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = services.free_port()
    asked = questions()

    def customers():
        services.wait_for(port)
        clients.come(port, asked, rate=400, workers=12)

    services.outside(customers)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", os.getpid(), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
