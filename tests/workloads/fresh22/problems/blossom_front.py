# expect: pattern=hot-loop bench
"""The front of the cherry blossom: observers tell the day on which their trees are out, and weather presenters draw
the map of a window of the country with the days on which the blossom is to be expected there.

FastAPI: the days between the stations are interpolated (weights by distance, brought to sea level and back), from
what the observers have told up to now, since each report moves the front.

Measured: 30 to 43 % of a core at 9 maps a second, a map in 33 ms at best (57 in the middle); in the twin 5 %, and
3.8 ms (4.6).
"""

import asyncio
import math
import os
import random
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients
import services
import uvicorn
from fastapi import FastAPI, HTTPException, Query, Request
from pydantic import BaseModel

STATIONS, WIDE, HIGH = 130, 36, 24
DAYS_A_METRE = 0.03


@dataclass
class Station:
    number: int
    x: float
    y: float
    altitude: float
    day: float
    reports: int = 0
    trees: dict = field(default_factory=dict)

    def hear(self, tree, day):
        """The day of a station is the middle one of those of its trees."""
        self.trees[tree] = day
        self.reports += 1
        days = sorted(self.trees.values())
        self.day = float(days[len(days) // 2])

    @property
    def at_sea_level(self):
        return self.day - self.altitude * DAYS_A_METRE


@dataclass(frozen=True)
class Window:
    west: float
    south: float
    size: float

    def xs(self):
        return [self.west + self.size * n / (WIDE - 1) for n in range(WIDE)]

    def ys(self):
        return [self.south + self.size * 0.7 * n / (HIGH - 1) for n in range(HIGH)]


class FrontMap(BaseModel):
    window: dict[str, float]
    days: list[list[float]]
    first: float
    last: float
    line: list[tuple[int, int]]


class Relief:
    """How high the country lies: rough, but good enough for a map on television."""

    def __init__(self):
        self.hills = [(180.0, 260.0, 900.0, 70.0), (420.0, 500.0, 1400.0, 90.0), (610.0, 150.0, 600.0, 60.0)]

    def height(self, x, y):
        return sum(top * math.exp(-((x - a) ** 2 + (y - b) ** 2) / wide**2) for a, b, top, wide in self.hills)


class BlossomFront:
    def __init__(self, stations, relief):
        self.stations, self.relief = stations, relief

    def report(self, number, tree, day):
        station = self.stations[number]
        station.hear(tree, day)
        return station

    def surface(self, window):
        """The day of blossom at sea level, by rows from the south."""
        rows = []
        for y in window.ys():
            row = []
            for x in window.xs():
                days = weights = 0.0
                for station in self.stations:  # <- cost
                    away = (station.x - x) ** 2 + (station.y - y) ** 2 + 25.0  # <- cost
                    weight = 1.0 / (away * math.sqrt(away))  # <- cost
                    days += station.at_sea_level * weight  # <- cost
                    weights += weight
                row.append(days / weights)
            rows.append(row)
        return rows

    def map(self, window, today):
        xs = window.xs()
        days = [
            [round(day + self.relief.height(x, y) * DAYS_A_METRE, 1) for x, day in zip(xs, row)]
            for y, row in zip(window.ys(), self.surface(window))
        ]
        return FrontMap(
            window={"west": window.west, "south": window.south, "size": window.size},
            days=days,
            first=min(map(min, days)),
            last=max(map(max, days)),
            line=self.line(days, today),
        )

    @staticmethod
    def line(days, today):
        """Where the front stands today: in each column the northernmost cell that is out."""
        found = []
        for column in range(WIDE):
            out = [row for row in range(HIGH) if days[row][column] <= today]
            if out:
                found.append((column, out[-1]))
        return found


def plant_stations():
    dice = random.Random(31)
    relief = Relief()
    stations = []
    for number in range(STATIONS):
        x, y = dice.uniform(0, 800), dice.uniform(0, 700)
        altitude = relief.height(x, y) * dice.uniform(0.5, 1)
        stations.append(Station(number, x, y, altitude, 80 + y / 25 + altitude * DAYS_A_METRE + dice.gauss(0, 1.5)))
    return BlossomFront(stations, relief)


@asynccontextmanager
async def season(app):
    async def announce():
        await asyncio.sleep(2)
        print(f"ready {os.getpid()}", flush=True)

    app.state.front = plant_stations()
    task = asyncio.create_task(announce())
    yield
    task.cancel()


app = FastAPI(lifespan=season)


@app.get("/front")
def front_map(
    request: Request,
    west: float = Query(ge=0, le=800),
    south: float = Query(ge=0, le=700),
    size: float = Query(ge=20, le=800),
    today: float = 95,
) -> FrontMap:
    return request.app.state.front.map(Window(west, south, size), today)


@app.post("/stations/{number}/reports", status_code=201)
async def report(request: Request, number: int, tree: int = Query(ge=0, le=20), day: float = Query(ge=40, le=180)):
    front = request.app.state.front
    if not 0 <= number < len(front.stations):
        raise HTTPException(404, "no such station")
    station = front.report(number, tree, day)
    return {"station": number, "day": station.day, "trees": len(station.trees)}


@app.get("/stations/{number}")
async def station(request: Request, number: int):
    front = request.app.state.front
    if not 0 <= number < len(front.stations):
        raise HTTPException(404, "no such station")
    told = front.stations[number]
    return {"station": number, "day": told.day, "altitude": round(told.altitude), "reports": told.reports}


def presenters(port):
    dice = random.Random(5)
    windows = [
        f"/front?west={dice.uniform(0, 500):.0f}&south={dice.uniform(0, 400):.0f}&size={dice.uniform(80, 300):.0f}"
        f"&today={dice.uniform(85, 110):.0f}"
        for _ in range(120)
    ]
    services.wait_for(port)
    clients.come(port, windows, rate=9, workers=3)


def observers(port):
    dice = random.Random(6)
    reports = [
        f"/stations/{dice.randrange(STATIONS)}/reports?tree={dice.randrange(12)}&day={dice.uniform(82, 112):.0f}"
        for _ in range(300)
    ]
    services.wait_for(port)
    clients.come(port, reports, rate=10, workers=2, body=b"{}")


if __name__ == "__main__":
    port = services.free_port()
    services.outside(lambda: presenters(port))
    services.outside(lambda: observers(port))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
