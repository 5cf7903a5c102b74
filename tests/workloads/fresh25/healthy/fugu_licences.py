# bench: healthy
"""The guild of fugu cooks: restaurants ask whether a cook may prepare a certain fish, and tell what was served; the
guild's register (another service) knows the licences.

Flask under gunicorn (one process, eight threads). Looks costly, and is as it should be: the token of a restaurant is
checked for each request; answers of the register are kept for half a minute, in a bounded cache behind a lock that is
held for a look-up only; the register is asked through kept connections, one for each thread that may ask; the journal
is written by a thread of its own, many lines at a time.

Measured: 70 requests a second, 1.4 ms for a kept licence, 0.09 cores.
"""

import json
import logging
import os
import queue
import random
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import jwt
import requests
from flask import Blueprint, Flask, current_app, g, jsonify, request
from gunicorn.app.base import BaseApplication
from requests.adapters import HTTPAdapter

import services

KEY = "torafugu-and-not-much-else-in-winter"
THREADS = 8
COOKS = 500
REQUESTS_A_SECOND = 70
RESTAURANTS = 10
POISON = {"torafugu": 1, "karasu": 2, "mafugu": 2, "higanfugu": 3, "komonfugu": 3}


@dataclass(frozen=True)
class Licence:
    cook: int
    rank: int
    valid_until: int

    def allows(self, fish: str) -> bool:
        return self.rank >= POISON[fish] and self.valid_until > time.time()


class BoundedCache:
    """The latest values, each for a while."""

    def __init__(self, size: int, seconds: float):
        self.size, self.seconds = size, seconds
        self._kept: OrderedDict[int, tuple[float, Licence]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: int) -> Licence | None:
        with self._lock:
            until, value = self._kept.get(key, (0.0, None))
            if until < time.monotonic():
                return None
            self._kept.move_to_end(key)
            return value

    def put(self, key: int, value: Licence) -> None:
        with self._lock:
            self._kept[key] = (time.monotonic() + self.seconds, value)
            self._kept.move_to_end(key)
            if len(self._kept) > self.size:
                self._kept.popitem(last=False)


class RegisterClient:
    def __init__(self, base: str):
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=THREADS))
        self.cache = BoundedCache(400, 30)

    def licence(self, cook: int) -> Licence:
        if kept := self.cache.get(cook):
            return kept
        answer = self.session.get(f"{self.base}/licences/{cook}", timeout=(1, 3))
        answer.raise_for_status()
        licence = Licence(**answer.json())
        self.cache.put(cook, licence)
        return licence


class Journal:
    """What was served. A thread writes, and starts the file again when it has become long."""

    LONGEST = 1 << 20

    def __init__(self, path: Path):
        self.path = path
        self._lines: queue.Queue[str] = queue.Queue(maxsize=5000)
        threading.Thread(target=self._write, name="journal", daemon=True).start()

    def note(self, **told) -> None:
        self._lines.put(json.dumps(told))

    def _write(self) -> None:
        while True:
            lines = [self._lines.get()]
            time.sleep(0.25)  # let some more come
            while len(lines) < 1000 and not self._lines.empty():
                lines.append(self._lines.get_nowait())
            with self.path.open("a") as file:
                file.write("\n".join(lines) + "\n")
                long = file.tell() > self.LONGEST
            if long:
                self.path.replace(self.path.with_suffix(".1"))


pages = Blueprint("pages", __name__)


@pages.before_request
def check_token():
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer":
        return jsonify({"error": "who asks?"}), 401
    g.restaurant = jwt.decode(token, KEY, algorithms=["HS256"])["sub"]
    return None


@pages.get("/cooks/<int:cook>/may/<fish>")
def may(cook, fish):
    if fish not in POISON:
        return jsonify({"error": f"{fish} is not served"}), 404
    licence = current_app.extensions["register"].licence(cook)
    return jsonify({"cook": cook, "fish": fish, "may": licence.allows(fish)})


@pages.post("/servings")
def served():
    told = request.get_json()
    licence = current_app.extensions["register"].licence(int(told["cook"]))
    allowed = licence.allows(told["fish"])
    current_app.extensions["journal"].note(restaurant=g.restaurant, allowed=allowed, at=time.time(), **asdict(licence))
    return jsonify({"allowed": allowed}), 201


@pages.app_errorhandler(jwt.InvalidTokenError)
def bad_token(error):
    return jsonify({"error": str(error)}), 401


@pages.app_errorhandler(requests.RequestException)
def register_away(error):
    return jsonify({"error": "the register does not answer"}), 502


@pages.app_errorhandler(KeyError)
def incomplete(error):
    return jsonify({"error": f"{error} is missing or unknown"}), 422


def create_app(register: str) -> Flask:
    app = Flask(__name__)
    app.extensions["register"] = RegisterClient(register)
    app.extensions["journal"] = Journal(Path("servings.jsonl").absolute())
    app.register_blueprint(pages)
    return app


def register(path: str) -> bytes:
    """The guild's register."""
    cook = int(path.rpartition("/")[2])
    time.sleep(0.004)
    return json.dumps({"cook": cook, "rank": 1 + cook % 3, "valid_until": int(time.time()) + 86400}).encode()


def restaurant(port: int, number: int) -> None:
    connection, pick = HTTPConnection("127.0.0.1", port), random.Random(number)
    token = jwt.encode({"sub": f"restaurant {number}"}, KEY, algorithm="HS256")
    head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    due = time.monotonic() + 0.5 + number / REQUESTS_A_SECOND
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + RESTAURANTS / REQUESTS_A_SECOND, time.monotonic() - 1)
        cook, fish = min(COOKS - 1, int(pick.expovariate(0.02))), pick.choice(list(POISON))
        if pick.random() < 0.4:
            connection.request("POST", "/servings", json.dumps({"cook": cook, "fish": fish}), head)
        else:
            connection.request("GET", f"/cooks/{cook}/may/{fish}", headers=head)
        connection.getresponse().read()


def restaurants(port: int) -> None:
    crowd = [threading.Thread(target=restaurant, args=(port, number)) for number in range(RESTAURANTS)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()


class Server(BaseApplication):
    def __init__(self, base: str):
        self.base = base
        super().__init__()

    def load_config(self):
        options = {
            "bind": f"127.0.0.1:{services.free_port()}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": THREADS,
            "keepalive": 75,
            "loglevel": "error",
            "control_socket_disable": True,
            "when_ready": lambda arbiter: services.outside(
                lambda: restaurants(arbiter.LISTENERS[0].sock.getsockname()[1])
            ),
            "post_worker_init": announce,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        return create_app(self.base)


def announce(worker):
    def tell():
        time.sleep(3)
        print(f"ready {worker.pid}", flush=True)

    threading.Thread(target=tell, daemon=True).start()


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    Server(f"http://127.0.0.1:{services.http_service(register)}").run()
