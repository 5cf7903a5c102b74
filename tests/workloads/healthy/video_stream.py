# expect: healthy bench
"""Serves videos, which are compressed by their nature, to viewers on slow lines."""

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
video = random.Random(7).randbytes(8_000_000)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(video)))
        self.end_headers()
        for at in range(0, len(video), 1 << 18):
            self.wfile.write(video[at : at + (1 << 18)])

    def log_message(self, *_):
        pass


def viewer(port):
    while True:
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131072)
            connection.connect((ADDRESS, port))
            connection.sendall(b"GET /video HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            while connection.recv(60_000):
                time.sleep(0.02)


server = ThreadingHTTPServer((ADDRESS, 0), Handler)
for _ in range(3):
    services.outside(lambda: viewer(server.server_port))
print("ready", os.getpid(), flush=True)
server.serve_forever()
