# expect: pattern=failing-dependency bench
"""Sends readings to a collector that accepts connections and does not answer: each is tried again after its time-out."""

import os
import socket
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services

silent = socket.create_server(("127.0.0.1", 0), backlog=512)
PORT = silent.getsockname()[1]
services.outside(lambda: threading.Event().wait())  # holds the listener, and never accepts
silent.close()


def send(reading):
    with socket.create_connection(("127.0.0.1", PORT), timeout=0.3) as connection:
        connection.sendall(f"reading {reading}\n".encode())
        return connection.recv(100)  # <- cost


def record(reading):
    for _ in range(5):
        try:
            return send(reading)  # <- cost
        except TimeoutError:
            continue
    return None


def smooth(reading):
    return sum(reading * weight for weight in range(500)) / 500


def work():
    reading = 0
    while True:
        reading += 1
        record(smooth(reading))


for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
print("ready", os.getpid(), flush=True)
threading.Event().wait()
