# expect: healthy bench
"""Sends readings to a collector that accepts connections and does not answer: after a time-out they are
written to a file for a while."""

import os
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services

silent = socket.create_server(("127.0.0.1", 0), backlog=512)
PORT = silent.getsockname()[1]
services.outside(lambda: threading.Event().wait())  # holds the listener, and never accepts
silent.close()
spool = open("spool.txt", "w")


def send(reading):
    with socket.create_connection(("127.0.0.1", PORT), timeout=0.3) as connection:
        connection.sendall(f"reading {reading}\n".encode())
        return connection.recv(100)


not_before = 0.0


def record(reading):
    global not_before
    if time.monotonic() >= not_before:
        try:
            return send(reading)
        except TimeoutError:
            not_before = time.monotonic() + 10
    return spool.write(f"{reading}\n")


def smooth(reading):
    return sum(reading * weight for weight in range(500)) / 500


def work():
    reading = 0
    while True:
        reading += 1
        record(smooth(reading))
        time.sleep(0.01)


for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
print("ready", os.getpid(), flush=True)
threading.Event().wait()
