# expect: healthy bench
"""Fetches timetables over a slow line, compressed; and tiles of a map, which are compressed by their nature."""

import gzip
import http.client
import json
import os
import random
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services

ADDRESS = services.outer_address()
random.seed(7)
trips = [
    {"line": f"S{n % 9}", "stop": f"stop {n % 211}", "minute": n, "platform": n % 4, "late": False} for n in range(9000)
]
timetable = json.dumps(trips).encode()
tile = random.randbytes(20_000)
packed = {body: gzip.compress(body, 1) for body in (timetable, tile)}


class Line(BaseHTTPRequestHandler):
    """Some 2 MB/s."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = tile if self.path.startswith("/tile") else timetable
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = packed[body]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for at in range(0, len(body), 20_000):
            self.wfile.write(body[at : at + 20_000])
            time.sleep(0.01)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer((ADDRESS, 0), Line)
services.outside(server.serve_forever)
server.server_close()


def fetch(connection, path):
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    return gzip.decompress(connection.getresponse().read())


def departures(connection, stop):
    return fetch(connection, "/timetable").count(f'"{stop}"'.encode())


def main():
    connection = http.client.HTTPConnection(ADDRESS, server.server_port)
    print("ready", os.getpid(), flush=True)
    for number in range(10**9):
        departures(connection, f"stop {number % 211}")
        fetch(connection, f"/tile/{number}")


main()
