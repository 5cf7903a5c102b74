# expect: healthy bench
# Warns bathers of jellyfish: lifeguards' stations report sightings to a central log, this server follows the log (it
# hands out what is new, for as long as a reader wants to stay on), and answers the boards of the beaches and the
# holiday portal with the risk at a beach.
#
# Measured: 60 questions a second, 2 % of a core in both; an answer takes 95 ms on average, and 275 ms in the
# slowest tenth, in the twin 1.3 ms and 2.5 ms.
import contextlib
import json
import logging
import math
import os
import random
import re
import socket
import socketserver
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients  # noqa: E402
import services  # noqa: E402

log = logging.getLogger("jellyfish")

BEACHES = 60
QUESTIONS_PER_SECOND = 60
STING = {"moon": 0.2, "compass": 1.0, "mauve": 2.5, "lion's mane": 3.0, "man o' war": 6.0}
KINDS = tuple(STING)
KEPT = 40  # sightings of each beach


@dataclass(frozen=True)
class Sighting:
    number: int
    beach: int
    kind: str
    count: int
    seen: float


class LogClosed(OSError):
    """The central log hung up in the middle of an answer."""


class CentralLog:
    """Follows the log over one connection, which is opened again if it breaks."""

    def __init__(self, port, stay):
        self.port = port
        self.stay = stay
        self._line = None

    def _open(self):
        line = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line.makefile("rwb")

    def news(self, after):
        """The sightings after number ``after``."""
        if self._line is None:
            self._line = self._open()
        try:
            self._line.write(b"after %d %d\n" % (after, self.stay))
            self._line.flush()
            while (line := self._line.readline()) != b"end\n":
                if not line:
                    raise LogClosed("central log hung up")
                told = json.loads(line)
                yield Sighting(told["number"], told["beach"], told["kind"], told["count"], told["seen"])
        except OSError:
            self._line = None
            raise


class Waters:
    """What was seen lately, by beach."""

    def __init__(self, central):
        self._lock = threading.Lock()
        self._central = central
        self._last = 0
        self._seen = [deque(maxlen=KEPT) for _ in range(BEACHES)]

    @property
    def last(self):
        return self._last

    def follow(self):
        for sighting in self._central.news(self._last):
            with self._lock:
                self._enter(sighting)

    def _enter(self, sighting):
        if not 0 <= sighting.beach < BEACHES:
            log.warning("no beach %d", sighting.beach)
        elif sighting.number > self._last:
            self._seen[sighting.beach].append(sighting)
        self._last = max(self._last, sighting.number)

    def near(self, beach):
        """The sightings at a beach and its two neighbours, with how much they count here."""
        with self._lock:
            return [
                (sighting, 1.0 if other == beach else 0.35)
                for other in range(max(0, beach - 1), min(BEACHES, beach + 2))
                for sighting in self._seen[other]
            ]


def drift(sighting, now, wind):
    """How much of a swarm is still there."""
    age = max(0.0, now - sighting.seen)
    return math.exp(-age / (40 + 8 * wind)) * math.log1p(sighting.count)


def risk(sightings, now, wind):
    by_kind = dict.fromkeys(KINDS, 0.0)
    for sighting, share in sightings:
        by_kind[sighting.kind] += share * drift(sighting, now, wind) * STING[sighting.kind]
    total = sum(by_kind.values())
    worst = max(by_kind, key=by_kind.get) if total else None
    flag = "purple" if total > 60 else "yellow" if total > 15 else "green"
    return {"flag": flag, "risk": round(total, 2), "worst": worst}


class Board(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60
    waters = None
    path_of_beach = re.compile(r"/beaches/(\d+)(?:\?wind=(\d+))?")

    def do_GET(self):
        if self.path == "/health":
            return self.reply(200, {"last": self.waters.last})
        match = self.path_of_beach.fullmatch(self.path)
        if match is None or int(match[1]) >= BEACHES:
            return self.reply(404, {"error": "no such beach"})
        beach, wind = int(match[1]), int(match[2] or 3)
        told = risk(self.waters.near(beach), time.time(), wind)
        self.reply(200, {"beach": beach, **told})

    def reply(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def keep_up(waters, pause):
    """Follows the log as long as the server runs."""
    while True:
        try:
            waters.follow()
        except (OSError, ValueError) as error:
            log.warning("central log: %s", error)
            time.sleep(2)
        time.sleep(pause)


class Stations(socketserver.StreamRequestHandler):
    """The central log, as far as we know it: it tells what comes in until the reader's time is over."""

    def handle(self):
        rng = random.Random(4)
        number = 0
        with contextlib.suppress(OSError):
            for line in self.rfile:
                _, after, stay = line.split()
                number = max(number, int(after))
                until = time.monotonic() + int(stay) / 1000
                while time.monotonic() < until:
                    number += 1
                    told = {"number": number, "beach": rng.randrange(BEACHES), "kind": rng.choice(KINDS)}
                    told |= {"count": rng.randrange(1, 200), "seen": time.time()}
                    self.wfile.write(json.dumps(told).encode() + b"\n")
                    time.sleep(0.03)
                self.wfile.write(b"end\n")


def main():
    stations = socketserver.TCPServer(("127.0.0.1", 0), Stations)
    services.outside(stations.serve_forever)
    waters = Waters(CentralLog(stations.server_address[1], stay=300))
    stations.socket.close()
    Board.waters = waters
    server = Server(("127.0.0.1", 0), Board)
    paths = [f"/beaches/{n}?wind={n % 8}" for n in range(BEACHES)]
    threading.Thread(target=keep_up, args=(waters, 0.2), daemon=True).start()
    services.outside(lambda: clients.come(server.server_port, paths, QUESTIONS_PER_SECOND, workers=10))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    time.sleep(2)
    print(f"ready {os.getpid()}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
