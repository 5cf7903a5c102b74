# expect: pattern=lock-contention bench
"""The gates of a ski resort's lifts: each gate has a line to this server, reads a pass, and opens if told so. Passes
with points are booked at the ticket office in the valley at each ride; the same pass does not ride twice within the
time that the lift takes.

Measured: a gate is answered after 104 ms, 66 rides a second; 21 ms and 132 in the twin.
"""

import http.client
import json
import os
import socketserver
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

# Seconds in which nobody can ride again.
LIFTS = {"gondola": 0.9, "north": 0.5, "glacier": 0.7, "nursery": 0.1, "saddle": 0.4}
GATES = 10
PASSES = 3000


@dataclass
class Pass:
    number: int
    rides: int = 0
    points: int = 0
    blocked_until: float = 0.0


class TicketOffice:
    """Books points; a connection for each gate."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._own = threading.local()

    def book(self, number: int, lift: str) -> int:
        if not hasattr(self._own, "line"):
            self._own.line = http.client.HTTPConnection("127.0.0.1", self._port)
        self._own.line.request("POST", f"/book/{number}/{lift}")
        with self._own.line.getresponse() as answer:
            return json.load(answer)["points"]


class Register:
    """All passes of the season, and who rode what."""

    def __init__(self, office: TicketOffice) -> None:
        self._office = office
        self._lock = threading.Lock()
        self._passes = {number: Pass(number) for number in range(PASSES)}
        self._rides: Counter[str] = Counter()
        self.spent = 0.0

    def ride(self, number: int, lift: str) -> str:
        """What the gate does with a pass."""
        now = time.monotonic()
        with self._lock:  # <- cost
            found = self._passes.get(number)
            if found is None:
                return "unknown"
            if found.blocked_until > now:
                return "wait"
            found.points = self._office.book(number, lift)  # <- cost
            if found.points <= 0:
                return "empty"
            found.rides += 1
            found.blocked_until = now + LIFTS[lift]
            self._rides[lift] += 1
            self.spent += time.monotonic() - now
        return f"open {found.points}"

    def figures(self) -> dict[str, int]:
        with self._lock:  # <- cost
            return dict(self._rides)

    @property
    def answer_time(self) -> float:
        return self.spent / max(1, sum(self._rides.values()))


class Gate(socketserver.StreamRequestHandler):
    """The line of one gate: "pass lift" in, a word and an empty line out."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        register: Register = self.server.register
        for line in self.rfile:
            number, _, lift = line.decode().strip().partition(" ")
            said = register.ride(int(number), lift) if lift in LIFTS else "no such lift"  # <- cost
            self.wfile.write(f"{said}\n\n".encode())


class GateServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, register: Register) -> None:
        super().__init__(("127.0.0.1", 0), Gate)
        self.register = register


class Board(threading.Thread):
    """Rides by lift, for the screens in the valley."""

    def __init__(self, register: Register, page: Path) -> None:
        super().__init__(name="board", daemon=True)
        self._register = register
        self._page = page

    def run(self) -> None:
        while True:
            time.sleep(2)
            rows = [f"{lift:10} {rides:6}" for lift, rides in sorted(self._register.figures().items())]  # <- cost
            rows.append(f"answer after {1000 * self._register.answer_time:.1f} ms")
            self._page.write_text("\n".join(rows) + "\n")


def booking(path: str) -> bytes:
    time.sleep(0.014)
    return json.dumps({"points": 1 + sum(path.encode()) % 60}).encode()


def scans(gate: int) -> list[str]:
    """What a gate reads: two gates for each lift, and skiers of its own."""
    lift = list(LIFTS)[gate % len(LIFTS)]
    return [f"{number} {lift}" for number in range(gate, PASSES, GATES)]


def main() -> None:
    office = TicketOffice(services.http_service(booking))
    register = Register(office)
    server = GateServer(register)
    port = server.server_address[1]
    services.outside(lambda: clients.crowd(lambda gate: clients.ask_lines(port, scans(gate), 1, 0.05), GATES))
    Board(register, Path(tempfile.mkdtemp(prefix="gates-")) / "board.txt").start()
    print("ready", os.getpid(), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
