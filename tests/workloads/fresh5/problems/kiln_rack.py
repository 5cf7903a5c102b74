# expect: pattern=chatty-protocol bench
"""Watches a rack of laboratory kilns behind a gateway which speaks lines of text: scans all channels up to 25 times a
second, keeps averages, and raises alarms.

Measured: 50 ms and 960 exchanges for each scan, 5 ms and one in the twin; 20 scans a second, all 25 there.
"""

import logging
import math
import os
import socket
import socketserver
import sys
import time
from pathlib import Path

import prometheus_client
import yaml

sys.path.append(str(Path(__file__).parents[2]))
import services

CONFIGURATION = """
rack: {kilns: 160, items: [actual, target, power, state, door, flow]}
scan: {period: 0.04, smoothing: 0.2}
alarms: {deviation: 14.0, power: 97.5}
"""
logging.basicConfig(filename="rack.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Gateway(socketserver.StreamRequestHandler):
    """The box at the rack: ``READ 3 power`` tells a value, ``READ 0-159 actual,power`` those of many, in order."""

    def value(self, kiln, item):
        now = time.time()
        target = 400 + 10 * kiln + 20 * math.floor(now / 30) % 200
        told = {"target": target, "actual": target + 15 * math.sin(now + kiln), "power": 50 + 48 * math.sin(now / 7)}
        return f"{told[item]:.2f}" if item in told else str(int(now / 9 + kiln) % 3)

    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for line in self.rfile:
            _, kilns, items = line.decode().split()
            first, _, last = kilns.partition("-")
            wanted = items.split(",")
            numbers = range(int(first), int(last or first) + 1)
            values = [self.value(kiln, item) for kiln in numbers for item in wanted]
            self.wfile.write(" ".join(values).encode() + b"\n")


class Rack:
    """Our side of the line to the gateway."""

    def __init__(self, port, kilns, items):
        self._line = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._line.makefile("rb")
        self.kilns, self.items = kilns, items

    def read(self, kilns, items):
        self._line.sendall(f"READ {kilns} {items}\n".encode())  # <- cost
        answer = self._answers.readline()  # <- cost
        if not answer:
            raise ConnectionError("the gateway hung up")
        return [float(value) for value in answer.split()]

    def scan(self):
        """All that the rack tells, by kiln."""
        for kiln in range(self.kilns):
            yield kiln, {item: self.read(kiln, item)[0] for item in self.items}  # <- cost


class Kiln:
    def __init__(self, smoothing):
        self._smoothing = smoothing
        self.deviation, self.hottest, self.alarm = 0.0, 0.0, None

    def take(self, told, limits):
        self.deviation += self._smoothing * (told["actual"] - told["target"] - self.deviation)
        self.hottest = max(self.hottest, told["actual"])
        before = self.alarm
        too_far, too_much = abs(self.deviation) > limits["deviation"], told["power"] > limits["power"]
        self.alarm = "deviation" if too_far else "power" if too_much else None
        return self.alarm is not None and before is None


def main():
    settings = yaml.safe_load(CONFIGURATION)
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Gateway)
    services.outside(server.serve_forever)
    rack = Rack(server.server_address[1], **settings["rack"])
    kilns = [Kiln(settings["scan"]["smoothing"]) for _ in range(rack.kilns)]
    alarms = prometheus_client.Counter("alarms", "Alarms that were raised")
    deviation = prometheus_client.Gauge("deviation", "From the target, in kelvin", ["kiln"])
    shown = [deviation.labels(str(number)) for number in range(rack.kilns)]
    print("ready", os.getpid(), flush=True)
    scans, spent, due = 0, 0.0, time.monotonic()
    told = due
    while True:
        began = time.monotonic()
        for number, values in rack.scan():  # <- cost
            if kilns[number].take(values, settings["alarms"]):
                alarms.inc()
            shown[number].set(kilns[number].deviation)
        scans += 1
        spent += time.monotonic() - began
        if time.monotonic() - told > 1:
            told = time.monotonic()
            Path("metrics.txt").write_bytes(prometheus_client.generate_latest())
            hottest = max(kiln.hottest for kiln in kilns)
            logging.info("%d scans, %.1f ms each, hottest %.1f", scans, 1000 * spent / scans, hottest)
        due = max(due + settings["scan"]["period"], time.monotonic() - 0.1)
        time.sleep(max(0.0, due - time.monotonic()))


main()
