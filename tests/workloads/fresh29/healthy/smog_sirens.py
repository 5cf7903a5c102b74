# expect: healthy bench
"""Smog sirens of a city: an aiohttp service that takes the street boxes' readings and tells the sirens their level.

The boxes' rolling means are kept as running sums; the sirens' and the citizens' questions are answered from memory.
"""

import asyncio
import os
import sys
from collections import deque

from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

BOXES = 120
DISTRICTS = 10
WINDOW = 60
QUESTIONS_PER_SECOND = 150
READINGS_PER_SECOND = 80
LEVELS = ((150.0, "siren"), (90.0, "warn"), (50.0, "watch"), (0.0, "quiet"))
POLLUTANTS = ("pm10", "pm25", "no2", "o3")


class Rolling:
    """The mean of the last ``WINDOW`` values."""

    __slots__ = ("sum", "values")

    def __init__(self):
        self.values: deque[float] = deque()
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.values.append(value)
        self.sum += value
        if len(self.values) > WINDOW:
            self.sum -= self.values.popleft()

    @property
    def mean(self) -> float:
        return self.sum / len(self.values) if self.values else 0.0


class Box:
    def __init__(self, number: int):
        self.number = number
        self.district = number % DISTRICTS
        self.means = {name: Rolling() for name in POLLUTANTS}
        self.readings = 0

    def take(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.means[name].add(value)
        self.readings += 1

    def worst(self) -> float:
        means = self.means
        return max(means["pm10"].mean, 1.6 * means["pm25"].mean, 0.5 * means["no2"].mean, 0.6 * means["o3"].mean)


class City:
    def __init__(self):
        self.boxes = [Box(number) for number in range(BOXES)]
        self.districts = [[box for box in self.boxes if box.district == d] for d in range(DISTRICTS)]
        self.refused = 0

    def district_index(self, district: int) -> float:
        worst = sorted((box.worst() for box in self.districts[district]), reverse=True)
        return sum(worst[:3]) / 3

    def level(self, district: int) -> dict:
        index = self.district_index(district)
        level = next(name for limit, name in LEVELS if index >= limit)
        return {"district": district, "index": round(index, 1), "level": level}


city_key = web.AppKey("city", City)
announcing_key = web.AppKey("announcing", asyncio.Task)


def number_of(request: web.Request, name: str, limit: int) -> int:
    number = int(request.match_info[name])
    if number >= limit:
        raise web.HTTPNotFound(text=f"no such {name}")
    return number


async def take_reading(request: web.Request) -> web.Response:
    city = request.app[city_key]
    box = city.boxes[number_of(request, "box", BOXES)]
    try:
        values = {name: float(request.query[name]) for name in POLLUTANTS if name in request.query}
    except ValueError:
        city.refused += 1
        raise web.HTTPBadRequest(text="not a reading") from None
    box.take(values)
    return web.Response(status=204)


async def siren(request: web.Request) -> web.Response:
    return web.json_response(request.app[city_key].level(number_of(request, "district", DISTRICTS)))


async def street(request: web.Request) -> web.Response:
    box = request.app[city_key].boxes[number_of(request, "box", BOXES)]
    means = {name: round(rolling.mean, 1) for name, rolling in box.means.items()}
    return web.json_response({"box": box.number, "district": box.district, "means": means, "readings": box.readings})


async def announce(app: web.Application) -> None:
    async def later():
        await asyncio.sleep(2.5)
        print("ready", os.getpid(), flush=True)

    app[announcing_key] = asyncio.create_task(later())


def main() -> None:
    port = services.free_port()
    readings = [
        f"/boxes/{box}/readings?pm10={20 + (box * k) % 70}&pm25={10 + (box + k) % 30}&no2={15 + k * 9}&o3={40 + k}"
        for box in range(BOXES)
        for k in range(8)
    ]
    questions = [f"/sirens/{district}" for district in range(DISTRICTS)] * 12
    questions += [f"/boxes/{box}" for box in range(BOXES)]
    services.outside(lambda: clients.come(port, readings, READINGS_PER_SECOND, workers=6))
    services.outside(lambda: clients.come(port, questions, QUESTIONS_PER_SECOND, workers=8))
    app = web.Application()
    app[city_key] = City()
    app.router.add_get(r"/boxes/{box:\d+}/readings", take_reading)
    app.router.add_get(r"/boxes/{box:\d+}", street)
    app.router.add_get(r"/sirens/{district:\d+}", siren)
    app.on_startup.append(announce)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
