# expect: pattern=gil-contention bench
"""Proves peals for bell ringers: compositions of change ringing are rung through row by row, and are true if no row comes
twice. Provers take compositions from a queue, while the conductors' screens ask over a line protocol how far they are.

Measured: a screen waits 7.5 ms for its answer (median; 25 ms in one of ten) and 60 proofs a second get done; of the twin,
whose provers are processes, 0.15 ms (0.4 ms) and 134 proofs a second; a proof takes about 12 ms of CPU time in both."""

import collections
import itertools
import os
import random
import socketserver
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

METHODS = {
    "plain bob": ("x16x16x16x12", "12", "14"),
    "kent": ("34x34.16x12x16x12x16x12", "12", "14"),
    "cambridge": ("x36x14x12x36x14x56x12", "12", "14"),
    "london": ("36x36.14x12x36.14x14.36x12", "12", "14"),
}
BELLS = 6
PROVERS = 2


def changes(notation):
    """Place notation as a list of permutations of the bells' places."""
    steps = []
    for part in notation.replace("x", ".x.").split("."):
        if not part:
            continue
        fixed = set() if part == "x" else {int(place) - 1 for place in part}
        order, place = list(range(BELLS)), 0
        while place < BELLS - 1:
            if place in fixed or place + 1 in fixed:
                place += 1
                continue
            order[place], order[place + 1] = place + 1, place
            place += 2
        steps.append(tuple(order))
    return steps


class Composition:
    def __init__(self, number, method, calls):
        self.number = number
        self.method = method
        self.calls = calls


def prove(number, method, calls):
    """Rings the composition through: how many rows it has, how many of them are repeated, and how musical it is."""
    plain, lead_end, bob = METHODS[method]
    body = changes(plain)
    ends = {"p": changes(lead_end), "b": changes(bob)}
    row = tuple(range(1, BELLS + 1))
    rung = collections.Counter()
    for call in calls:
        for change in itertools.chain(body, ends[call]):
            row = tuple([row[place] for place in change])  # <- cost
            rung[row] += 1  # <- cost
    music = sum(times for row, times in rung.items() if row[-2:] == (5, 6) or row[-3:-1] == (4, 5))
    repeated = sum(times - 1 for times in rung.values())
    return number, len(calls) * (len(body) + 1), repeated, music


class Register:
    """The results so far, for the screens."""

    def __init__(self):
        self.lock = threading.Lock()
        self.by_method = collections.Counter()
        self.best = {}
        self.proved = 0

    def enter(self, method, result):
        number, rows, repeated, music = result
        with self.lock:
            self.proved += 1
            self.by_method[method] += 1
            if music / rows > self.best.get(method, (0, 0))[0]:
                self.best[method] = (music / rows, number)

    def line(self, method):
        with self.lock:
            share, number = self.best.get(method, (0, 0))
            return (
                f"{method}: {self.by_method[method]} proved, best {number} with {share:.3f}; {self.proved} in all\n\n"
            )


class Screens(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, register):
        self.register = register
        super().__init__(("127.0.0.1", 0), Screen)


class Screen(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        for asked in self.rfile:
            method = asked.decode("ascii", "replace").strip()
            if method not in METHODS:
                self.wfile.write(b"unknown method\n\n")
                continue
            self.wfile.write(self.server.register.line(method).encode())


class Provers:
    def __init__(self, register):
        self.register = register
        self.room = threading.BoundedSemaphore(PROVERS * 3)
        self.pool = self.workers()

    def workers(self):
        return ThreadPoolExecutor(PROVERS, thread_name_prefix="prover")

    def submit(self, composition):
        self.room.acquire()
        future = self.pool.submit(prove, composition.number, composition.method, composition.calls)
        future.add_done_callback(lambda done: self.finished(composition, done))

    def finished(self, composition, done):
        self.room.release()
        if done.exception() is None:
            self.register.enter(composition.method, done.result())
        else:
            print(f"composition {composition.number}: {done.exception()!r}", file=sys.stderr)


def compositions():
    chance = random.Random(8)
    for number in itertools.count(1):
        method = chance.choice(list(METHODS))
        yield Composition(number, method, "".join(chance.choices("pb", (3, 1), k=1500)))


def main():
    register = Register()
    provers = Provers(register)
    screens = Screens(register)
    port = screens.server_address[1]
    services.outside(lambda: clients.ask_lines(port, list(METHODS), 4, pause=0.02))
    threading.Thread(target=screens.serve_forever, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    for composition in compositions():
        provers.submit(composition)


if __name__ == "__main__":
    main()
