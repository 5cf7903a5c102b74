# expect: healthy bench
"""Waits for orders by long polls, on one connection, and works on each: it has nothing to do until one comes."""

import http.client
import json
import os
import random
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services


def orders(_path):
    time.sleep(random.uniform(0.1, 0.8))
    return json.dumps([random.randrange(1000) for _ in range(5)]).encode()


PORT = services.http_service(orders)


def next_orders(connection, since):
    connection.request("GET", f"/orders/poll?since={since}")
    return json.loads(connection.getresponse().read())


def book(order):
    return sum(n * order % 97 for n in range(20_000))


connection = http.client.HTTPConnection("127.0.0.1", PORT)
print("ready", os.getpid(), flush=True)
since = 0
while True:
    for order in next_orders(connection, since):
        since += 1
        book(order)
