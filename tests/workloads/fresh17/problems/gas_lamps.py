# expect: pattern=chatty-protocol bench
# The lamp book of a quarter that is still lit by gas (Flask, redis-py, gunicorn): lamplighters open the round of a
# street to see each lamp's mantle and pressure, and report lamps that they lit.
#
# Measured: 12 to 13 answers a second in both, in 82 to 190 ms, in the twin 8 to 22 ms; 2.7 s of CPU in 27 s, in the
# twin 0.85 s in 21 s (both at idle priority on a busy machine).
import http.client
import json
import os
import random
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import redis
from flask import Blueprint, Flask, abort, current_app, jsonify, request
from gunicorn.app.base import BaseApplication

sys.path.append(str(Path(__file__).parents[2]))
import services

STREETS = ("tanner", "ropewalk", "cooper", "saltgate", "chandler", "fuller", "glover", "lorimer")
LAMPS_EACH = 90


# --- domain ---------------------------------------------------------------------------------------------------------
@dataclass
class Lamp:
    name: str
    mantles: int
    pressure: float
    hours: float
    lit: bool

    @property
    def due(self):
        return self.hours > 700 or self.pressure < 9.5


class LampStore:
    """Lamps in Redis: a hash for each, and a list for each street in the order of the round."""

    def __init__(self, link):
        self.link = link

    def round_of(self, street):
        return self.link.lrange(f"street:{street}", 0, -1)

    def lamp(self, name):
        kept = self.link.hmget(f"lamp:{name}", "mantles", "pressure", "hours", "lit")  # <- cost
        return self.made(name, kept)

    @staticmethod
    def made(name, kept):
        mantles, pressure, hours, lit = kept
        return Lamp(name, int(mantles), float(pressure), float(hours), lit == "1")

    def light(self, name, pressure):
        with self.link.pipeline(transaction=False) as many:
            many.hset(f"lamp:{name}", mapping={"pressure": pressure, "lit": 1})
            many.hincrbyfloat(f"lamp:{name}", "hours", 0.1)
            many.execute()


class Rounds:
    def __init__(self, store):
        self.store = store

    def sheet(self, street):
        lamps = [self.store.lamp(name) for name in self.store.round_of(street)]  # <- cost
        dark = sum(not lamp.lit for lamp in lamps)
        return {"street": street, "dark": dark, "lamps": [{**asdict(lamp), "due": lamp.due} for lamp in lamps]}


# --- blueprint ------------------------------------------------------------------------------------------------------
book = Blueprint("book", __name__)


def rounds():
    return current_app.extensions["rounds"]


@book.get("/streets/<street>/round")
def street_round(street):
    if street not in STREETS:
        abort(404)
    return jsonify(rounds().sheet(street))


@book.post("/lamps/<name>/lit")
def lit(name):
    rounds().store.light(name, float(request.get_json()["pressure"]))
    return "", 204


def create_app(port):
    app = Flask(__name__)
    pool = redis.BlockingConnectionPool(
        host="127.0.0.1", port=port, decode_responses=True, max_connections=6, timeout=10
    )
    app.extensions["rounds"] = Rounds(LampStore(redis.Redis(connection_pool=pool)))
    app.register_blueprint(book)
    return app


def lay_pipes(port):
    with redis.Redis(host="127.0.0.1", port=port) as link, link.pipeline(transaction=False) as many:
        for street in STREETS:
            for number in range(LAMPS_EACH):
                name = f"{street}-{number}"
                state = {"mantles": 3 + number % 4, "pressure": 9 + number % 20 / 10, "hours": number * 11, "lit": 0}
                many.hset(f"lamp:{name}", mapping=state)
                many.rpush(f"street:{street}", name)
        many.execute()


# --- server and load ------------------------------------------------------------------------------------------------
class LampBook(BaseApplication):
    def __init__(self, listener, port):
        self.descriptor, self.port = listener.detach(), port
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
        return create_app(self.port)


def lamplighters(port, number=4, pause=0.3):
    """Each opens a round or reports a lamp every ``pause`` seconds; the times taken are noted."""
    took = []

    def lamplighter():
        link = http.client.HTTPConnection("127.0.0.1", port)
        time.sleep(0.7 + random.random() * pause)
        while True:
            began = time.monotonic()
            street = random.choice(STREETS)
            if random.random() < 0.75:
                link.request("GET", f"/streets/{street}/round")
            else:
                told = json.dumps({"pressure": round(9 + 2 * random.random(), 1)})
                lamp = f"{street}-{random.randrange(LAMPS_EACH)}"
                link.request("POST", f"/lamps/{lamp}/lit", told, {"Content-Type": "application/json"})
            answer = link.getresponse()
            answer.read()
            assert answer.status < 400, answer.status
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, began + pause - time.monotonic()))

    for _ in range(number):
        threading.Thread(target=lamplighter, daemon=True).start()
    while True:
        time.sleep(5)
        with open("load.log", "a") as notes:
            notes.write(f"{len(took)} answers, {1000 * sum(took) / max(1, len(took)):.1f} ms each\n")
        took.clear()


def main():
    port = services.redis()
    lay_pipes(port)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    services.outside(lambda: lamplighters(listener.getsockname()[1]))
    LampBook(listener, port).run()


if __name__ == "__main__":
    main()
