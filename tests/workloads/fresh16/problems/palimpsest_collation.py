# expect: pattern=gil-contention bench
# Collates readings of a palimpsest: whenever the imaging rig has a new frame, the desks of the reading room send
# what their reader sees of the erased text, and the application aligns it with the known witnesses, weighing
# letters that look alike.
#
# Measured: 6 collations each second in both (closed loop: fewer where the processor is busy); one is answered in
# 455 ms (median, on a busy machine of 2 cores), the progress meanwhile in 150 ms, at 30 % of a core; in the twin in
# 332 ms and 13 ms, at 2 % here and 22 % in the two processes.
import http.client
import json
import random
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from flask import Blueprint, Flask, abort, current_app, request
from gunicorn.app.base import BaseApplication

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

DESKS = 6
FRAME_EVERY = 1.0  # seconds
FOLIOS = 40
LENGTH = 300  # letters of a passage
ALIKE = ["cegt", "iltj", "rnpf", "uvy", "mnu", "bh", "dao"]


@dataclass(frozen=True)
class Witness:
    siglum: str
    folios: list[str]


@dataclass(frozen=True)
class Collation:
    folio: int
    desk: str
    siglum: str
    distance: float
    variants: int

    def as_json(self) -> dict:
        likely = "same hand" if self.distance < 0.2 * LENGTH else "other hand"
        return {**asdict(self), "distance": round(self.distance, 2), "likely": likely}


def likeness() -> dict[tuple[str, str], float]:
    costs = {}
    for group in ALIKE:
        for a in group:
            for b in group:
                costs[a, b] = 0.35 if a != b else 0.0
    return costs


LIKENESS = likeness()


def align(reading: str, witness: str) -> tuple[float, int]:
    """The weighted distance of two passages, and how many places differ on the cheapest way."""
    costs = {
        letter: [0.0 if letter == other else LIKENESS.get((letter, other), 1.0) for other in witness]
        for letter in set(reading)
    }
    above = [(0.8 * at, at) for at in range(len(witness) + 1)]
    for row, letter in enumerate(reading, 1):
        left = (0.8 * row, row)
        line = [left]
        corner = above[0]
        for at, cost in enumerate(costs[letter], 1):
            best = corner[0] + cost
            corner_variants = corner[1]
            corner = above[at]
            if corner[0] + 0.8 < best or left[0] + 0.8 < best:
                way = corner if corner[0] < left[0] else left
                left = (way[0] + 0.8, way[1] + 1)
            else:
                left = (best, corner_variants + (cost > 0))
            line.append(left)
        above = line
    return above[-1]


class Collator:
    """Compares a reading with all witnesses of its folio."""

    def __init__(self, witnesses: list[Witness]):
        self.witnesses = witnesses
        self.done = 0

    def _compare(self, reading: str, passages: list[str]) -> list[tuple[float, int]]:
        return [align(reading, passage) for passage in passages]  # <- cost

    def collate(self, desk: str, folio: int, reading: str) -> Collation:
        passages = [witness.folios[folio] for witness in self.witnesses]
        distances = self._compare(reading, passages)  # <- cost
        at = min(range(len(passages)), key=lambda which: distances[which][0])
        self.done += 1
        return Collation(folio, desk, self.witnesses[at].siglum, *distances[at])


collations = Blueprint("collations", __name__, url_prefix="/collations")


def collator() -> Collator:
    return current_app.extensions["collator"]


@collations.post("")
def collate() -> tuple[dict, int]:
    told = request.get_json()
    reading = str(told.get("reading", ""))
    if not 0 < len(reading) <= 2 * LENGTH or not 0 <= int(told.get("folio", -1)) < FOLIOS:
        abort(422)
    return collator().collate(str(told["desk"]), int(told["folio"]), reading).as_json(), 201


@collations.get("/progress")
def progress() -> dict:
    return {"done": collator().done}


def passages(seed: int) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices("abcdefghilmnopqrstuvy", k=LENGTH)) for _ in range(FOLIOS)]


def blurred(passage: str, rng: random.Random, lost: float) -> str:
    """The passage as somebody reads it under the later text."""
    read = []
    for letter in passage:
        group = next((group for group in ALIKE if letter in group), letter)
        read.append(letter if rng.random() > lost else rng.choice(group))
    return "".join(letter for letter in read if rng.random() > lost / 5)


def create_app() -> Flask:
    app = Flask(__name__)
    first, rng = passages(1), random.Random(2)
    witnesses = [Witness("A", first)]
    witnesses += [Witness(siglum, [blurred(passage, rng, 0.2) for passage in first]) for siglum in "BCD"]
    app.extensions["collator"] = Collator(witnesses)
    app.register_blueprint(collations)
    return app


class ReadingRoom(BaseApplication):
    """Gunicorn, with one worker of eight threads."""

    def __init__(self, listening: socket.socket):
        self.listening = listening
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": f"fd://{self.listening.fileno()}",
            "worker_class": "gthread",
            "threads": 8,
            "worker_tmp_dir": ".",
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app()


def desk(port: int, number: int, rig: float) -> None:
    rng, known = random.Random(number), passages(1)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    frame = 0
    while True:
        frame = max(frame + 1, int((time.monotonic() - rig) / FRAME_EVERY))
        time.sleep(max(0.0, rig + frame * FRAME_EVERY - time.monotonic()))
        folio = (frame * DESKS + number) % FOLIOS
        told = {"desk": f"desk {number}", "folio": folio, "reading": blurred(known[folio], rng, 0.3)}
        connection.request("POST", "/collations", json.dumps(told), {"Content-Type": "application/json"})
        connection.getresponse().read()


def progress_lamp(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while True:
        connection.request("GET", "/collations/progress")
        connection.getresponse().read()
        time.sleep(0.2)


def reading_room(port: int) -> None:
    rig = time.monotonic() + 0.5
    busy = [threading.Thread(target=desk, args=(port, number, rig)) for number in range(DESKS)]
    busy.append(threading.Thread(target=progress_lamp, args=(port,)))
    for one in busy:
        one.start()
    for one in busy:
        one.join()


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listening.getsockname()[1]
    services.outside(lambda: reading_room(port))
    ReadingRoom(listening).run()


if __name__ == "__main__":
    main()
