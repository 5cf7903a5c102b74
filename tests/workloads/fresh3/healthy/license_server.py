# expect: healthy bench
"""Lends the licences of a drawing program to the desks of an office. Somebody asks now and then; mostly it sleeps."""

import contextlib
import hmac
import json
import logging
import os
import socketserver
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

LICENCES, TERM = 25, 30.0
logging.basicConfig(filename="licences.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Licences:
    """Who has a licence, and until when."""

    def __init__(self, number):
        self._free = set(range(number))
        self._lent = {}
        self._changed = threading.Condition()

    def lend(self, desk):
        with self._changed:
            number, _ = self._lent.get(desk, (None, 0))
            if number is None:
                if not self._free:
                    return None
                number = self._free.pop()
            self._lent[desk] = number, time.monotonic() + TERM
            self._changed.notify()
            return number

    def take_back(self):
        """Waits for the next licence whose term is over, and frees it."""
        with self._changed:
            while True:
                soonest = min(self._lent.items(), key=lambda item: item[1][1], default=None)
                if soonest is None:
                    self._changed.wait()
                    continue
                desk, (number, until) = soonest
                left = until - time.monotonic()
                if left <= 0:
                    del self._lent[desk]
                    self._free.add(number)
                    return desk
                self._changed.wait(left)

    def number_lent(self):
        with self._changed:
            return len(self._lent)


class Desk(socketserver.StreamRequestHandler):
    def handle(self):
        with contextlib.suppress(ConnectionError):
            for line in self.rfile:
                desk = line.decode().strip()
                number = licences.lend(desk)
                proof = hmac.digest(b"key of the office", f"{desk} {number}".encode(), "sha256").hex()
                self.wfile.write(json.dumps({"licence": number, "proof": proof}).encode() + b"\n\n")
                logging.info("%s has licence %s, %d are lent", desk, number, licences.number_lent())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def return_for_ever():
    while True:
        logging.info("the licence of %s is free", licences.take_back())


licences = Licences(LICENCES)
server = Server(("127.0.0.1", 0), Desk)
desks = [f"desk-{number}" for number in range(40)]
services.outside(lambda: clients.ask_lines(server.server_address[1], desks, workers=4, pause=1.3))
threading.Thread(target=return_for_ever, daemon=True).start()
print("ready", os.getpid(), flush=True)
server.serve_forever(poll_interval=5)
