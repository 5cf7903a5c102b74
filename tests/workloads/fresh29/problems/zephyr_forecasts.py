# expect: pattern=memory-growth bench
"""Wind forecasts for small turbines, by place and minute: an aiohttp service over the newest model run.

Owners' controllers ask for the curve of their own place; the answers of places that many ask for are kept.

Measured: memory grows by 1.2 MB a second with the problem, not at all in the twin.
"""

import asyncio
import math
import os
import random
import sys
import time

import numpy as np
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

REQUESTS_PER_SECOND = 220
ROWS, COLUMNS, STEPS = 90, 140, 96
SOUTH, WEST, CELL = 47.0, 5.5, 0.1
ROTOR_M2 = 12.6
CUT_IN, RATED, CUT_OUT = 2.5, 11.0, 22.0


class ModelRun:
    """Wind of one model run: steps of a quarter of an hour, rows from the south, columns from the west."""

    def __init__(self, seed: int):
        random_field = np.random.default_rng(seed).normal(6.0, 2.0, (STEPS, ROWS, COLUMNS))
        smooth = random_field.copy()
        for axis in (1, 2):
            for shift in (-2, -1, 1, 2):
                smooth += np.roll(random_field, shift, axis=axis)
        self.wind = np.abs(smooth / 9).astype(np.float32)
        self.issued = int(time.time())

    def series(self, latitude: float, longitude: float) -> np.ndarray:
        y = min(max((latitude - SOUTH) / CELL, 0.0), ROWS - 1.001)
        x = min(max((longitude - WEST) / CELL, 0.0), COLUMNS - 1.001)
        row, column = int(y), int(x)
        up, right = y - row, x - column
        block = self.wind[:, row : row + 2, column : column + 2]
        lower = block[:, 0, 0] * (1 - right) + block[:, 0, 1] * right
        upper = block[:, 1, 0] * (1 - right) + block[:, 1, 1] * right
        return lower * (1 - up) + upper * up


def power_curve(wind: np.ndarray) -> np.ndarray:
    """Watts of the standard rotor."""
    watts = 0.5 * 1.22 * ROTOR_M2 * 0.38 * np.minimum(wind, RATED) ** 3
    return np.where((wind < CUT_IN) | (wind > CUT_OUT), 0.0, watts)


class Forecasts:
    def __init__(self, run: ModelRun):
        self.run = run
        self.curves: dict[tuple[float, float, int], dict] = {}
        self.hits = 0

    def curve(self, latitude: float, longitude: float, minute: int) -> dict:
        key = (round(latitude, 3), round(longitude, 3), minute)
        if key in self.curves:
            self.hits += 1
        else:
            self.curves[key] = self._computed(*key)  # <- cost
        return self.curves[key]

    def _computed(self, latitude: float, longitude: float, minute: int) -> dict:
        wind = self.run.series(latitude, longitude)
        watts = power_curve(wind)
        return {  # <- cost
            "place": [latitude, longitude],
            "minute": minute,
            "issued": self.run.issued,
            "wind_ms": np.round(wind, 2).tolist(),  # <- cost
            "watts": np.round(watts, 0).tolist(),  # <- cost
            "energy_kwh": float(watts.sum() / 4000),
        }


forecasts = web.AppKey("forecasts", Forecasts)


async def turbine(request: web.Request) -> web.Response:
    try:
        latitude = float(request.query["lat"])
        longitude = float(request.query["lon"])
    except (KeyError, ValueError):
        raise web.HTTPBadRequest(text="lat and lon are needed") from None
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        raise web.HTTPBadRequest(text="no such place")
    minute = int(time.time()) // 60
    curve = request.app[forecasts].curve(latitude, longitude, minute)
    hours = curve["watts"][::4]
    return web.json_response(
        {"place": curve["place"], "watts": hours, "kwh": round(curve["energy_kwh"], 2), "issued": curve["issued"]}
    )


async def health(request: web.Request) -> web.Response:
    known = request.app[forecasts]
    return web.json_response({"issued": known.run.issued, "kept": len(known.curves), "hits": known.hits})


async def announce(app: web.Application) -> None:
    async def later():
        await asyncio.sleep(3)
        print("ready", os.getpid(), flush=True)

    app[announcing] = asyncio.create_task(later())


announcing = web.AppKey("announcing", asyncio.Task)


def owners(port: int) -> None:
    """The turbines of the country, most of them at a place of their own, each with a controller that asks."""
    places = random.Random(11)
    busy = [f"/turbine?lat={places.uniform(47, 55):.4f}&lon={places.uniform(6, 14):.4f}" for _ in range(30)]
    rare = [f"/turbine?lat={places.uniform(47, 55):.4f}&lon={places.uniform(6, 14):.4f}" for _ in range(90000)]
    clients.come(port, busy * 500 + rare, REQUESTS_PER_SECOND, workers=6)


def main() -> None:
    port = services.free_port()
    services.outside(lambda: owners(port))
    app = web.Application()
    app[forecasts] = Forecasts(ModelRun(seed=3))
    app.router.add_get("/turbine", turbine)
    app.router.add_get("/health", health)
    app.on_startup.append(announce)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
