# expect: pattern=serial-requests
"""Puts together what a traveller needs to know: weather, trains and hotels of each town, one question after the other."""

import http.client
import json
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services


def service(delay):
    def answer(path):
        time.sleep(delay)
        return json.dumps({"path": path, "number": len(path)}).encode()

    return http.client.HTTPConnection("127.0.0.1", services.http_service(answer))


WEATHER, TRAINS, HOTELS = service(0.012), service(0.025), service(0.018)


def ask(connection, path):
    connection.request("GET", path)  # <- cost
    return json.loads(connection.getresponse().read())["number"]  # <- cost


def town(name):
    weather = ask(WEATHER, f"/weather/{name}")  # <- cost
    trains = ask(TRAINS, f"/trains/{name}")  # <- cost
    hotels = ask(HOTELS, f"/hotels/{name}")  # <- cost
    return f"{name}: {weather} {trains} {hotels}" + ", ".join(str(n * n % 97) for n in range(2000))


print("ready", os.getpid(), flush=True)
while True:
    for name in ("Ulm", "Bonn", "Kiel", "Trier"):
        town(name)
