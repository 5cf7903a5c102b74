"""A server whose requests cost what is asked for: paced.py KIND FACTOR SEED. The load comes from its parent.

KIND is steady, bursty (requests come in bursts), wandering (what one costs drifts over seconds), skewed (some cost
many times the median), tides (the load changes every few seconds) or batch (no requests: work of its own, part of it a
search through a list). FACTOR multiplies the work in each request; of a batch, that of the search.
SEED makes two runs differ as two restarts do. Nothing is calibrated: two runs of one program must do the same work.
"""

import math
import os
import random
import select
import socket
import sys
import time

KIND, FACTOR, SEED = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
STEPS = 9_000
"""of one request, some 0.5 ms"""
PER_SECOND = 250
SIZE = 64
chance = random.Random(SEED)


def compute(steps: int) -> int:
    x = 1
    for _ in range(steps):
        x = x * 31 & 0xFFFFFF
    return x


def costs():
    """What each request costs, in steps, one after the other."""
    drift = 0.0
    while True:
        if KIND == "wandering":
            # (a correlation time of 200 requests: about a second)
            drift = 0.995 * drift + 0.1 * 0.3 * chance.gauss(0, 1)
            yield STEPS * math.exp(drift)
        elif KIND == "skewed":
            yield STEPS * chance.lognormvariate(-0.5, 1.0)
        else:
            yield STEPS


def serve(connection) -> None:
    cost = costs()
    while request := connection.recv(SIZE):
        compute(int(FACTOR * next(cost)))
        connection.sendall(request)


def pauses():
    """Seconds between requests."""
    if KIND == "bursty":
        while True:
            for _ in range(chance.randrange(20, 120)):
                yield 0.001
            yield chance.uniform(0.1, 0.5)
    elif KIND == "tides":
        while True:
            rate = chance.uniform(80, 500)
            for _ in range(int(rate * chance.uniform(1, 3))):
                yield 1 / rate
    else:
        while True:
            yield chance.expovariate(PER_SECOND)


def ask(connection) -> None:
    """Requests at their times, whether the server keeps up or not; not more than 300 of them unanswered."""
    due, answered = time.monotonic(), 0
    for asked, pause in enumerate(pauses()):
        due += pause
        while (left := due - time.monotonic()) > 0 or asked - answered // SIZE > 300:
            if select.select([connection], [], [], max(0, left))[0]:
                answered += len(connection.recv(1 << 16))
        due = max(due, time.monotonic() - 1)
        connection.sendall(bytes(SIZE))


known = list(range(4_000))


def search(wanted: int) -> int:
    return known.index(wanted)


def batch() -> None:
    while True:
        compute(20 * STEPS)
        for _ in range(int(100 * FACTOR)):
            search(known[-1 - chance.randrange(100)])
        time.sleep(0.02)


if KIND == "batch":
    print("ready", os.getpid(), flush=True)
    batch()
listener = socket.create_server(("127.0.0.1", 0))
server = os.fork()
if server == 0:
    serve(listener.accept()[0])
    os._exit(0)
connection = socket.create_connection(listener.getsockname())
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print("ready", server, flush=True)
ask(connection)
