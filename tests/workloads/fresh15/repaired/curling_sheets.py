# expect: healthy bench
# The umpires' office of a curling bonspiel: a camera over each sheet reports where the stones lie after every throw, the
# office keeps the game of each sheet, with all throws and their tracks, and tells the score line to the house.
#
# Measured: MEASURED
import json
import logging
import math
import os
import random
import socket
import socketserver
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

SHEETS = 6
PERIOD = 0.15
STONES = 16
ENDS = 10
TEE = (0.0, 34.7)
HOUSE = 1.97


class Games:
    """The games by sheet."""

    def __init__(self):
        self.kept = {}
        self.locks = {}
        self.making = threading.Lock()

    def lock(self, sheet):
        with self.making:
            return self.locks.setdefault(sheet, threading.Lock())

    def load(self, sheet):
        """The game itself: who holds the lock of the sheet may change it in place."""
        game = self.kept.get(sheet)
        if game is None:
            game = self.kept[sheet] = {"sheet": sheet, "number": 0, "ends": [], "throws": []}
        return game


class Scoring:
    """The rules: whose stones lie nearer to the tee than the other's best."""

    def distances(self, stones):
        near = []
        for colour, x, y in stones:
            away = math.hypot(x - TEE[0], y - TEE[1])
            if away <= HOUSE:
                near.append((away, colour))
        near.sort()
        return near

    def count(self, stones):
        near = self.distances(stones)
        if not near:
            return None, 0
        first = near[0][1]
        count = 0
        for _, colour in near:
            if colour != first:
                break
            count += 1
        return first, count


class Office:
    """What happens with a throw: it is noted, may close an end, may close the game, and gives a score line."""

    def __init__(self, games):
        self.games = games
        self.scoring = Scoring()
        self.counting = threading.Lock()
        self.noted, self.spent = 0, 0.0

    def thrown(self, sheet, throw):
        began = time.perf_counter()
        with self.games.lock(sheet):
            game = self.games.load(sheet)
            self.note(game, throw)
            if len(game["throws"]) == len(game["ends"]) * STONES + STONES:
                self.close_end(game, throw["stones"])
            line = self.line(game)
            if len(game["ends"]) == ENDS:
                game["number"] += 1
                game["ends"], game["throws"] = [], []
        with self.counting:
            self.noted += 1
            self.spent += time.perf_counter() - began
        return line

    def note(self, game, throw):
        at = len(game["throws"])
        game["throws"].append({"stone": at % STONES, "track": throw["track"], "lie": throw["stones"]})

    def close_end(self, game, stones):
        colour, count = self.scoring.count(stones)
        game["ends"].append({"colour": colour, "count": count})

    def line(self, game):
        score = {"red": 0, "yellow": 0}
        for end in game["ends"]:
            if end["count"]:
                score[end["colour"]] += end["count"]
        return {"sheet": game["sheet"], "game": game["number"], "end": len(game["ends"]) + 1, **score}


class Line(socketserver.StreamRequestHandler):
    """The line of a camera: a throw each way of the sheet, a score line back."""

    disable_nagle_algorithm = True
    office = None

    def handle(self):
        for said in self.rfile:
            throw = json.loads(said)
            told = self.office.thrown(throw["sheet"], throw)
            self.wfile.write(json.dumps(told).encode() + b"\n")


class House(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def sight(dice, thrown):
    """What a camera sees of a throw: the track of the stone, and the lie of all that were thrown in this end."""
    curl = dice.uniform(-1.4, 1.4)
    track = [[round(curl * (step / 60) ** 2, 3), round(34.7 * step / 60, 3)] for step in range(61)]
    stones = []
    for stone in range(thrown):
        colour = "yellow" if stone % 2 else "red"
        stones.append([colour, round(dice.gauss(0, 1.2), 3), round(dice.gauss(34.7, 1.3), 3)])
    return {"track": track, "stones": stones}


def resume(office, sheet, ends):
    """The morning's part of a game: so many ends of it."""
    dice = random.Random(sheet)
    game = office.games.load(sheet)
    for _ in range(ends):
        seen = [sight(dice, thrown) for thrown in range(1, STONES + 1)]
        for throw in seen:
            office.note(game, throw)
        office.close_end(game, seen[-1]["stones"])


def camera(port, number, sheet):
    """Sees the throws (they are played at the speed of a replay)."""
    dice = random.Random(sheet)
    line = socket.create_connection(("127.0.0.1", port))
    answers = line.makefile("rb")
    due = time.monotonic() + PERIOD * number / SHEETS
    at = 0
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due += PERIOD
        at = at % STONES + 1
        seen = {"sheet": sheet, **sight(dice, at)}
        line.sendall(json.dumps(seen).encode() + b"\n")
        if not answers.readline():
            return


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    office = Line.office = Office(Games())
    house = House(("127.0.0.1", 0), Line)
    for number in range(SHEETS):
        sheet = f"sheet {number}"
        services.outside(lambda number=number, sheet=sheet: camera(house.server_address[1], number, sheet))
        resume(office, sheet, number * ENDS // SHEETS)
    threading.Thread(target=house.serve_forever, daemon=True).start()
    print(f"ready {os.getpid()}", flush=True)
    while True:
        time.sleep(10)
        each = 1000 * office.spent / max(1, office.noted)
        logging.info("%d throws, %.1f ms each, cpu %.1f s", office.noted, each, time.process_time())


if __name__ == "__main__":
    main()
