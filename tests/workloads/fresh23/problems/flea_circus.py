# expect: pattern=serial-requests bench
"""Tours of a flea circus: impresarios ask whether a tour can be played, and the desk asks the route service for its
towns, and then the office of each town for a pitch, its fee, and whether animals of this size need a permit.

aiohttp, as a server and as a client.

Measured: 6 tours a second, 8 to 12 towns in each, whose offices answer in some 30 ms;
a plan takes 325 ms, in the twin 51 ms (mean).
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass, field

import aiohttp
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients  # noqa: E402
import services  # noqa: E402

log = logging.getLogger("flea_circus")

TOURS_A_SECOND = 6
TOWNS = ("zwolle", "lier", "arles", "ystad", "bruges", "vaduz", "telc", "piran", "sopot", "evora", "cahors", "lucca")


class OfficeClosed(Exception):
    """A town that does not answer, or says nothing that makes sense."""


@dataclass(frozen=True)
class Stop:
    town: str
    night: int
    kilometres: int


@dataclass
class Offer:
    town: str
    night: int
    pitch: str
    fee: int
    permit: bool


@dataclass
class Plan:
    tour: int
    offers: list[Offer] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    kilometres: int = 0

    def total(self):
        return sum(offer.fee + (35 if offer.permit else 0) for offer in self.offers) + self.kilometres * 2

    def told(self):
        nights = [asdict(offer) for offer in sorted(self.offers, key=lambda offer: offer.night)]
        return {"tour": self.tour, "nights": nights, "closed": self.closed, "cents": self.total() * 100}


class Post:
    """GET with a few tries, over connections that are kept."""

    def __init__(self, session, tries=3):
        self.session, self.tries = session, tries

    async def ask(self, url):
        for attempt in range(1, self.tries + 1):
            try:
                async with self.session.get(url) as answer:
                    answer.raise_for_status()
                    return await answer.json()
            except (aiohttp.ClientError, TimeoutError) as error:
                log.info("%s, try %d: %s", url, attempt, error)
                if attempt == self.tries:
                    raise OfficeClosed(url) from error
                await asyncio.sleep(0.1 * attempt)
        raise AssertionError("not reached")


class RouteService:
    """Knows the way of a tour; its answers hold for long, so that the newest are kept."""

    def __init__(self, post, base, keep=64):
        self.post, self.base, self.keep = post, base, keep
        self.known = OrderedDict()

    async def stops(self, tour):
        if tour in self.known:
            self.known.move_to_end(tour)
            return self.known[tour]
        told = await self.post.ask(f"{self.base}/routes/{tour}")
        stops = [Stop(leg["town"], night, leg["km"]) for night, leg in enumerate(told["legs"])]
        self.known[tour] = stops
        if len(self.known) > self.keep:
            self.known.popitem(last=False)
        return stops


class TownOffices:
    def __init__(self, post, base):
        self.post, self.base = post, base

    async def offer(self, stop, fleas):
        told = await self.post.ask(f"{self.base}/towns/{stop.town}/pitches?night={stop.night}&animals={fleas}")
        try:
            return Offer(stop.town, stop.night, told["pitch"], told["fee"], told["permit"])
        except KeyError as error:
            raise OfficeClosed(stop.town) from error


class TourDesk:
    def __init__(self, routes, offices):
        self.routes, self.offices = routes, offices

    async def one_offer(self, stop, fleas):
        try:
            return await self.offices.offer(stop, fleas)
        except OfficeClosed:
            return None

    async def plan(self, tour, fleas):
        stops = await self.routes.stops(tour)
        plan = Plan(tour, kilometres=sum(stop.kilometres for stop in stops))
        for stop in stops:  # <- cost
            offer = await self.one_offer(stop, fleas)  # <- cost
            if offer is None:
                plan.closed.append(stop.town)
            else:
                plan.offers.append(offer)
        return plan


routes = web.RouteTableDef()
DESK = web.AppKey("desk", TourDesk)


@routes.get("/tours/{tour}")
async def show_tour(request):
    try:
        tour, fleas = int(request.match_info["tour"]), int(request.query.get("fleas", "40"))
    except ValueError:
        raise web.HTTPBadRequest(text="tours and fleas are counted") from None
    try:
        plan = await request.app[DESK].plan(tour, fleas)
    except OfficeClosed as error:
        raise web.HTTPBadGateway(text=str(error)) from error
    return web.json_response(plan.told())


@routes.get("/programme")
async def show_programme(_):
    acts = ("chariot race", "high dive", "tightrope", "cannon ball")
    return web.json_response({"acts": [{"act": act, "minutes": 3 + number} for number, act in enumerate(acts)]})


def route_service(path):
    time.sleep(0.02)
    tour = int(path.rpartition("/")[2])
    number = 8 + tour % 5
    legs = [{"town": TOWNS[(tour * 5 + n) % len(TOWNS)], "km": 20 + (tour * 31 + n * 47) % 140} for n in range(number)]
    return json.dumps({"legs": legs}).encode()


def town_office(path):
    time.sleep(0.03)  # a clerk's database
    number = sum(path.encode())
    pitches = ("market square", "under the arcades", "town hall cellar")
    return json.dumps({"pitch": pitches[number % 3], "fee": 15 + number % 60, "permit": number % 4 == 0}).encode()


async def serve(towns, ways):
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=4), connector=aiohttp.TCPConnector(limit=64)
    ) as session:
        post = Post(session)
        app = web.Application()
        app[DESK] = TourDesk(RouteService(post, ways), TownOffices(post, towns))
        app.add_routes(routes)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        tours = [f"/tours/{n}?fleas={20 + n % 60}" for n in range(200)]
        services.outside(lambda: clients.come(port, tours, TOURS_A_SECOND, 8))
        services.outside(lambda: clients.come(port, ["/programme"], 4, 2))
        await asyncio.sleep(1.5)
        print(f"ready {os.getpid()}", flush=True)
        await asyncio.Event().wait()


def main():
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    towns = f"http://127.0.0.1:{services.http_service(town_office)}"
    ways = f"http://127.0.0.1:{services.http_service(route_service)}"
    asyncio.run(serve(towns, ways))


if __name__ == "__main__":
    main()
