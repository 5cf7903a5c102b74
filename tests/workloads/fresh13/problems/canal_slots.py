# expect: pattern=connection-per-request bench
"""Gives barges their slots at the locks of a canal: skippers ask over HTTP for a passage, the state of each lock is kept
in Redis, where the lock keepers' screens read it too; a passage is allowed if the reach behind the lock has water and room.

Measured: passage() takes 1.4 to 1.9 ms of CPU time, the repaired twin 0.08 to 0.11 ms (400 calls each).
"""

import functools
import json
import math
import os
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import redis

sys.path.append(str(Path(__file__).parents[2]))

import clients
import services

LOCKS = [f"lock-{number:02}" for number in range(1, 25)]
REACH_METRES = 1800.0
SETTINGS = {"port": 0, "timeout": 2.0}


@contextmanager
def ledger():
    """The state that is shared with the keepers' screens."""
    store = redis.Redis(port=SETTINGS["port"], socket_timeout=SETTINGS["timeout"], decode_responses=True)  # <- cost
    try:
        yield store
    finally:
        store.close()


class PassageRefused(Exception):
    pass


def answered(function):
    """Turn what a handler returns or raises into a status and a document."""

    @functools.wraps(function)
    def call(*words):
        try:
            return 200, function(*words)
        except PassageRefused as refused:
            return 409, {"refused": str(refused)}
        except (KeyError, ValueError) as wrong:
            return 400, {"error": repr(wrong)}
        except redis.RedisError as problem:
            return 503, {"error": str(problem)}

    return call


def draught_allowed(level, length):
    """How deep a barge may lie after its wave has come back from the gates (a small sum of modes)."""
    surge = sum(math.sin(mode * length / 31) / mode for mode in range(1, 60))
    return level - 0.3 - 0.05 * abs(surge)


def chamber_minutes(level, lift):
    """Minutes to fill a chamber: the sluice slows down as the water rises."""
    head, minutes = lift + level / 10, 0.0
    while head > 0.05:
        head -= 0.02 * math.sqrt(head) + 0.005
        minutes += 0.15
    return minutes


@answered
def passage(lock, length, draught):
    if lock not in LOCKS:
        raise KeyError(lock)
    with ledger() as store:
        turn = store.hincrby(f"canal:{lock}", "turn", 1)  # <- cost
    level = 2.4 + (turn % 60) / 100
    if draught > draught_allowed(level, length):
        raise PassageRefused(f"draught {draught} m at a level of {level:.2f} m")
    if length * (turn % 12) > REACH_METRES:
        raise PassageRefused("the reach is full")
    minutes = chamber_minutes(level, 3.2 + len(lock) % 3)
    return {"lock": lock, "turn": turn, "minutes": round(minutes, 1), "level": round(level, 2)}


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        asked = parse_qs(urlsplit(self.path).query)
        try:
            lock, length, draught = asked["lock"][0], float(asked["length"][0]), float(asked["draught"][0])
        except (KeyError, ValueError):
            status, said = 400, {"error": "lock, length and draught are needed"}
        else:
            status, said = passage(lock, length, draught)
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    SETTINGS["port"] = services.redis()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    server.daemon_threads = True
    paths = [
        f"/passage?lock={lock}&length={length}&draught={1.2 + length / 60}" for lock in LOCKS for length in (24, 38)
    ]
    services.outside(lambda: clients.come(server.server_port, paths, rate=160, workers=6))
    print("ready", os.getpid(), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
