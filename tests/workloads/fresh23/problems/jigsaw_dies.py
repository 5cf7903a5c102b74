# expect: pattern=string-building bench
"""The desk of a puzzle maker: customers choose a picture and a number of pieces, and the cutter of the workshop fetches
the plotter program (HP-GL) that cuts this puzzle; no two are cut alike.

Flask, with a thread for each request.

Measured: one program a second, for puzzles of some 1550 pieces; 35 % of a core; in the twin 7 %.
"""

import hashlib
import logging
import math
import os
import random
import sys
import time
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, abort, jsonify, request
from werkzeug.serving import make_server

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients  # noqa: E402
import services  # noqa: E402

UNITS = 40  # of the plotter in a millimetre
PROGRAMS_A_SECOND = 1

# the outline of a knob along an edge of length 1: where, and how far out
KNOB = (
    (0.18, 0.01),
    (0.34, -0.03),
    (0.43, 0.02),
    (0.42, 0.09),
    (0.37, 0.15),
    (0.41, 0.22),
    (0.50, 0.25),
    (0.59, 0.22),
    (0.63, 0.15),
    (0.58, 0.09),
    (0.57, 0.02),
    (0.66, -0.03),
    (0.82, 0.01),
    (1.0, 0.0),
)


@dataclass(frozen=True)
class Material:
    name: str
    speed: int
    force: int
    pen: int


MATERIALS = {
    "card": Material("card", 40, 60, 1),
    "lime": Material("lime", 12, 180, 2),
    "cork": Material("cork", 25, 90, 1),
}


@dataclass(frozen=True)
class Puzzle:
    design: str
    columns: int
    rows: int
    width: float = 680.0
    height: float = 480.0

    @property
    def pieces(self):
        return self.columns * self.rows

    @classmethod
    def of(cls, design, wanted):
        """The grid that comes nearest to so many pieces that are about square."""
        rows = max(2, round(math.sqrt(wanted * 480 / 680)))
        return cls(design, max(2, round(wanted / rows)), rows)


class Cutter:
    """Puts a plotter program together: keeps the pen's place and does not say twice what the machine knows."""

    def __init__(self, material):
        self.material = material
        self.program = ""
        self.down = False
        self.place = (0, 0)
        self.cut = self.moved = 0.0

    def command(self, letters, *values):
        self.program += letters + ",".join(map(str, values)) + ";"  # <- cost

    def begin(self):
        self.command("IN")
        self.command("SP", self.material.pen)
        self.command("VS", self.material.speed)
        self.command("FS", self.material.force)

    def go(self, x, y, down):
        place = (round(x * UNITS), round(y * UNITS))
        if place == self.place and down == self.down:
            return
        way = math.dist(place, self.place)
        if down:
            self.cut += way
        else:
            self.moved += way
        self.command("PD" if down else "PU", *place)
        self.place, self.down = place, down

    def end(self):
        self.command("PU")
        self.command("SP", 0)
        self.command("PG")

    def minutes(self):
        return (self.cut / self.material.speed + self.moved / 60) / UNITS / 10 / 60


class Die:
    """The cuts of one puzzle."""

    def __init__(self, puzzle):
        self.puzzle = puzzle
        self.rng = random.Random(puzzle.design)
        self.across = puzzle.width / puzzle.columns
        self.along = puzzle.height / puzzle.rows

    def edge(self, cutter, start, end):
        (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
        side = self.rng.choice((-1, 1))
        lean, swell = self.rng.uniform(-0.04, 0.04), self.rng.uniform(0.85, 1.1) * side
        for t, out in KNOB:
            if t < 1:
                t += lean
            cutter.go(x + dx * t - dy * out * swell, y + dy * t + dx * out * swell, True)

    def frame(self, cutter):
        width, height = self.puzzle.width, self.puzzle.height
        cutter.go(0, 0, False)
        for x, y in ((width, 0), (width, height), (0, height), (0, 0)):
            cutter.go(x, y, True)

    def program(self, cutter):
        cutter.begin()
        puzzle = self.puzzle
        for row in range(1, puzzle.rows):
            cutter.go(0, row * self.along, False)
            for column in range(puzzle.columns):
                self.edge(
                    cutter,
                    (column * self.across, row * self.along),
                    ((column + 1) * self.across, row * self.along),
                )
        for column in range(1, puzzle.columns):
            cutter.go(column * self.across, 0, False)
            for row in range(puzzle.rows):
                self.edge(
                    cutter,
                    (column * self.across, row * self.along),
                    (column * self.across, (row + 1) * self.along),
                )
        self.frame(cutter)
        cutter.end()
        return cutter.program


dies = Blueprint("dies", __name__, url_prefix="/dies")


def asked_puzzle(design):
    wanted = request.args.get("pieces", 500, type=int)
    if not 50 <= wanted <= 2000:
        abort(400, "we cut 50 to 2000 pieces")
    return Puzzle.of(design, wanted)


@dies.get("/<design>.hpgl")
def program(design):
    material = MATERIALS.get(request.args.get("material", "card"))
    if material is None:
        abort(404)
    cutter = Cutter(material)
    text = Die(asked_puzzle(design)).program(cutter)
    body = text.encode("ascii")
    answer = Response(body, mimetype="application/vnd.hp-hpgl")
    answer.headers["X-Cut-Minutes"] = f"{cutter.minutes():.1f}"
    answer.set_etag(hashlib.sha1(body).hexdigest())
    return answer


@dies.get("/<design>/offer")
def offer(design):
    puzzle = asked_puzzle(design)
    return jsonify(design=design, pieces=puzzle.pieces, grid=[puzzle.columns, puzzle.rows], cents=900 + puzzle.pieces)


def create_app():
    app = Flask(__name__)
    app.register_blueprint(dies)
    return app


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    cuts = [f"/dies/picture-{n}.hpgl?pieces={1500 + n % 3 * 50}&material={list(MATERIALS)[n % 3]}" for n in range(60)]
    offers = [f"/dies/picture-{n}/offer?pieces=1000" for n in range(30)]
    services.outside(lambda: clients.come(server.port, cuts, PROGRAMS_A_SECOND, 4))
    services.outside(lambda: clients.come(server.port, offers, 5, 2))
    started = time.monotonic()
    server.timeout = 0.2
    while time.monotonic() < started + 3:
        server.handle_request()
    print(f"ready {os.getpid()}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
