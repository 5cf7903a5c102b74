# expect: pattern=gil-contention bench
# Hall computer of a square dance convention: the callers of three halls ask for getouts (calls that bring a mixed up
# square home) at the end of a tip, all at once, as the halls dance to one clock; the boards in the halls and the lobby
# ask for the running order all the time.
#
# Measured: both use 48 % of a core (twin: nearly all of it in three worker processes); getouts take 155 to 220 ms, in the
# twin 94 to 119 ms (of two shared cores); boards wait 9 to 16 ms, in the twin 0.5 to 0.9 ms.
import heapq
import itertools
import json
import os
import queue
import random
import socket
import socketserver
import sys
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from operator import itemgetter

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

HALLS = ("grange", "ballroom", "barn")
BOARDS = 4
TIP = 0.3  # seconds, of which each stands for a minute
BUDGET = 9000  # formations that are danced on
LIMIT = 128  # beats
HOME = tuple(range(8))


class Call:
    """A call moves the dancers of eight places, and takes some beats."""

    def __init__(self, name: str, beats: int, *places: int):
        self.name = name
        self.beats = beats
        self.dance = itemgetter(*places)


CALLS = (
    Call("right and left thru", 8, 4, 5, 6, 7, 0, 1, 2, 3),
    Call("ladies chain", 8, 0, 5, 2, 7, 4, 1, 6, 3),
    Call("star thru", 4, 1, 0, 3, 2, 5, 4, 7, 6),
    Call("pass thru", 4, 6, 1, 4, 3, 2, 5, 0, 7),
    Call("circulate", 4, 1, 2, 3, 4, 5, 6, 7, 0),
    Call("box the gnat", 4, 0, 2, 1, 3, 4, 6, 5, 7),
    Call("swing thru", 6, 2, 0, 1, 3, 6, 4, 5, 7),
    Call("wheel around", 4, 1, 0, 2, 3, 4, 5, 7, 6),
)
BY_NAME = {call.name: call for call in CALLS}


def rotations() -> frozenset:
    return frozenset(HOME[turn:] + HOME[:turn] for turn in range(0, 8, 2))


RESOLVED = rotations()


# ---- getouts


def sequence(path) -> list[str]:
    names = []
    while path:
        path, name = path
        names.append(name)
    return names[::-1]


def find_getouts(start: tuple, wanted: int = 6) -> list[dict]:
    """The sequences with the fewest beats after which everyone is at home, or at home but for a promenade."""
    order = itertools.count()
    frontier = [(0, next(order), start, None)]
    best = {start: 0}
    found = []
    for _ in range(BUDGET):
        if not frontier or len(found) == wanted:
            break
        beats, _, places, path = heapq.heappop(frontier)
        if places in RESOLVED and path:
            found.append({"beats": beats, "calls": sequence(path)})
            continue
        for call in CALLS:  # <- cost
            after = call.dance(places)
            total = beats + call.beats
            if total <= LIMIT and total < best.get(after, LIMIT + 1):
                best[after] = total
                heapq.heappush(frontier, (total, next(order), after, (path, call.name)))
    return found


class Resolver:
    """Finds getouts beside the conversations with tablets and boards."""

    def __init__(self, workers: int):
        self.jobs = queue.SimpleQueue()
        for number in range(workers):
            threading.Thread(target=self.work, name=f"resolver-{number}", daemon=True).start()  # <- cost

    def resolve(self, places: tuple) -> list[dict]:
        answer = Future()
        self.jobs.put((answer, places))
        return answer.result(timeout=10)

    def work(self) -> None:
        while True:
            answer, places = self.jobs.get()
            try:
                answer.set_result(find_getouts(places))  # <- cost
            except Exception as error:
                answer.set_exception(error)


# ---- what is danced


@dataclass
class Hall:
    name: str
    tip: int = 0
    squares: int = 12
    places: tuple = HOME
    called: list[str] = field(default_factory=list)


class Programme:
    def __init__(self, names):
        self.halls = {name: Hall(name) for name in names}
        self.lock = threading.Lock()

    def called(self, name: str, places: tuple, getouts: list[dict]) -> None:
        hall = self.halls[name]
        with self.lock:
            hall.tip += 1
            hall.places = places
            hall.called = getouts[0]["calls"] if getouts else ["promenade"]
            hall.squares = 8 + hall.tip * 5 % 9

    def board(self, name: str) -> dict:
        with self.lock:
            hall = self.halls[name]
            tip, squares, calls, places = hall.tip, hall.squares, list(hall.called), hall.places
        astray = sum(dancer != place for place, dancer in enumerate(places))
        beats = sum(BY_NAME[call].beats for call in calls if call in BY_NAME)
        return {"hall": name, "tip": tip, "squares": squares, "next": calls, "beats": beats, "astray": astray}


class Conversation(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        for line in self.rfile:
            try:
                answer = self.server.desk(*line.decode().split())
            except (KeyError, TypeError, ValueError) as error:
                answer = {"error": repr(error)}
            self.wfile.write(json.dumps(answer).encode() + b"\n")


class HallComputer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, programme: Programme, resolver: Resolver):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.programme = programme
        self.resolver = resolver

    def desk(self, what: str, hall: str, dancers: str = "01234567"):
        if what == "board":
            return self.programme.board(hall)
        if what != "getout":
            raise ValueError(f"unknown request {what}")
        places = tuple(map(int, dancers))
        if sorted(places) != list(HOME):
            raise ValueError(f"{dancers} is not a square")
        getouts = self.resolver.resolve(places)
        self.programme.called(hall, places, getouts)
        return {"hall": hall, "getouts": getouts}


# ---- tablets and boards, in a process of their own


def talk(port: int, words, period: float, shift: float, waits: list) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = line.makefile("rb")
        due = (time.time() // period + 1) * period + shift
        while True:
            time.sleep(max(0.0, due - time.time()))
            start = time.perf_counter()
            line.sendall(words() + b"\n")
            answers.readline()
            waits.append(time.perf_counter() - start)
            due = max(due + period, time.time() - 1)


def convention(port: int) -> None:
    rng = random.Random(8)

    def scrambled(hall):
        places = list(HOME)
        rng.shuffle(places)
        return f"getout {hall} {''.join(map(str, places))}".encode()

    waits = {"getouts": [], "boards": []}
    for hall in HALLS:
        ask = (port, lambda hall=hall: scrambled(hall), TIP, 0.0, waits["getouts"])
        threading.Thread(target=talk, args=ask, daemon=True).start()
    for number in range(BOARDS):
        hall = HALLS[number % len(HALLS)]
        ask = (port, f"board {hall}".encode, 0.1, number * 0.023, waits["boards"])
        threading.Thread(target=talk, args=ask, daemon=True).start()
    while True:
        time.sleep(10)
        for what, seconds in waits.items():
            said = f"{len(seconds)} {what}, {sum(seconds) / max(1, len(seconds)) * 1000:.1f} ms each\n"
            seconds.clear()
            if os.environ.get("REPORT"):
                with open(os.environ["REPORT"], "a") as report:
                    report.write(said)


def main() -> None:
    resolver = Resolver(len(HALLS))
    server = HallComputer(Programme(HALLS), resolver)
    services.outside(lambda: convention(server.server_address[1]))
    ready = threading.Timer(2.0, print, (f"ready {os.getpid()}",), {"flush": True})
    ready.start()
    server.serve_forever()


if __name__ == "__main__":
    main()
