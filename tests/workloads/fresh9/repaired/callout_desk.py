# expect: healthy bench
"""The desk of a mountain rescue service: teams in the field report where they are, the desk works out which hut is
nearest, how far above or below it they stand (heights come from the survey's service) and shows them on a board.
Measured: a report takes less than 2 ms of the loop's time, and 10 ms of waiting for the survey beside it; in the
problem the loop stands still for those.
"""

import asyncio
import json
import math
import os
import random
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from aiohttp import ClientSession, web

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

HUTS = {
    "Kaltbach": (46.412, 8.131, 1840),
    "Sonnwand": (46.447, 8.222, 2410),
    "Drei Brunnen": (46.391, 8.305, 2075),
    "Gamsboden": (46.503, 8.188, 2660),
    "Lärchgrat": (46.468, 8.281, 1985),
}
TEAMS = 24


class Survey:
    """The heights that the survey knows, for a place in steps of a second of arc."""

    def __init__(self, session, port):
        self._session = session
        self._base = f"http://127.0.0.1:{port}/height"

    async def height(self, north, east):
        async with self._session.get(f"{self._base}/{north:.4f}/{east:.4f}") as answer:
            return (await answer.json())["metres"]


@dataclass
class Team:
    name: str
    track: deque = field(default_factory=lambda: deque(maxlen=60))
    climbed: int = 0

    def move(self, north, east, metres):
        if self.track and metres > self.track[-1][2]:
            self.climbed += metres - self.track[-1][2]
        self.track.append((north, east, metres))

    @property
    def length(self):
        track = self.track
        return sum(distance(a[0], a[1], b[0], b[1]) for a, b in pairwise(track))


def distance(north, east, other_north, other_east):
    """In metres; the mountains are small enough to be flat for this."""
    up = (north - other_north) * 111_200
    along = (east - other_east) * 111_200 * math.cos(math.radians(north))
    return math.hypot(up, along)


def nearest_hut(north, east):
    return min(HUTS, key=lambda name: distance(north, east, *HUTS[name][:2]))


class Desk:
    def __init__(self, survey):
        self.survey = survey
        self.teams = {f"team-{number}": Team(f"team-{number}") for number in range(TEAMS)}
        self.reports = 0

    async def report(self, request):
        team = self.teams.get(request.match_info["team"])
        if team is None:
            raise web.HTTPNotFound(text="no such team")
        north, east = float(request.query["north"]), float(request.query["east"])
        metres = await self.survey.height(north, east)
        team.move(north, east, metres)
        hut = nearest_hut(north, east)
        self.reports += 1
        away = round(distance(north, east, *HUTS[hut][:2]))
        return web.json_response({"hut": hut, "away": away, "above": metres - HUTS[hut][2]})

    async def board(self, request):
        rows = [
            {"team": team.name, "at": team.track[-1], "climbed": team.climbed, "walked": round(team.length)}
            for team in self.teams.values()
            if team.track
        ]
        return web.json_response(rows)

    def application(self):
        application = web.Application()
        application.add_routes([web.get("/report/{team}", self.report), web.get("/board", self.board)])
        return application


def survey_service():
    """The survey's own service, elsewhere: it looks a height up in its tiles."""

    def answer(path):
        time.sleep(0.008)
        north, east = map(float, path.split("/")[2:])
        metres = 2200 + 600 * math.sin(north * 90) * math.cos(east * 70)
        return json.dumps({"metres": round(metres)}).encode()

    return services.http_service(answer)


def some_reports(chance):
    paths = []
    for number in range(200):
        north, east = 46.38 + chance.random() * 0.14, 8.1 + chance.random() * 0.24
        paths.append(f"/report/team-{number % TEAMS}?north={north:.5f}&east={east:.5f}")
    return paths + ["/board"] * 20


async def main():
    port = survey_service()
    async with ClientSession() as session:
        await run(Desk(Survey(session, port)))


async def run(desk):
    runner = web.AppRunner(desk.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    paths = some_reports(random.Random(8))
    services.outside(lambda: clients.come(port, paths, 70))
    print("ready", os.getpid(), flush=True)
    while True:
        await asyncio.sleep(5)
        Path("reports.txt").write_text(f"{desk.reports}\n")


if __name__ == "__main__":
    asyncio.run(main())
