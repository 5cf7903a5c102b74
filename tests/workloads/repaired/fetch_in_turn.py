# expect: healthy
"""Puts together what a traveller needs to know: weather, trains and hotels of each town, asked all at once."""

import http.client
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services


def service(delay):
    def answer(path):
        time.sleep(delay)
        return json.dumps({"path": path, "number": len(path)}).encode()

    return http.client.HTTPConnection("127.0.0.1", services.http_service(answer))


WEATHER, TRAINS, HOTELS = service(0.012), service(0.025), service(0.018)


pool = ThreadPoolExecutor(3)


def ask(connection, path):
    connection.request("GET", path)
    return json.loads(connection.getresponse().read())["number"]


def town(name):
    paths = (f"/weather/{name}", f"/trains/{name}", f"/hotels/{name}")
    weather, trains, hotels = pool.map(ask, (WEATHER, TRAINS, HOTELS), paths)
    return f"{name}: {weather} {trains} {hotels}" + ", ".join(str(n * n % 97) for n in range(2000))


print("ready", os.getpid(), flush=True)
while True:
    for name in ("Ulm", "Bonn", "Kiel", "Trier"):
        town(name)
