# expect: pattern=connection-per-request bench
"""The dispatch of a pilots' brotherhood: with every report of a ship at the roads, the harbour master's system is asked
for the berth and the clearance, and the order of boarding is worked out anew.

Measured: a report takes 16 ms, nearly all of it the log-in; 1.5 ms in the twin.
"""

import hashlib
import heapq
import hmac
import os
import random
import secrets
import socket
import socketserver
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

STATION = "pilot-station-west"
SECRET = b"red over white"
PILOTS = ("Brandt", "Claassen", "Duhme", "Eggers", "Fock", "Gerdes", "Harms")
CLASSES = {1: 90, 2: 140, 3: 400}  # a pilot's class and the longest ship


class HarbourMaster(socketserver.StreamRequestHandler):
    """The other side: a line for each question, after a log-in that is made hard to guess."""

    def handle(self):
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        challenge = secrets.token_hex(16)
        self.wfile.write(f"HARBOUR {challenge}\n".encode())
        _, _, proof = self.rfile.readline().decode().strip().split(" ")
        stored = hashlib.pbkdf2_hmac("sha256", SECRET, b"salt of the harbour", 20_000)
        expected = hmac.new(SECRET, challenge.encode(), "sha256").hexdigest()
        if not stored or not hmac.compare_digest(proof, expected):
            self.wfile.write(b"NO\n")
            return
        self.wfile.write(b"WELCOME\n")
        for line in self.rfile:
            ship = line.decode().split()[1]
            number = sum(ship.encode())
            clear = "cleared" if number % 5 else "waits"
            self.wfile.write(f"{ship} berth {number % 31} {clear} {number % 90 / 10 + 5:.1f}\n".encode())


def harbour_master():
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_):
            pass

    server = Server(("127.0.0.1", 0), HarbourMaster)
    services.outside(server.serve_forever)
    return server.server_address[1]


@dataclass
class Clearance:
    berth: int
    cleared: bool
    depth: float


class Session:
    """A log-in at the harbour master's."""

    def __init__(self, port):
        self._line = socket.create_connection(("127.0.0.1", port), timeout=5)  # <- cost
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._line.makefile("rb")
        challenge = self._answers.readline().split()[1]  # <- cost
        proof = hmac.new(SECRET, challenge, "sha256").hexdigest()
        self._line.sendall(f"LOGIN {STATION} {proof}\n".encode())
        if self._answers.readline() != b"WELCOME\n":  # <- cost
            raise PermissionError("the harbour master does not know us")

    def clearance(self, ship):
        self._line.sendall(f"SHIP {ship}\n".encode())
        _, _, berth, word, depth = self._answers.readline().decode().split()
        return Clearance(int(berth), word == "cleared", float(depth))

    def close(self):
        self._answers.close()
        self._line.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class HarbourDesk:
    def __init__(self, port):
        self._port = port

    def clearance(self, ship):
        with Session(self._port) as session:  # <- cost
            return session.clearance(ship)


@dataclass
class Report:
    ship: str
    length: int
    draught: float
    miles: float
    knots: float

    @property
    def arrival(self):
        return self.miles / max(self.knots, 0.5)


class Roster:
    """Who boards next, and which pilot may."""

    def __init__(self, desk):
        self._desk = desk
        self._ships = {}
        self.orders = deque(maxlen=60)

    def report(self, report, hour):
        clearance = self._desk.clearance(report.ship)  # <- cost
        self._ships[report.ship] = (report, clearance)
        for position, (seen, clear) in enumerate(self._next(hour)):
            pilot = self._pilot(seen, position)
            self.orders.append(f"{hour:5.2f} {seen.ship} to berth {clear.berth} with {pilot}")

    def _next(self, hour):
        tide = 1.8 if hour % 12.4 < 6.2 else 0.2
        ready = [
            (report, clear)
            for report, clear in self._ships.values()
            if clear.cleared and report.draught + 0.6 < clear.depth + tide
        ]
        return heapq.nsmallest(4, ready, key=lambda pair: pair[0].arrival)

    @staticmethod
    def _pilot(report, position):
        least = next(each for each, longest in CLASSES.items() if report.length <= longest)
        return PILOTS[(position * 3 + least) % len(PILOTS)]


def roads(chance):
    """Ships that lie at the roads or come up to them; each reports every now and then."""
    fleet = [
        Report(f"MV{number:03}", chance.randrange(60, 390), chance.uniform(4, 13), chance.uniform(2, 40), 9.0)
        for number in range(70)
    ]
    while True:
        report = chance.choice(fleet)
        report.miles = max(0.5, report.miles - 0.2) if report.miles > 0.5 else chance.uniform(20, 40)
        report.knots = min(16.0, max(3.0, report.knots + chance.uniform(-1, 1)))
        yield report


def main():
    folder = Path(tempfile.mkdtemp(prefix="pilots-"))
    roster = Roster(HarbourDesk(harbour_master()))
    took = deque(maxlen=200)
    due = time.monotonic()
    for number, report in enumerate(roads(random.Random(21))):
        began = time.monotonic()
        roster.report(report, number / 240)  # <- cost
        took.append(time.monotonic() - began)
        if number == 80:
            print("ready", os.getpid(), flush=True)
        if number % 160 == 159:
            mean = 1000 * sum(took) / len(took)
            (folder / "board.txt").write_text("\n".join([*roster.orders, f"{mean:.2f} ms a report"]))
        due = max(due + 0.025, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
