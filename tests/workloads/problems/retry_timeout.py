# expect: pattern=failing-dependency bench
"""Asks a translation service, which is overloaded and mostly says 503, for each message until it answers."""

import http.client
import os
import random
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services


def translate(_path):
    time.sleep(0.01)
    return b"hallo" if random.random() < 0.1 else (503, b"overloaded")


PORT = services.http_service(translate)
connection = http.client.HTTPConnection("127.0.0.1", PORT)


def ask(message):
    connection.request("GET", f"/translate/{message}")  # <- cost
    answer = connection.getresponse()  # <- cost
    body = answer.read()
    return body if answer.status == 200 else None


def translated(message):
    for _ in range(50):
        found = ask(message)  # <- cost
        if found:
            return found
        time.sleep(0.005)  # <- cost
    return message


def show(message):
    return f"<p>{translated(message)}</p>" + "".join(f"<i>{n}</i>" for n in range(200))


print("ready", os.getpid(), flush=True)
number = 0
while True:
    number += 1
    show(number)
