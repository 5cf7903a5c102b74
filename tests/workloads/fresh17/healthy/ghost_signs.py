# expect: healthy bench
# A catalogue of ghost signs, the painted advertisements that fade on gable ends (Flask, requests, gunicorn): a
# walker's phone tells where it stands and gets the signs near it, whose condition the surveyors' service is asked
# for, over kept connections, for all signs of a street at once, and kept for some seconds.
#
# Measured: 30 answers a second, in 4 to 17 ms at idle priority on a busy machine; 0.6 s of CPU in 22 s, the start
# included.
import http.client
import json
import os
import random
import re
import socket
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import requests
from flask import Blueprint, Flask, abort, current_app, jsonify, request
from gunicorn.app.base import BaseApplication
from requests.adapters import HTTPAdapter

sys.path.append(str(Path(__file__).parents[2]))
import services

STREETS, SIGNS_EACH = 150, 12
PAINT = re.compile(r"(?P<maker>[A-Z][a-z]+)'s (?P<goods>[a-z ]+), (?P<where>.+)")


def surveyors(path):
    """The surveyors' service: the condition of the signs of a street."""
    time.sleep(0.003)
    street = int(path.rpartition("/")[2])
    return json.dumps({f"{street}-{n}": (street * 7 + n * 13) % 100 for n in range(SIGNS_EACH)}).encode()


# --- domain ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Sign:
    name: str
    text: str
    metre: int

    @property
    def maker(self):
        return read_paint(self.text)[0]


@lru_cache(maxsize=512)
def read_paint(text):
    found = PAINT.fullmatch(text)
    return found.group("maker", "goods", "where") if found else ("", text, "")


class Catalogue:
    def __init__(self):
        goods = ("cocoa", "bile beans", "lamp oil", "boot polish")
        makers = ("Hovell", "Peek", "Brymay", "Daren")
        self.streets = [
            [
                Sign(f"{street}-{n}", f"{makers[n % 4]}'s {goods[(street + n) % 4]}, gable {n}", n * 35)
                for n in range(SIGNS_EACH)
            ]
            for street in range(STREETS)
        ]

    def near(self, street, metre, reach=120):
        return [sign for sign in self.streets[street] if abs(sign.metre - metre) <= reach]


class Surveyors:
    """Conditions of signs; a street's are kept for some seconds, those of the streets asked for last."""

    def __init__(self, base, kept=100, seconds=5.0):
        self.base, self.most, self.seconds = base, kept, seconds
        self.session = requests.Session()
        self.session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=4, pool_block=True))
        self.kept = OrderedDict()
        self.lock = threading.Lock()

    def street(self, street):
        now = time.monotonic()
        with self.lock:
            since, conditions = self.kept.get(street, (0.0, None))
        if conditions is not None and now - since < self.seconds:
            return conditions
        answer = self.session.get(f"{self.base}/streets/{street}", timeout=(5, 10))
        answer.raise_for_status()
        conditions = answer.json()
        with self.lock:
            self.kept[street] = now, conditions
            self.kept.move_to_end(street)
            if len(self.kept) > self.most:
                self.kept.popitem(last=False)
        return conditions


# --- blueprint ------------------------------------------------------------------------------------------------------
signs = Blueprint("signs", __name__, url_prefix="/signs")


@signs.get("/near/<int:street>")
def near(street):
    if street >= STREETS:
        abort(404)
    found = current_app.extensions["catalogue"].near(street, request.args.get("metre", 0, type=int))
    conditions = current_app.extensions["surveyors"].street(street) if found else {}
    told = ({"name": s.name, "maker": s.maker, "left": conditions.get(s.name), "at": s.metre} for s in found)
    return jsonify(list(told))


def create_app(base):
    app = Flask(__name__)
    app.extensions["catalogue"] = Catalogue()
    app.extensions["surveyors"] = Surveyors(base)
    app.register_blueprint(signs)
    app.register_error_handler(requests.RequestException, lambda error: ({"error": "no survey"}, 502))
    return app


# --- server and load ------------------------------------------------------------------------------------------------
class Signs(BaseApplication):
    def __init__(self, listener, base):
        self.descriptor, self.base = listener.detach(), base
        super().__init__()

    def load_config(self):
        chosen = {
            "bind": f"fd://{self.descriptor}",
            "worker_class": "gthread",
            "threads": 4,
            "keepalive": 60,
            "worker_tmp_dir": os.getcwd(),
            "loglevel": "error",
            "control_socket_disable": True,
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        return create_app(self.base)


def walkers(port, number=8, pause=0.25):
    """Each walks along a street and asks every ``pause`` seconds; the times taken are noted."""
    took = []

    def walker():
        link = http.client.HTTPConnection("127.0.0.1", port)
        time.sleep(0.7 + random.random() * pause)
        street, metre = random.randrange(STREETS), 0
        while True:
            began = time.monotonic()
            link.request("GET", f"/signs/near/{street}?metre={metre}")
            answer = link.getresponse()
            answer.read()
            assert answer.status < 400, answer.status
            metre += 30
            if metre > SIGNS_EACH * 35:
                street, metre = random.randrange(STREETS), 0
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, began + pause - time.monotonic()))

    for _ in range(number):
        threading.Thread(target=walker, daemon=True).start()
    while True:
        time.sleep(5)
        with open("load.log", "a") as notes:
            notes.write(f"{len(took)} answers, {1000 * sum(took) / max(1, len(took)):.1f} ms each\n")
        took.clear()


def main():
    survey = services.http_service(surveyors)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    services.outside(lambda: walkers(listener.getsockname()[1]))
    Signs(listener, f"http://127.0.0.1:{survey}").run()


if __name__ == "__main__":
    main()
