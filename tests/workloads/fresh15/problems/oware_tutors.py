# expect: pattern=gil-contention bench
# A club of oware players: a bell asks, again and again, the tutors for the best move at the tables that are due, each
# searches a few moves ahead, and the hall shows the hints together; its screens ask for the standing meanwhile.
#
# Measured: MEASURED
import http.client
import json
import logging
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).parents[2]))
import services

TABLES = 4
DEPTH = 10
WON = 25


class Position(NamedTuple):
    """Twelve houses from the mover's first on, and what each side has taken."""

    houses: tuple
    mine: int = 0
    theirs: int = 0

    def moves(self):
        return [house for house in range(6) if self.houses[house]]

    def sow(self, house):
        """The position after that move, seen by the other side."""
        houses = list(self.houses)
        seeds, houses[house] = houses[house], 0
        at = house
        while seeds:
            at = at + 1 if at < 11 else 0
            if at != house:
                houses[at] += 1
                seeds -= 1
        taken = 0
        while at > 5 and 2 <= houses[at] <= 3:
            taken += houses[at]
            houses[at] = 0
            at -= 1
        return Position(tuple(houses[6:] + houses[:6]), self.theirs, self.mine + taken)

    def worth(self):
        return 4 * (self.mine - self.theirs) + sum(self.houses[:6]) - sum(self.houses[6:])


class Tutor:
    def __init__(self, depth):
        self.depth = depth

    def hint(self, position):
        best, move = -999, None
        for house in position.moves():
            worth = -self._search(position.sow(house), self.depth - 1, -999, -best)
            if worth > best:
                best, move = worth, house
        return move, best

    def _search(self, position, depth, low, high):
        moves = position.moves()
        if not depth or not moves or position.mine >= WON or position.theirs >= WON:
            return position.worth()
        for following in sorted(map(position.sow, moves), key=Position.worth):
            low = max(low, -self._search(following, depth - 1, -high, -low))
            if low >= high:
                break
        return low


def advise(depth, position):
    began = time.thread_time()
    move, worth = Tutor(depth).hint(position)  # <- cost
    return move, worth, time.thread_time() - began


@dataclass
class Table:
    name: str
    dice: random.Random
    position: Position = field(default=Position((4,) * 12))
    games: int = 0

    def play(self, move):
        """The players follow the hint now and then."""
        moves = self.position.moves()
        if not moves or self.position.mine >= WON or self.position.theirs >= WON:
            self.games += 1
            self.position = Position((4,) * 12)
            return
        follows = move in moves and self.dice.random() < 0.3
        self.position = self.position.sow(move if follows else self.dice.choice(moves))


class Hall:
    """Asks the tutors for all tables, and keeps what the screens show."""

    def __init__(self):
        self.tables = [Table(f"table {at}", random.Random(at)) for at in range(TABLES)]
        self.tutors = ThreadPoolExecutor(max_workers=TABLES, thread_name_prefix="tutor")  # <- cost
        self.standing = b"[]"
        self.rounds, self.waited, self.searched = 0, 0.0, 0.0

    def ring(self):
        began = time.perf_counter()
        asked = [self.tutors.submit(advise, DEPTH, table.position) for table in self.tables]
        shown = []
        for table, answer in zip(self.tables, asked):
            move, worth, spent = answer.result()
            self.searched += spent
            shown.append({"table": table.name, "games": table.games, "hint": move, "worth": worth})
            table.play(move)
        self.standing = json.dumps(shown).encode()
        self.rounds += 1
        self.waited += time.perf_counter() - began

    def open(self, period):
        due = time.monotonic()
        while True:
            self.ring()
            due = max(due + period, time.monotonic())
            time.sleep(due - time.monotonic() if due > time.monotonic() else 0)


class Screens(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    hall = None

    def do_GET(self):
        body = self.hall.standing
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def screen(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while True:
        connection.request("GET", "/standing")
        connection.getresponse().read()
        time.sleep(0.2)


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Screens)
    server.daemon_threads = True
    for _ in range(3):
        services.outside(lambda: screen(server.server_port))
    hall = Screens.hall = Hall()
    hall.tutors.submit(os.getpid).result()  # the tutors are there before the guests
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=hall.open, args=(0.6,), daemon=True).start()
    print(f"ready {os.getpid()}", flush=True)
    while True:
        time.sleep(10)
        rounds = max(1, hall.rounds)
        each = 1000 * hall.waited / rounds, 1000 * hall.searched / rounds
        said = "%d rounds, %.0f ms each, of searching %.0f ms, cpu here %.1f s"
        logging.info(said, hall.rounds, *each, time.process_time())


if __name__ == "__main__":
    main()
