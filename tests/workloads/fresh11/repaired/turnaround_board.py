# expect: healthy bench
"""The board of the ramp agents at an airport: for an aircraft on its stand it shows how far each service of the
turnaround is, as the service's own dispatch tells it, and when the aircraft will be ready to leave.
Measured: a page takes 60 ms at a demand of 7 a second; 760 ms in the problem (on a busy machine).
"""

import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

#: The services of a turnaround: after which others each can begin, and its minutes.
STEPS = {
    "chocks": ((), 1),
    "ground-power": (("chocks",), 2),
    "steps": (("chocks",), 3),
    "disembark": (("steps",), 9),
    "unload": (("chocks",), 14),
    "cleaning": (("disembark",), 12),
    "catering": (("disembark",), 15),
    "fuel": (("disembark",), 13),
    "water": (("chocks",), 6),
    "load": (("unload",), 16),
    "boarding": (("cleaning", "catering", "fuel"), 18),
    "pushback": (("boarding", "load", "water"), 4),
}
FLIGHTS = [f"{line}{number}" for line in ("KX", "VT", "BD") for number in range(201, 213)]


@dataclass(frozen=True)
class Progress:
    step: str
    done: int  # per cent
    late: int  # minutes


class Dispatch:
    """Asks the dispatch of the services, on one kept line for each of the threads."""

    def __init__(self, port):
        self._port = port
        self._lines = threading.local()
        self._askers = ThreadPoolExecutor(max_workers=3 * len(STEPS), thread_name_prefix="dispatch")

    def _line(self):
        if not hasattr(self._lines, "kept"):
            self._lines.kept = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        return self._lines.kept

    def _ask(self, flight, step):
        line = self._line()
        try:
            line.request("GET", f"/{step}/{flight}")
            told = json.loads(line.getresponse().read())
        except (OSError, http.client.HTTPException):
            line.close()
            return Progress(step, 0, 0)
        return Progress(step, told["done"], told["late"])

    def progress(self, flight):
        """How far all services of a flight are."""
        asked = [self._askers.submit(self._ask, flight, step) for step in STEPS]
        return {progress.step: progress for progress in (each.result() for each in asked)}


def minutes_left(progress):
    """When each step will be finished, in minutes from now: the latest that it stands behind, and its own rest."""
    finished = {}
    for step, (before, minutes) in STEPS.items():
        begin = max((finished[other] for other in before), default=0.0)
        now = progress[step]
        finished[step] = begin if now.done == 100 else begin + minutes * (100 - now.done) / 100 + now.late
    return finished


class Board:
    def __init__(self, dispatch):
        self._dispatch = dispatch
        self._lock = threading.Lock()
        self.pages = 0
        self.spent = 0.0

    def page(self, flight):
        began = time.monotonic()
        progress = self._dispatch.progress(flight)
        finished = minutes_left(progress)
        rows = [{"step": step, "done": progress[step].done, "in": round(finished[step])} for step in STEPS]
        with self._lock:
            self.pages += 1
            self.spent += time.monotonic() - began
        return {"flight": flight, "off-block": round(finished["pushback"]), "steps": rows}


def handler(board):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self):
            flight = self.path.rpartition("/")[2]
            known = flight in FLIGHTS
            body = json.dumps(board.page(flight) if known else {"error": "no such flight"}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def dispatch_service():
    """The dispatch of the services, a program of another firm: it serves as many at once as like to ask."""

    def answer(path):
        time.sleep(0.02)
        chance = random.Random(path)
        return json.dumps({"done": min(100, chance.randrange(150)), "late": chance.randrange(4)}).encode()

    return services.http_service(answer)


def main():
    board = Board(Dispatch(dispatch_service()))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(board))
    server.daemon_threads = True
    paths = [f"/turnaround/{flight}" for flight in FLIGHTS]
    services.outside(lambda: clients.come(server.server_port, paths, 7, workers=5))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state = Path(tempfile.mkdtemp(prefix="board-")) / "state.txt"
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(3)
        state.write_text(f"{board.pages} pages, {board.spent / max(1, board.pages) * 1000:.1f} ms each\n")


if __name__ == "__main__":
    main()
