# expect: healthy bench
"""The control room of a house of escape rooms: the props (locks, lamps, scales, chessboards) send what the players do
with them, each room over a line of its own, and wait for the word whether to open, blink or stay as they are. Players
notice if a lock takes its time.

Meanwhile the game master's screen is kept up to date: how long will each team need, and which hint would help them
most? That is played through some thousand times for each room in turn.

Measured: 112 pulses a second in both, at idle priority on a busy machine of 2 cores, five runs of each: one pulse of
four takes more than 5.3 to 5.7 ms (median 0.2 to 0.9 ms), at 36 to 50 % of a core; in the twin more than 0.2 to 0.4 ms
(median 0.1 ms), at 31 to 52 % with the other process, which does the same work. The means (2.8 to 4.4 ms, and 0.2 to
1.9 ms) leave out a run of each that others on the machine delayed (20.7 and 8.0 ms).
"""

import json
import multiprocessing
import os
import random
import socket
import socketserver
import sys
import threading
import time
from collections import Counter, deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from statistics import fmean

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

ROOMS = ["Alchemist", "Submarine", "Vault 9", "Orient Night", "Observatory", "Bunker", "Lost Manor", "Circus"]
PULSES_EACH = 14.0  # a second and room
GAMES = 5800  # played through for each room, shared by the hints that could be given
SCREEN_EVERY = 0.2  # seconds, a room in turn

Puzzle = tuple[str, float, tuple[str, ...]]


def puzzles(rng: random.Random) -> list[Puzzle]:
    """Name, usual minutes, and what must be solved before."""
    made: list[Puzzle] = []
    for number in range(14):
        before = tuple(sorted({f"p{rng.randrange(number)}" for _ in range(min(number, 2))}))
        made.append((f"p{number}", rng.uniform(1.5, 7.0), before))
    return made


@dataclass
class Room:
    name: str
    puzzles: list[Puzzle]
    players: int = 4
    solved: set[str] = field(default_factory=set)
    pulses: Counter = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    games: int = 0

    def pulse(self, prop: str, value: int) -> str:
        """What a prop saw: the word for it."""
        with self.lock:
            self.pulses[prop] += 1
            if prop in self.solved:
                return "open"
            if value % 7 != 0:
                return "blink" if value % 5 == 0 else "stay"
            known = next((puzzle for puzzle in self.puzzles if puzzle[0] == prop), None)
            if known is None or not self.solved.issuperset(known[2]):
                return "stay"
            self.solved.add(prop)
            if len(self.solved) == len(self.puzzles):
                self.solved.clear()
                self.games += 1
            return "open"

    def standing(self) -> tuple[list[Puzzle], frozenset[str], int]:
        with self.lock:
            return self.puzzles, frozenset(self.solved), self.players


def play(puzzles: list[Puzzle], solved: frozenset[str], players: int, rng: random.Random) -> float:
    """Minutes until the team is out, once."""
    done, minutes = set(solved), 0.0
    busy: list[tuple[float, str]] = []
    begun = set(solved)
    while len(done) < len(puzzles):
        for name, usual, before in puzzles:
            if len(busy) == players:
                break
            if name not in begun and done.issuperset(before):
                begun.add(name)
                busy.append((minutes + usual * rng.lognormvariate(0.0, 0.4), name))
        first = min(busy)
        busy.remove(first)
        minutes = first[0]
        done.add(first[1])
    return minutes


def advise(puzzles: list[Puzzle], solved: frozenset[str], players: int, seed: int) -> dict:
    """The minutes that are left, and what a hint to each puzzle that is open now would spare."""
    rng = random.Random(seed)
    could_help = [name for name, _, before in puzzles if name not in solved and solved.issuperset(before)]
    games = GAMES // (1 + len(could_help))
    left = fmean(play(puzzles, solved, players, rng) for _ in range(games))
    spared = {}
    for name in could_help:
        helped = solved | {name}
        spared[name] = left - fmean(play(puzzles, helped, players, rng) for _ in range(games))
    best = max(spared, key=spared.__getitem__, default=None)
    return {"left": round(left, 1), "hint": best, "spares": round(spared[best], 1) if best else 0.0}


class GameMaster(threading.Thread):
    """Keeps the screen."""

    def __init__(self, rooms: list[Room], pool: ProcessPoolExecutor):
        super().__init__(name="game-master", daemon=True)
        self.rooms, self.pool = rooms, pool
        self.screen: dict[str, dict] = {}
        self.history: deque[tuple[float, str, float]] = deque(maxlen=500)
        self.rounds = 0

    def look_at(self, room: Room) -> None:
        advice = self.pool.submit(advise, *room.standing(), self.rounds).result()
        self.screen[room.name] = {**advice, "games": room.games}
        self.history.append((time.time(), room.name, advice["left"]))

    def run(self) -> None:
        due = time.monotonic()
        while True:
            room = self.rooms[self.rounds % len(self.rooms)]
            self.look_at(room)
            self.rounds += 1
            due = max(due + SCREEN_EVERY, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


class PropLine(socketserver.StreamRequestHandler):
    """One line of props: ``ROOM PROP VALUE``, answered with a word; ``screen``, answered with what is on it."""

    disable_nagle_algorithm = True
    server: "ControlRoom"

    def answer(self, words: list[str]) -> str:
        match words:
            case ["screen"]:
                return json.dumps(self.server.master.screen)
            case [number, prop, value] if number.isdigit() and value.isdigit():
                at = int(number)
                if at >= len(self.server.rooms):
                    return "unknown"
                return self.server.rooms[at].pulse(prop, int(value))
        return "what?"

    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(self.answer(line.decode("ascii", "replace").split()).encode() + b"\n")


class ControlRoom(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, rooms: list[Room], master: GameMaster):
        super().__init__(("127.0.0.1", 0), PropLine)
        self.rooms, self.master = rooms, master

    def handle_error(self, request, client_address) -> None:
        print(f"line of {client_address} broke: {sys.exc_info()[1]}", file=sys.stderr)


def props(port: int, room: int) -> None:
    rng = random.Random(room)
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = line.makefile("rb")
        due = time.monotonic() + room / PULSES_EACH / len(ROOMS)
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + 1 / PULSES_EACH, time.monotonic() - 1)
            line.sendall(f"{room} p{rng.randrange(14)} {rng.randrange(9999)}\n".encode())
            if not answers.readline():
                return


def players(port: int) -> None:
    lines = [threading.Thread(target=props, args=(port, room)) for room in range(len(ROOMS))]
    for one in lines:
        one.start()
    for one in lines:
        one.join()


def main() -> None:
    rng = random.Random(5)
    rooms = [Room(name, puzzles(rng), players=3 + at % 4) for at, name in enumerate(ROOMS)]
    for at, room in enumerate(rooms):
        room.solved.update(f"p{number}" for number in range(at))  # (in the midst of their games)
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    pool.submit(play, rooms[0].puzzles, frozenset(), 4, rng).result()  # starts it
    master = GameMaster(rooms, pool)
    control = ControlRoom(rooms, master)
    services.outside(lambda: players(control.server_address[1]))
    master.start()
    threading.Timer(1.0, print, [f"ready {os.getpid()}"], {"flush": True}).start()
    control.serve_forever()


if __name__ == "__main__":
    main()
