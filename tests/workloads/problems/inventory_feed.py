# expect: pattern=uncompressed-transfer bench
"""Pushes the inventory as lines of text to a warehouse behind a slow line; pictures go with it now and then."""

import os
import random
import socket
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services

ADDRESS = services.outer_address()
picture = random.Random(7).randbytes(200_000)
listener = socket.create_server((ADDRESS, 0))


def warehouse():
    """Takes some 5 MB/s and acknowledges each feed."""
    connection, _ = listener.accept()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131072)
    while size := connection.recv(4, socket.MSG_WAITALL):
        left = int.from_bytes(size, "big")
        while left > 0:
            left -= len(connection.recv(min(left, 50_000)))
            time.sleep(0.01)
        connection.sendall(b"ok")


services.outside(warehouse)
listener_port = listener.getsockname()[1]
listener.close()


def push(connection, feed):
    connection.sendall(len(feed).to_bytes(4, "big"))
    for at in range(0, len(feed), 1 << 20):
        connection.sendall(feed[at : at + (1 << 20)])  # <- cost
    return connection.recv(2)


def inventory(day):
    lines = "".join(f"{day};article {n};shelf {n % 97};{n * 7 % 1000} pieces\n" for n in range(1000))
    return (lines * 120).encode()


def main():
    with socket.create_connection((ADDRESS, listener_port)) as connection:
        print("ready", os.getpid(), flush=True)
        day = 0
        while True:
            day += 1
            push(connection, picture if day % 5 == 0 else inventory(day))


main()
