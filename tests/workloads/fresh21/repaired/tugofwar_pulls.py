# expect: healthy bench
"""Load cells in the rope of a tug-of-war league: after each pull the judges' tablet sends the trace of the rope, and
is told how the pull went: the strongest efforts, the heaves, how a team faded, and whether the rope was jerked.

Flask under gunicorn (gthread, four threads). Traces are not kept; the league table holds one line for each team.

Measured: 16 pulls a second in both; 19 ms of CPU for one, 0.31 of a core; in the twin 1 ms of it is left, 0.04.
"""

import http.client
import json
import os
import random
import sys
import time
from dataclasses import asdict, dataclass
from statistics import median
from threading import Lock

from flask import Blueprint, Flask, current_app, jsonify, request
from gunicorn.app.base import BaseApplication

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

HERTZ = 50
EFFORT_SECONDS = (2, 5, 10)
JERK_LIMIT = 4200  # decinewtons from one sample to the next
TEAMS = ["Ploughboys", "Lock Keepers", "Farriers", "Hop Pickers", "Peat Cutters", "Bell Founders", "Wherrymen"]
PULLS_A_SECOND = 16

pulls = Blueprint("pulls", __name__, url_prefix="/pulls")


class BadTrace(ValueError):
    pass


@dataclass(frozen=True)
class Trace:
    team: str
    number: int
    forces: list[int]  # decinewtons, tared

    @classmethod
    def parse(cls, told):
        try:
            team, number, raw = str(told["team"]), int(told["number"]), told["forces"]
        except (KeyError, TypeError, ValueError) as error:
            raise BadTrace(f"incomplete trace: {error}") from error
        if not isinstance(raw, list) or len(raw) < HERTZ * max(EFFORT_SECONDS):
            raise BadTrace("the trace is too short")
        if team not in TEAMS:
            raise BadTrace("no such team in this league")
        tare = int(median(raw[:HERTZ]))  # the rope lies still while the judge calls
        return cls(team, number, [force - tare for force in raw])


@dataclass(frozen=True)
class Effort:
    seconds: int
    begins: float
    newtons: float


@dataclass(frozen=True)
class Heaves:
    count: int
    strongest: float
    every: float


def strongest_window(forces, width):
    """Where the strongest stretch of ``width`` samples begins, and its sum."""
    pulled = sum(forces[:width])
    best, begins = pulled, 0
    for start in range(1, len(forces) - width + 1):
        pulled += forces[start + width - 1] - forces[start - 1]
        if pulled > best:
            best, begins = pulled, start
    return begins, best


def efforts(trace):
    found = []
    for seconds in EFFORT_SECONDS:
        width = seconds * HERTZ
        begins, pulled = strongest_window(trace.forces, width)
        found.append(Effort(seconds, begins / HERTZ, round(pulled / width / 10, 1)))
    return found


def heaves(trace):
    """The heaves: where the rope rises through the mean of the pull and falls below it again."""
    mean = sum(trace.forces) / len(trace.forces)
    tops, top, last = [], None, None
    gaps = []
    for at, force in enumerate(trace.forces):
        if force > mean:
            if top is None and last is not None:
                gaps.append(at - last)
            if top is None:
                last = at
            top = force if top is None else max(top, force)
        elif top is not None and force < mean * 0.9:
            tops.append(top)
            top = None
    every = sum(gaps) / len(gaps) / HERTZ if gaps else 0.0
    return Heaves(len(tops), round(max(tops, default=0) / 10, 1), round(every, 2))


def faded(trace):
    quarter = len(trace.forces) // 4
    first, last = sum(trace.forces[quarter : 2 * quarter]), sum(trace.forces[-quarter:])
    return round(100 - 100 * last / first, 1) if first > 0 else 0.0


def jerked(trace):
    before = trace.forces[0]
    for at, force in enumerate(trace.forces):
        if abs(force - before) > JERK_LIMIT:
            return at / HERTZ
        before = force
    return None


class LeagueTable:
    """The best ten-second effort of each team, and how often it pulled."""

    def __init__(self):
        self.lock = Lock()
        self.rows = {team: {"pulls": 0, "newtons": 0.0} for team in TEAMS}

    def enter(self, team, effort):
        with self.lock:
            row = self.rows[team]
            row["pulls"] += 1
            row["newtons"] = max(row["newtons"], effort.newtons)

    def standing(self):
        with self.lock:
            rows = [{"team": team, **row} for team, row in self.rows.items()]
        return sorted(rows, key=lambda row: -row["newtons"])


@pulls.post("")
def judge():
    trace = Trace.parse(request.get_json())
    found = efforts(trace)
    current_app.league.enter(trace.team, found[-1])
    return jsonify(
        team=trace.team,
        number=trace.number,
        seconds=len(trace.forces) / HERTZ,
        efforts=[asdict(effort) for effort in found],
        heaves=asdict(heaves(trace)),
        faded=faded(trace),
        jerked=jerked(trace),
    )


@pulls.get("/league")
def league():
    return jsonify(current_app.league.standing())


def create_app():
    app = Flask(__name__)
    app.league = LeagueTable()
    app.register_blueprint(pulls)
    app.register_error_handler(BadTrace, lambda error: (jsonify(error=str(error)), 422))
    return app


def recorded(team, number):
    """A pull of a minute: a call, the take-up, then heaves that get weaker."""
    chance = random.Random(number)
    forces = [chance.randint(-30, 30) + 120 for _ in range(HERTZ)]
    for at in range(59 * HERTZ):
        heave = 1500 if at % 83 < 31 else 0
        forces.append(int(6000 - at / 2 + heave + chance.gauss(0, 260)))
    return json.dumps({"team": team, "number": number, "forces": forces}).encode()


def tablets(port):
    bodies = [recorded(TEAMS[number % len(TEAMS)], number) for number in range(40)]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due, turn = time.monotonic(), 0
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / PULLS_A_SECOND, time.monotonic() - 1)
        connection.request("POST", "/pulls", bodies[turn % len(bodies)], {"Content-Type": "application/json"})
        connection.getresponse().read()
        if turn % 24 == 0:
            connection.request("GET", "/pulls/league")
            connection.getresponse().read()
        turn += 1


class Server(BaseApplication):
    def __init__(self, port):
        self.port = port
        super().__init__()

    def load_config(self):
        settings = {
            "bind": f"127.0.0.1:{self.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": 4,
            "keepalive": 30,
            "loglevel": "warning",
            "when_ready": lambda _: services.outside(lambda: tablets(self.port)),
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for key, value in settings.items():
            self.cfg.set(key, value)

    def load(self):
        return create_app()


if __name__ == "__main__":
    Server(services.free_port()).run()
