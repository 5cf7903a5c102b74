# expect: healthy bench
"""Books payments with a service that is down: after a failure it is left alone for a while, and payments are queued."""

import collections
import http.client
import os
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services

DOWN = services.free_port()
RATES = services.http_service(lambda path: b'{"rate": 1.1}')
not_before = 0.0
later = collections.deque(maxlen=10_000)


def charge(order):
    connection = http.client.HTTPConnection("127.0.0.1", DOWN, timeout=1)
    connection.request("POST", "/charge", body=f"order={order}")
    return connection.getresponse().status


def rate(connection):
    connection.request("GET", "/rate")
    return connection.getresponse().read()


def book(order, rates):
    global not_before
    rate(rates)
    if time.monotonic() < not_before:
        later.append(order)
        return None
    try:
        return charge(order)
    except OSError:
        not_before = time.monotonic() + 5
        later.append(order)
        return None


def work():
    rates = http.client.HTTPConnection("127.0.0.1", RATES)
    order = 0
    while True:
        order += 1
        book(order, rates)
        time.sleep(0.01)


for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
print("ready", os.getpid(), flush=True)
threading.Event().wait()
