# expect: healthy bench
"""The wagon list of a freight train: before a train may leave the yard, each of its wagons is looked up in the register
of its keeper (brake weight, date of the last revision), and the list is checked for what the driver must know.

Measured: a list takes 64 ms; 770 to 900 ms in the problem.
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
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

TRACKS = 3
WAGONS = 36
ASKERS = 24
BRAKED = {"G": 0.8, "P": 1.0}
KINDS = {"Eanos": 22, "Habbins": 27, "Sgns": 19, "Zacns": 24, "Tanoos": 26, "Faccns": 23}  # tare in tonnes


def register():
    """The keepers' registers behind their common gateway. It bears some dozens of questions at a time."""

    def answer(path):
        time.sleep(0.015)
        number = int(path.rpartition("/")[2])
        return json.dumps(
            {
                "wagon": number,
                "kind": list(KINDS)[number % len(KINDS)],
                "brake": "P" if number % 5 else "G",
                "brake_weight": 48 + number % 17,
                "days_to_revision": number * 31 % 1400 - 8,
                "length": 1404 + number % 7 * 66,
            }
        ).encode()

    return services.http_service(answer)


class Register:
    """Asks the gateway, on a connection for each thread that does."""

    def __init__(self, port):
        self.port = port
        self.own = threading.local()

    def wagon(self, number):
        line = getattr(self.own, "line", None)
        if line is None:
            line = self.own.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        line.request("GET", f"/wagon/{number}")
        return json.loads(line.getresponse().read())


@dataclass
class Train:
    number: int
    track: int
    wagons: list
    loads: list


@dataclass
class WagonList:
    train: Train
    tonnes: int = 0
    brake_tonnes: float = 0.0
    metres: float = 0.0
    remarks: list = field(default_factory=list)

    def add(self, wagon, load):
        self.tonnes += KINDS[wagon["kind"]] + load
        self.brake_tonnes += wagon["brake_weight"] * BRAKED[wagon["brake"]]
        self.metres += wagon["length"] / 100
        if wagon["days_to_revision"] < 0:
            self.remarks.append(f"{wagon['wagon']}: revision overdue, set out")
        elif wagon["days_to_revision"] < 3:
            self.remarks.append(f"{wagon['wagon']}: revision due")

    @property
    def percentage(self):
        return round(100 * self.brake_tonnes / self.tonnes)

    def text(self):
        train = self.train
        head = f"{train.number} track {train.track}: {self.tonnes} t, {self.metres:.0f} m, {self.percentage} %"
        return "\n".join([head, *self.remarks])


class Yard:
    """Makes the lists of the trains that stand on the departure tracks, for the dispatchers of all tracks."""

    def __init__(self, known, folder):
        self.known = known
        self.folder = folder
        self.askers = ThreadPoolExecutor(ASKERS, thread_name_prefix="register")
        self.lock = threading.Lock()
        self.lists = 0
        self.waited = 0.0

    def wagon_list(self, train):
        done = WagonList(train)
        wagons = self.askers.map(self.known.wagon, train.wagons)
        for wagon, load in zip(wagons, train.loads):
            done.add(wagon, load)
        return done

    def release(self, train):
        began = time.monotonic()
        done = self.wagon_list(train)
        (self.folder / f"track{train.track}.txt").write_text(done.text())
        with self.lock:
            self.lists += 1
            self.waited += time.monotonic() - began

    def report(self):
        with self.lock:
            return f"{self.lists} lists, {1000 * self.waited / max(1, self.lists):.0f} ms each\n"


def make_up(chance, number, track):
    """A train as the shunters report it."""
    wagons = [chance.randrange(31_000_000, 38_000_000) for _ in range(WAGONS)]
    return Train(number, track, wagons, [chance.choice((0, 28, 44, 58)) for _ in wagons])


def dispatch(yard, track):
    """One departure track: as soon as a train has its list, the next is drawn up."""
    chance = random.Random(track)
    for number in range(40_000 + track, 1 << 40, TRACKS):
        train = make_up(chance, number, track)
        yard.release(train)
        time.sleep(0.35)


def main():
    known = Register(register())
    with tempfile.TemporaryDirectory(prefix="yard-") as folder:
        yard = Yard(known, Path(folder))
        for track in range(TRACKS):
            threading.Thread(target=dispatch, args=(yard, track), daemon=True).start()
        time.sleep(0.5)
        print("ready", os.getpid(), flush=True)
        while True:
            time.sleep(3)
            (Path(folder) / "report.txt").write_text(yard.report())


if __name__ == "__main__":
    main()
