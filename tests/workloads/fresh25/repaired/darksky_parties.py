# expect: healthy bench
"""Where to hold a star party: clubs ask how dark the sky is at a place, for the darkest place near a town, and for
the nights without a moon. The brightness of the night sky is a grid of the region in a file, which is made anew each
year.

Flask under gunicorn (one process, four threads), numpy.

Measured: 90 questions a second, 0.36 to 0.40 cores (24 MB are read for each of some 80 questions), a place is answered
in 5.0 ms; in the twin 0.07 cores and 1.1 ms.
"""

import logging
import math
import os
import random
import sys
import threading
import time
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import numpy as np
from flask import Blueprint, Flask, current_app, jsonify, request
from gunicorn.app.base import BaseApplication

import clients
import services

ROWS, COLUMNS = 2000, 3000
SOUTH, WEST, STEP = 42.0, -4.0, 1 / 240
QUESTIONS_A_SECOND = 90
NEW_MOON, LUNATION = date(2026, 1, 18), 29.530588


class OutsideRegion(ValueError):
    pass


@dataclass(frozen=True)
class Place:
    lat: float
    lon: float

    @classmethod
    def asked(cls, told) -> "Place":
        return cls(float(told["lat"]), float(told["lon"]))

    def cell(self) -> tuple[int, int]:
        row, column = int((self.lat - SOUTH) / STEP), int((self.lon - WEST) / STEP)
        if not (0 <= row < ROWS and 0 <= column < COLUMNS):
            raise OutsideRegion(f"{self.lat}, {self.lon} is not on the map")
        return row, column

    @classmethod
    def of_cell(cls, row: int, column: int) -> "Place":
        return cls(round(SOUTH + (row + 0.5) * STEP, 4), round(WEST + (column + 0.5) * STEP, 4))


class SkyAtlas:
    """The brightness of the zenith (in thousandths of a candela per square metre) on a grid."""

    NATURAL = 0.171

    def __init__(self, path: Path):
        if not path.is_file():
            raise FileNotFoundError(path)
        self.grid = np.load(path)

    def brightness(self, place: Place) -> float:
        return float(self.grid[place.cell()])

    def darkest_near(self, place: Place, reach: int = 24) -> tuple[Place, float]:
        row, column = place.cell()
        top, left = max(0, row - reach), max(0, column - reach)
        part = self.grid[top : row + reach + 1, left : column + reach + 1]
        down, right = divmod(int(part.argmin()), part.shape[1])
        return Place.of_cell(top + down, left + right), float(part[down, right])

    @classmethod
    def magnitude(cls, brightness: float) -> float:
        """Per square second of arc: higher is darker."""
        return round(22.0 - 2.5 * math.log10((brightness + cls.NATURAL) / cls.NATURAL), 2)


def bortle(magnitude: float) -> int:
    limits = (21.76, 21.6, 21.3, 20.8, 20.1, 19.1, 18.0, 17.0)
    return 1 + sum(magnitude < limit for limit in limits)


def moon_age(day: date) -> float:
    return (day - NEW_MOON).days % LUNATION


@lru_cache(maxsize=64)
def moonless_nights(first: date, days: int) -> tuple[str, ...]:
    nights = (first + timedelta(days=n) for n in range(days))
    return tuple(night.isoformat() for night in nights if min(moon_age(night), LUNATION - moon_age(night)) < 4)


pages = Blueprint("pages", __name__)


def atlas() -> SkyAtlas:
    return current_app.extensions["atlas"]


@pages.get("/sky")
def sky():
    place = Place.asked(request.args)
    magnitude = atlas().magnitude(atlas().brightness(place))
    return jsonify({"lat": place.lat, "lon": place.lon, "magnitude": magnitude, "bortle": bortle(magnitude)})


@pages.get("/sites/near")
def site_near():
    asked = Place.asked(request.args)
    place, brightness = atlas().darkest_near(asked)
    magnitude = atlas().magnitude(brightness)
    away = math.hypot(place.lat - asked.lat, (place.lon - asked.lon) * math.cos(math.radians(asked.lat))) * 111.2
    return jsonify({"lat": place.lat, "lon": place.lon, "magnitude": magnitude, "km": round(away, 1)})


@pages.get("/nights")
def nights():
    first = date.fromisoformat(request.args["from"])
    return jsonify({"nights": moonless_nights(first, min(int(request.args.get("days", 60)), 366))})


@pages.app_errorhandler(ValueError)
def bad_question(error):
    return jsonify({"error": str(error)}), 422


def create_app(path: Path) -> Flask:
    app = Flask(__name__)
    app.extensions["atlas"] = SkyAtlas(path)
    app.register_blueprint(pages)
    return app


def draw_atlas(path: Path) -> Path:
    """Some towns that shine, and the hills between them."""
    pick = np.random.default_rng(11)
    sky = pick.random((ROWS, COLUMNS), dtype=np.float32) * 0.02
    rows, columns = np.ogrid[:ROWS, :COLUMNS]
    for _ in range(14):
        away = (rows - pick.integers(ROWS)) ** 2 + (columns - pick.integers(COLUMNS)) ** 2
        sky += (pick.random() * 900 / (away + 400)).astype(np.float32)
    np.save(path, sky)
    return path


class Server(BaseApplication):
    def __init__(self, path: Path):
        self.path = path
        super().__init__()

    def load_config(self):
        options = {
            "bind": f"127.0.0.1:{services.free_port()}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": 4,
            "keepalive": 75,
            "loglevel": "error",
            "control_socket_disable": True,
            "when_ready": clubs,
            "post_worker_init": announce,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        return create_app(self.path)


def announce(worker):
    def tell():
        time.sleep(4)
        print(f"ready {worker.pid}", flush=True)

    threading.Thread(target=tell, daemon=True).start()


def clubs(arbiter):
    port = arbiter.LISTENERS[0].sock.getsockname()[1]
    pick = random.Random(5)
    places = [f"lat={pick.uniform(42.2, 48.4):.4f}&lon={pick.uniform(-3.8, 5.7):.4f}" for _ in range(400)]
    paths = [f"/sky?{place}" for place in places] + [f"/sites/near?{place}" for place in places[:150]]
    paths += [f"/nights?from=2026-{month:02d}-01" for month in range(1, 13)] * 5
    services.outside(lambda: clients.come(port, paths, QUESTIONS_A_SECOND, workers=6))


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    Server(draw_atlas(Path("sky-2026.npy").absolute())).run()
