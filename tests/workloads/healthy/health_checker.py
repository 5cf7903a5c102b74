# expect: healthy bench
"""Looks every half second whether ten services are there; two of them are not. It reports how many are."""

import os
import socket
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services

alive = [services.http_service(lambda path: b"ok") for _ in range(8)]
dead = [services.free_port() for _ in range(2)]


def is_there(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(100)
    except OSError:
        return False


print("ready", os.getpid(), flush=True)
while True:
    there = sum(is_there(port) for port in (*alive, *dead))
    assert there == 8
    time.sleep(0.5)
