# expect: pattern=polling-loop bench
"""The announcements of a railway line: follows the trains, works out what each station has to say, and gives it to the
voice of the station, a thread with an inbox, which puts the sentence together and writes it to the station's player.

Measured: 4,100 wake-ups and 55 ms of a core a second for 12 notices; 18 and 5 ms in the twin.
"""

import itertools
import os
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, PriorityQueue

STATIONS = (
    "Ahlen Beckum Carlsruh Dornum Ebern Fulda Gotha Husum Idar Jever Kandel Lehrte Melle Norden Olpe Prien Querfurt "
    "Rheine Soest Torgau Uelzen Varel Worms Zeitz"
).split()
REST = 0.005  # <- cost
CHIMES = {0: "gong-alarm", 1: "gong-two", 2: "gong-one"}


@dataclass(frozen=True, order=True)
class Notice:
    urgency: int
    order: int
    train: str
    minutes: int

    def sentence(self, station):
        if self.urgency == 0:
            return f"Attention at {station}: {self.train} passes through. Stand back from the edge of the platform."
        if self.minutes > 4:
            return f"{self.train} will reach {station} about {self.minutes} minutes late. We apologise."
        return f"{self.train} now arrives at {station}. Please mind the gap."


class Player:
    """Plays sentences from clips; the last 200 are kept in a file for the supervisor."""

    def __init__(self, station):
        self._path = Path(f"{station.lower()}.spoken")
        self._last = []

    def play(self, chime, sentence):
        clips = [chime, *(word.strip(".,:").lower() for word in sentence.split())]
        self._last = [*self._last[-199:], " ".join(clips)]
        if len(self._last) % 20 == 0:
            self._path.write_text("\n".join(self._last))
        return len(clips)


class Voice(threading.Thread):
    """Speaks for one station, the most urgent notice first."""

    def __init__(self, station):
        super().__init__(name=f"voice-{station}", daemon=True)
        self._station = station
        self._stopping = threading.Event()
        self._player = Player(station)
        self._inbox = PriorityQueue()
        self.spoken = 0

    def tell(self, notice):
        self._inbox.put(notice)

    def stop(self):
        self._stopping.set()

    def run(self):
        while not self._stopping.is_set():  # <- cost
            try:
                notice = self._inbox.get(timeout=REST)  # <- cost
            except Empty:  # <- cost
                continue  # <- cost
            self._player.play(CHIMES[notice.urgency], notice.sentence(self._station))
            self.spoken += 1


class Line:
    """Trains that run up and down the line, and are late now and then."""

    def __init__(self, voices):
        self._voices = voices
        self._orders = itertools.count()
        self._random = random.Random(4)
        self._trains = {
            f"{'RE' if n % 3 else 'IC'} {100 + n}": [self._random.randrange(len(STATIONS)), n % 2 * 2 - 1]
            for n in range(14)
        }
        self._late = dict.fromkeys(self._trains, 0)

    def _advance(self, train):
        place = self._trains[train]
        place[0] += place[1]
        if not 0 <= place[0] < len(STATIONS):
            place[1] = -place[1]
            place[0] += 2 * place[1]
            self._late[train] = 0
        return STATIONS[place[0]]

    def step(self):
        for train in self._random.sample(sorted(self._trains), 3):
            station = self._advance(train)
            self._late[train] = max(0, self._late[train] + self._random.choice((-1, 0, 0, 0, 1, 2)))
            urgency = 0 if train.startswith("IC") and self._random.random() < 0.5 else 1 + (self._late[train] < 5)
            self._voices[station].tell(Notice(urgency, next(self._orders), train, self._late[train]))


def follow(line, voices):
    due = time.monotonic()
    for step in itertools.count():
        line.step()
        if step % 40 == 0:
            told = "\n".join(f"{station}\t{voice.spoken}" for station, voice in voices.items())
            Path("supervisor.tsv").write_text(told)
        due += 0.25
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    voices = {station: Voice(station) for station in STATIONS}
    for voice in voices.values():
        voice.start()
    line = Line(voices)
    print("ready", os.getpid(), flush=True)
    try:
        follow(line, voices)
    finally:
        for voice in voices.values():
            voice.stop()


main()
