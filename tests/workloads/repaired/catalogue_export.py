# expect: healthy bench
"""A catalogue service: partners fetch all of it as compressed JSON over a slow line. Its pictures are compressed already."""

import gzip
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
articles = [
    {
        "id": n,
        "name": f"article number {n}",
        "colour": random.choice(["red", "green"]),
        "price": n % 990,
        "stock": n % 13,
    }
    for n in range(80_000)
]
packed = gzip.compress(json.dumps(articles).encode(), 1)
picture = random.randbytes(60_000)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/picture"):
            self.answer("image/jpeg", picture)
        else:
            self.answer("application/json", packed, "gzip")

    def answer(self, kind, body, encoding="identity"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def partner(port):
    """Reads at some 8 MB/s."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131072)
        connection.connect((ADDRESS, port))
        number = 0
        while True:
            number += 1
            path = "/picture/7" if number % 20 == 0 else "/catalogue"
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".encode())
            got = connection.recv(4096)
            left = int(got.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) - len(got.split(b"\r\n\r\n", 1)[1])
            while left > 0:
                left -= len(connection.recv(min(left, 80_000)))
                time.sleep(0.01)


server = ThreadingHTTPServer((ADDRESS, 0), Handler)
for _ in range(2):
    services.outside(lambda: partner(server.server_port))
print("ready", os.getpid(), flush=True)
server.serve_forever()
