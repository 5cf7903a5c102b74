# expect: healthy bench
"""The signs above the platforms of a railway station, as a web service: next trains, delays, and announcements. Some
forty signs ask a second; the timetable is worked out anew each second."""

import asyncio
import contextlib
import dataclasses
import json
import logging
import os
import sys
import time
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

PLATFORMS = 14
logging.basicConfig(filename="signs.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


@dataclasses.dataclass(frozen=True, slots=True)
class Train:
    name: str
    platform: int
    minute: int
    delay: int
    via: tuple[str, ...]

    @property
    def expected(self):
        return self.minute + self.delay


class Timetable:
    """The trains of the next hours; late ones move back."""

    def __init__(self, trains=300):
        self._trains = [
            Train(f"R{n * 7 % 90 + 1}", 1 + n * 5 % PLATFORMS, n * 3, 0, tuple(f"town {n * k % 77}" for k in (3, 5, 7)))
            for n in range(trains)
        ]
        self.boards = {}
        self.turns = 0
        self.turn()

    def turn(self):
        """A minute of the station: some trains are late, and what signs show is made ready, once for all of them."""
        self.turns += 1
        minute = self.turns % 800
        boards = {platform: [] for platform in range(1, PLATFORMS + 1)}
        for n, train in enumerate(self._trains):
            late = dataclasses.replace(train, delay=(n * self.turns) % 19 if n % 6 == 0 else 0)
            if minute <= late.expected < minute + 90:
                boards[late.platform].append(late)
        for trains in boards.values():
            trains.sort(key=lambda train: train.expected)
        self.boards = {
            platform: json.dumps([dataclasses.asdict(train) for train in trains[:6]]).encode()
            for platform, trains in boards.items()
        }


class Station:
    def __init__(self):
        self.timetable = Timetable()
        self.asked = 0

    async def sign(self, request):
        self.asked += 1
        board = self.timetable.boards.get(request.path_params["platform"])
        if board is None:
            return PlainTextResponse("no such platform", status_code=404)
        return Response(board, media_type="application/json", headers={"Cache-Control": "max-age=1"})

    async def announcement(self, request):
        self.asked += 1
        platform = request.path_params["platform"]
        trains = json.loads(self.timetable.boards.get(platform, b"[]"))
        late = [train for train in trains if train["delay"] > 4]
        return JSONResponse([f"{train['name']} is {train['delay']} minutes late" for train in late])

    async def live(self):
        began = time.monotonic()
        while True:
            await asyncio.sleep(1)
            self.timetable.turn()
            logging.info("%d asked, %.1f a second", self.asked, self.asked / (time.monotonic() - began))

    @contextlib.asynccontextmanager
    async def lifespan(self, _):
        living = asyncio.create_task(self.live())
        print("ready", os.getpid(), flush=True)
        yield
        living.cancel()


def main():
    port = services.free_port()
    paths = [f"/signs/{n}" for n in range(1, PLATFORMS + 1)] * 4 + [
        f"/announcements/{n}" for n in range(1, PLATFORMS + 2)
    ]
    services.outside(lambda: (services.wait_for(port), clients.come(port, paths, rate=40, workers=4)))
    station = Station()
    routes = [
        Route("/signs/{platform:int}", station.sign),
        Route("/announcements/{platform:int}", station.announcement),
    ]
    application = Starlette(routes=routes, lifespan=station.lifespan)
    uvicorn.run(application, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
