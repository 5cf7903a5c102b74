# expect: healthy bench
"""Fetches a page from each of many hosts, some at a time: a connection each, for there is nothing else to ask."""

import http.client
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services


def answer(path):
    time.sleep(0.02)
    return ("<html>" + "".join(f'<a href="/page/{n}">page {n}</a>' for n in range(100)) + path + "</html>").encode()


PORT = services.http_service(answer, host="0.0.0.0")
LINK = re.compile(rb'href="([^"]+)"')


def fetch(host):
    connection = http.client.HTTPConnection(host, PORT, timeout=5)
    connection.request("GET", "/")
    body = connection.getresponse().read()
    connection.close()
    return len(LINK.findall(body))


def hosts():
    number = 0
    while True:
        number = (number + 1) % 60_000
        yield f"127.{1 + number // 10_000}.{number // 100 % 100}.{number % 100 + 1}"


print("ready", os.getpid(), flush=True)
every = hosts()
with ThreadPoolExecutor(6) as pool:
    while True:
        sum(pool.map(fetch, [next(every) for _ in range(60)]))
