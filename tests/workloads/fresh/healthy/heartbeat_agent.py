# expect: healthy bench
"""An agent of a cluster: waits for orders on its socket, and says twice a second that it is alive."""

import json
import logging
import os
import selectors
import signal
import socket
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

BEAT = 0.5
logging.basicConfig(filename="agent.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def manager(connection):
    """Sends an order now and then, and reads what comes."""
    number = 0
    connection.settimeout(1)
    while True:
        number += 1
        connection.send(json.dumps({"order": "count", "number": number}).encode())
        began = time.monotonic()
        while time.monotonic() - began < 3:
            try:
                if not connection.recv(4096):
                    return
            except TimeoutError:
                pass


class Agent:
    def __init__(self, connection):
        self._connection = connection
        self._orders = 0
        self._next_beat = time.monotonic()
        self.stopped = False

    def stop(self, *_):
        self.stopped = True

    def obey(self):
        order = json.loads(self._connection.recv(4096))
        self._orders += 1
        result = sum(number * number for number in range(2000))
        self._connection.send(json.dumps({"done": order["number"], "result": result}).encode())
        logging.info("%d orders done", self._orders)

    def beat(self):
        self._next_beat += BEAT
        self._connection.send(
            json.dumps({"alive": os.getpid(), "orders": self._orders, "load": os.getloadavg()}).encode()
        )

    def run(self):
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._connection, selectors.EVENT_READ)
            while not self.stopped:
                for _ in waiting.select(max(0, self._next_beat - time.monotonic())):
                    self.obey()
                if time.monotonic() >= self._next_beat:
                    self.beat()


def main():
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    services.outside(lambda: manager(there))
    there.close()
    agent = Agent(here)
    signal.signal(signal.SIGTERM, agent.stop)
    print("ready", os.getpid(), flush=True)
    agent.run()


main()
