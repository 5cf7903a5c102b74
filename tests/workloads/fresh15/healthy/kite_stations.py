# expect: healthy bench
"""Walks the kite stations along a coast: forty small stations, each with a server of its own, are asked for the wind
aloft once in twenty seconds each. A station's link sleeps between two visits, so a connection is opened for each
visit and closed after it: two a second in all, each to another station. Visits do not wait for each other; the
coast's picture is put together once a second from what is there.

Measured: 10 visits in 5 s, 8.5 ms each; about 1 % of a core.
"""

import heapq
import http.client
import json
import os
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

STATIONS = 40
ROUND_SECONDS = 20.0
VISITORS = 4


class Station(BaseHTTPRequestHandler):
    """The server in a station's hut: one answer, then its link sleeps."""

    def do_GET(self):
        time.sleep(0.004)
        number = self.server.server_port % 97
        now = time.time()
        told = {"knots": 12 + number % 9 + now % 5, "metres": 150 + number, "line": 40 + number % 7}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def stations():
    """Starts them in a process of their own; their ports."""
    servers = [HTTPServer(("127.0.0.1", 0), Station) for _ in range(STATIONS)]

    def serve():
        for server in servers:
            threading.Thread(target=server.serve_forever, args=(5.0,), daemon=True).start()
        threading.Event().wait()

    services.outside(serve)
    ports = [server.server_port for server in servers]
    for server in servers:
        server.server_close()  # (here; there they stay open)
    return ports


class Wind:
    __slots__ = ("station", "knots", "metres", "moment")

    def __init__(self, station, told):
        self.station = station
        self.knots = told["knots"]
        self.metres = told["metres"]
        self.moment = time.monotonic()


class Coast:
    """The latest wind of each station."""

    def __init__(self):
        self.lock = threading.Lock()
        self.winds = {}
        self.visits = 0
        self.failed = 0
        self.seconds = 0.0

    def put(self, wind, seconds):
        with self.lock:
            self.winds[wind.station] = wind
            self.visits += 1
            self.seconds += seconds

    def missed(self):
        with self.lock:
            self.failed += 1

    def picture(self):
        with self.lock:
            winds = list(self.winds.values())
        if not winds:
            return {"stations": 0}
        knots = [wind.knots for wind in winds]
        strongest = heapq.nlargest(3, winds, key=lambda wind: wind.knots)
        return {
            "stations": len(winds),
            "knots": round(statistics.fmean(knots), 1),
            "strongest": [wind.station for wind in strongest],
        }

    def told(self):
        with self.lock:
            each = 1000 * self.seconds / max(1, self.visits)
            return f"{self.visits} visits, {each:.1f} ms each, {self.failed} failed"


def visit(coast, station, port):
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/wind", headers={"Connection": "close"})
        answer = connection.getresponse()
        told = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError):
        coast.missed()
    else:
        coast.put(Wind(station, told), time.perf_counter() - began)
    finally:
        connection.close()


class Rounds(threading.Thread):
    """Sends a visitor to the station whose turn it is."""

    def __init__(self, coast, ports):
        super().__init__(daemon=True)
        self.coast = coast
        self.ports = ports
        self.visitors = ThreadPoolExecutor(VISITORS)

    def run(self):
        due = time.monotonic()
        turn = 0
        while True:
            station = turn % len(self.ports)
            self.visitors.submit(visit, self.coast, station, self.ports[station])
            turn += 1
            due += ROUND_SECONDS / len(self.ports)
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    ports = stations()
    coast = Coast()
    Rounds(coast, ports).start()
    print("ready", os.getpid(), flush=True)
    picture = {}
    for second in range(sys.maxsize):
        time.sleep(1)
        picture = coast.picture()
        if second % 5 == 4 and os.environ.get("FIGURES"):
            print(coast.told(), picture, file=sys.stderr)


if __name__ == "__main__":
    main()
