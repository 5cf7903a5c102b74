# expect: pattern=serial-requests bench
"""Assesses claims on household insurance: for each that comes in, gets the policy, the claims of the past, the weather of
the day and the opinion of the fraud desk from their services, and decides what is paid at once.

Measured: six claims a second; one takes 128 ms in the median, 38 in the twin.
"""

import asyncio
import itertools
import json
import logging
import os
import statistics
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import services

PERILS = ("storm", "theft", "fire", "water")
WAITS = {"policies": 0.024, "history": 0.031, "weather": 0.028, "fraud": 0.035}
logging.basicConfig(filename="claims.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def service(kind):
    """A service of another department, with its own store."""

    def answer(path):
        time.sleep(WAITS[kind])
        number = sum(path.encode())
        facts = {
            "policies": {"cover": 20000 + number % 9 * 5000, "excess": 150, "perils": PERILS[: 2 + number % 3]},
            "history": {"claims": number % 5, "paid": number % 5 * 740},
            "weather": {"gusts": 30 + number % 80, "rain": number % 40},
            "fraud": {"score": number % 100 / 100},
        }
        return json.dumps(facts[kind]).encode()

    return services.http_service(answer)


@dataclass(frozen=True)
class Claim:
    number: str
    policy: str
    peril: str
    place: str
    amount: float


@dataclass
class Decision:
    paid: float = 0.0
    reasons: list = field(default_factory=list)

    def refuse(self, reason):
        self.reasons.append(reason)
        self.paid = 0.0


def decide(claim, policy, past, weather, fraud):
    decision = Decision(min(claim.amount, policy["cover"]) - policy["excess"])
    if claim.peril not in policy["perils"]:
        decision.refuse("not covered")
    elif claim.peril == "storm" and weather["gusts"] < 62:
        decision.refuse("no storm on that day")
    elif fraud["score"] > 0.9 or past["claims"] > 3:
        decision.refuse("to be looked at")
    elif claim.amount > 5000:
        decision.paid *= 0.5
        decision.reasons.append("half in advance")
    return decision


class Departments:
    def __init__(self, session, ports):
        self._session = session
        self._ports = ports

    async def ask(self, kind, path):
        async with self._session.get(f"http://127.0.0.1:{self._ports[kind]}/{path}") as answer:
            answer.raise_for_status()
            return await answer.json()


class Desk:
    def __init__(self, departments):
        self._departments = departments
        self._numbers = itertools.count(2600)
        self._outcomes = Counter()
        self._seconds = deque(maxlen=200)

    async def assess(self, claim):
        policy = await self._departments.ask("policies", claim.policy)  # <- cost
        past = await self._departments.ask("history", f"{claim.policy}/claims")  # <- cost
        weather = await self._departments.ask("weather", f"{claim.place}/yesterday")  # <- cost
        fraud = await self._departments.ask("fraud", f"{claim.number}?amount={claim.amount:.0f}")  # <- cost
        return decide(claim, policy, past, weather, fraud)

    async def take(self, request):
        began = time.monotonic()
        peril, place = request.match_info["peril"], request.match_info["place"]
        number = next(self._numbers) * 37
        claim = Claim(f"C{number:07}", f"H-{number % 9973}", peril, place, 200 + number % 9000)
        decision = await self.assess(claim)  # <- cost
        self._outcomes[decision.reasons[0] if decision.reasons else "paid"] += 1
        self._seconds.append(time.monotonic() - began)
        return web.json_response({"claim": claim.number, "paid": decision.paid, "reasons": decision.reasons})

    async def report(self):
        while True:
            await asyncio.sleep(5)
            if self._seconds:
                median = statistics.median(self._seconds)
                logging.info("%s, median %.3f s, longest %.3f s", dict(self._outcomes), median, max(self._seconds))


async def main(ports):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        desk = Desk(Departments(session, ports))
        app = web.Application()
        app.router.add_get("/claims/{peril}/{place}", desk.take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        paths = ",".join(f"/claims/{peril}/{place}" for peril in PERILS for place in ("Husum", "Melle", "Soest"))
        # the brokers, from outside
        customers = Path(services.__file__).with_name("clients.py")
        command = [sys.executable, str(customers), "http", str(port), paths, "6", "2"]
        await (await asyncio.create_subprocess_exec(*command)).wait()
        print("ready", os.getpid(), flush=True)
        await desk.report()


asyncio.run(main({kind: service(kind) for kind in WAITS}))
