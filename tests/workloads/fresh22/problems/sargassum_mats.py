# expect: pattern=open-close-churn bench
"""When does the sargassum come? Mats of the brown weed cross the ocean, aircraft report the fields of them, and the
beach hotels ask this desk what will lie on their sand: it lets an ensemble of mats drift through the currents of the
coming days, which the ocean model has left in one grid file a day.

Measured: 36 % of a core at 42 forecasts a second (a forecast takes 9.8 ms of CPU); in the twin 10 % (1.9 ms).
"""

import json
import math
import os
import random
import struct
import sys
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients
import numpy
import services

DAYS, HOURS, ROWS, COLUMNS = 6, 24, 60, 90
SOUTH, WEST, STEP = 14.0, -66.0, 0.125
HEADER = struct.Struct("<4sHHH6x")
CELL, PAIR = 8, struct.Struct("<4f")
FORMS = {"natans I": 0.012, "natans VIII": 0.009, "fluitans III": 0.015}


class OffTheMap(Exception):
    """The mat has left the area of the model."""


@dataclass(slots=True)
class Mat:
    form: str
    latitude: float
    longitude: float
    windage: float


@dataclass(frozen=True)
class Sighting:
    field: str
    latitude: float
    longitude: float
    hour: int

    def mats(self, number):
        dice = random.Random(f"{self.field}/{self.hour}")
        forms = list(FORMS)
        for at in range(number):
            form = forms[at % len(forms)]
            yield Mat(
                form,
                self.latitude + dice.gauss(0, 0.08),
                self.longitude + dice.gauss(0, 0.12),
                FORMS[form] * dice.uniform(0.8, 1.2),
            )


class CurrentField:
    """The currents of the ocean model: hours of rows (south to north) of cells (east and north, metres a second)."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, day):
        return os.path.join(self.folder, f"surface-{day:03d}.grid")

    def at(self, latitude, longitude, hour):
        row, up = divmod((latitude - SOUTH) / STEP, 1)
        column, along = divmod((longitude - WEST) / STEP, 1)
        if not (0 <= row < ROWS - 1 and 0 <= column < COLUMNS - 1):
            raise OffTheMap
        south, north = self.cells(hour // HOURS % DAYS, hour % HOURS, int(row), int(column))
        east = self.blend(south[0], south[2], north[0], north[2], along, up)
        return east, self.blend(south[1], south[3], north[1], north[3], along, up)

    @staticmethod
    def check(header):
        if HEADER.unpack(header) != (b"SURF", HOURS, ROWS, COLUMNS):
            raise ValueError("the model has left a grid of another kind")

    @staticmethod
    def blend(a, b, c, d, along, up):
        return (a * (1 - along) + b * along) * (1 - up) + (c * (1 - along) + d * along) * up

    @staticmethod
    def offset(hour, row, column):
        return HEADER.size + ((hour * ROWS + row) * COLUMNS + column) * CELL

    def cells(self, day, hour, row, column):
        """The two cells south of a position, and the two north of it."""
        with open(self.path(day), "rb") as grid:  # <- cost
            self.check(grid.read(HEADER.size))
            grid.seek(self.offset(hour, row, column))
            south = grid.read(PAIR.size)
            grid.seek(self.offset(hour, row + 1, column))
            north = grid.read(PAIR.size)
        return PAIR.unpack(south), PAIR.unpack(north)


class Winds:
    """The trade wind that the buoys report, one value an hour for the whole area."""

    def __init__(self, hours):
        self.hours = [(-8 - 2 * math.cos(n / 9), 3 * math.sin(n / 7)) for n in range(hours)]

    def at(self, hour):
        return self.hours[hour % len(self.hours)]


class Coast:
    """Beaches along the western edge, each with its stretch of latitude."""

    def __init__(self):
        names = ("Bathsheba", "Crane", "Le Diamant", "Anse Caffard", "Marigot", "Calibishie", "Cassis", "Orient")
        self.beaches = {int(SOUTH * 2) + n: name for n, name in enumerate(names * 2)}

    def beach(self, mat):
        if mat.longitude < WEST + 6 * STEP - 0.3 * math.sin(mat.latitude * 3):
            return self.beaches.get(int(mat.latitude * 2), "reef")
        return None


class Drift:
    def __init__(self, currents, winds, coast):
        self.currents, self.winds, self.coast = currents, winds, coast

    def move(self, mat, hour):
        east, north = self.currents.at(mat.latitude, mat.longitude, hour)
        wind_east, wind_north = self.winds.at(hour)
        east += mat.windage * wind_east
        north += mat.windage * wind_north
        mat.latitude += north * 3600 / 111_200
        mat.longitude += east * 3600 / (111_200 * math.cos(math.radians(mat.latitude)))

    def forecast(self, sighting, number, hours):
        landed, lost, afloat = Counter(), 0, []
        for mat in sighting.mats(number):
            try:
                for hour in range(sighting.hour, sighting.hour + hours):
                    self.move(mat, hour)
                    if beach := self.coast.beach(mat):
                        landed[f"{beach}: {mat.form}"] += 1
                        break
                else:
                    afloat.append((mat.latitude, mat.longitude))
            except OffTheMap:
                lost += 1
        return {
            "field": sighting.field,
            "landed": dict(landed),
            "lost": lost,
            "afloat": [{"lat": round(lat, 3), "lon": round(lon, 3)} for lat, lon in afloat],
        }


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    drift: Drift

    def do_GET(self):
        url = urlsplit(self.path)
        told = {name: values[0] for name, values in parse_qs(url.query).items()}
        try:
            sighting = Sighting(url.path.rpartition("/")[2], float(told["lat"]), float(told["lon"]), int(told["hour"]))
            hours = min(int(told.get("hours", 24)), 72)
            self.answer(200, self.drift.forecast(sighting, int(told.get("mats", 32)), hours))
        except (KeyError, ValueError) as error:
            self.answer(422, {"error": f"bad sighting: {error}"})

    def answer(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def run_model(folder):
    """What the ocean model leaves every night."""
    os.mkdir(folder)
    hour, row, column = numpy.ogrid[:HOURS, :ROWS, :COLUMNS]
    for day in range(DAYS):
        swirl = numpy.sin(row / 9 + day) * numpy.cos(column / 11 - (day * HOURS + hour) / 12)
        east, north = 0.3 * swirl - 0.25, 0.2 * numpy.cos(row / 7 + hour / 6) * numpy.sin(column / 13)
        grid = numpy.stack(numpy.broadcast_arrays(east, north), axis=-1).astype("<f4")
        with open(f"{folder}/surface-{day:03d}.grid", "wb") as file:
            file.write(HEADER.pack(b"SURF", HOURS, ROWS, COLUMNS))
            file.write(grid.tobytes())


def hotels(port):
    dice = random.Random(7)
    fields = [
        f"/fields/f{n}?lat={dice.uniform(15.5, 19.5):.2f}&lon={dice.uniform(-64, -57):.2f}&hour={n % 100}"
        for n in range(200)
    ]
    services.wait_for(port)
    clients.come(port, fields, rate=42, workers=4)


if __name__ == "__main__":
    run_model("currents")
    Desk.drift = Drift(CurrentField("currents"), Winds(240), Coast())
    Desk.drift.forecast(Sighting("warm-up", 17.0, -60.0, 3), 8, 24)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    server.daemon_threads = True
    services.outside(lambda: hotels(server.server_port))
    print(f"ready {os.getpid()}", flush=True)
    server.serve_forever()
