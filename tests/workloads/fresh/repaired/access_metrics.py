# expect: healthy bench
"""Makes metrics of the access log of a web server: a histogram for each route that was asked for."""

import bisect
import logging
import os
import re
import socket
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

LINE = re.compile(r'^(\S+) "(GET|POST) (\S+)" (\d+) (\d+)$')
NUMBER = re.compile(r"\d+")
BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
logging.basicConfig(filename="metrics.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def web_server(connection):
    """Two hundred lines, forty times a second."""
    number = 0
    while True:
        lines = []
        for _ in range(200):
            number += 1
            address = ("/orders/%d", "/customers/%d/basket", "/articles/%d?from=list", "/health")[number % 4]
            address = address % (number * 7919) if "%" in address else address
            status = 500 if number % 97 == 0 else 200
            lines.append(
                f'10.0.{number % 200}.7 "{"POST" if number % 5 == 0 else "GET"} {address}" {status} {number % 3000}\n'
            )
        connection.sendall("".join(lines).encode())
        time.sleep(0.025)


class Histogram:
    """How many answers took up to each bound (milliseconds)."""

    def __init__(self):
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0
        self.slowest = ""

    def observe(self, took, who):
        self.buckets[bisect.bisect_left(BOUNDS, took)] += 1
        if took >= self.sum / max(1, sum(self.buckets)):
            self.slowest = who
        self.sum += took


class Metrics:
    def __init__(self):
        self._series = {}
        self.lines = 0
        self.by_status = {}

    def take(self, line):
        found = LINE.match(line)
        if not found:
            return
        who, method, address, status, took = found.groups()
        key = method, NUMBER.sub(":number", address.partition("?")[0]), status
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Histogram()
        series.observe(int(took), who)
        self.by_status[status] = self.by_status.get(status, 0) + 1
        self.lines += 1


def main():
    here, there = socket.socketpair()
    services.outside(lambda: web_server(there))
    there.close()
    metrics, told = Metrics(), time.monotonic()
    print("ready", os.getpid(), flush=True)
    for line in here.makefile("r", buffering=1 << 16):
        metrics.take(line)
        if metrics.lines % 100 == 0 and time.monotonic() - told > 1:
            told = time.monotonic()
            logging.info("%d lines read, by status %s", metrics.lines, metrics.by_status)


main()
