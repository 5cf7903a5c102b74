# expect: healthy bench
"""The intake of a newspaper's archive: agencies' reports arrive in bundles, are cleaned, given their keywords and kept
in a database, a bundle in one transaction; the reading room looks for headlines in the same database meanwhile. Every
pattern is compiled when the program starts, and the journal is flushed once for each bundle.
Measured: a bundle of 600 reports takes about 70 ms, two come each second.
"""

import os
import queue
import random
import re
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

BUNDLE, EVERY = 600, 0.5
KEPT = 20_000
SPACES = re.compile(r"\s+")
AGENCY = re.compile(r"^\((?P<agency>[A-Z]{2,4})\)\s*(?P<place>[A-Z][\w ]+?),\s*(?P<day>\d{1,2} \w{3})\s*[-:]\s*")
WORD = re.compile(r"[a-z]{4,}")
STOP = frozenset("that with from have this were been after before their would about which when they into".split())
PLACES = ["Hull", "Leith", "Cardiff", "Belfast", "New Quay", "Dover", "Wick", "Harwich"]
WORDS = (
    "harbour council strike wheat rail bridge theatre election storm market bishop coal cricket verdict ferry school "
    "flood prize exchange parade inquest wages mayor regatta tariff steamer gazette that with from have this were"
).split()

TABLES = """
create table report (number integer primary key, agency text, place text, day text, headline text, body text);
create index report_place on report (place, number);
create table keyword (word text, number integer, weight integer, primary key (word, number)) without rowid;
create index keyword_number on keyword (number);
"""


@dataclass(frozen=True)
class Report:
    number: int
    agency: str
    place: str
    day: str
    headline: str
    body: str

    @classmethod
    def read(cls, number, text):
        text = SPACES.sub(" ", text).strip()
        match = AGENCY.match(text)
        agency, place, day = match.group("agency", "place", "day") if match else ("?", "?", "?")
        body = text[match.end() :] if match else text
        return cls(number, agency, place, day, body.partition(".")[0].capitalize(), body)

    def keywords(self, most=6):
        counts = Counter(word for word in WORD.findall(self.body) if word not in STOP)
        return counts.most_common(most)


class Archive:
    """The database, for the one thread that writes."""

    def __init__(self, path):
        self._database = sqlite3.connect(path)
        self._database.execute("pragma journal_mode = wal")
        self._database.executescript(TABLES)

    def enter(self, reports):
        """Keep a bundle, and drop what is older than the last KEPT reports."""
        rows = [(one.number, one.agency, one.place, one.day, one.headline, one.body) for one in reports]
        words = [(word, one.number, weight) for one in reports for word, weight in one.keywords()]
        oldest = reports[-1].number - KEPT
        with self._database:
            self._database.executemany("insert into report values (?, ?, ?, ?, ?, ?)", rows)
            self._database.executemany("insert into keyword values (?, ?, ?)", words)
            if oldest > 0:
                self._database.execute("delete from keyword where number <= ?", (oldest,))
                self._database.execute("delete from report where number <= ?", (oldest,))


class ReadingRoom:
    """Answers slips of readers: the latest headlines with a word, in one statement."""

    QUESTION = """select r.day, r.place, r.headline from keyword k join report r on r.number = k.number
                  where k.word = ? order by k.number desc limit 20"""

    def __init__(self, path, slips):
        self._path, self._slips = path, slips
        self.answered = self.lines = 0

    def serve(self):
        database = sqlite3.connect(self._path)
        while True:
            word = self._slips.get()
            found = database.execute(self.QUESTION, (word,)).fetchall()
            self.answered += 1
            self.lines += len(found)


def write_slips(slips, chance):
    while True:
        time.sleep(chance.uniform(0.1, 0.4))
        slips.put(chance.choice(WORDS))


def some_wire(chance):
    """What an agency sends, with the stray spaces of its machines."""
    agency, place = chance.choice(["PA", "RTR", "EXC"]), chance.choice(PLACES)
    sentences = []
    for _ in range(chance.randint(5, 9)):
        sentences.append(chance.choice(["  ", " ", "\n"]).join(chance.choices(WORDS, k=12)))
    return f"({agency}) {place}, {chance.randint(1, 28)} Mar - " + ". ".join(sentences) + "."


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    chance = random.Random(1903)
    wires = [some_wire(chance) for _ in range(2000)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "archive.db")
        archive, slips = Archive(path), queue.Queue()
        room = ReadingRoom(path, slips)
        threading.Thread(target=room.serve, daemon=True).start()
        threading.Thread(target=write_slips, args=(slips, random.Random(2)), daemon=True).start()
        print("ready", os.getpid(), flush=True)
        due, number, spent = time.monotonic(), 0, 0.0
        for bundle in range(1, 1 << 40):
            began = time.perf_counter()
            archive.enter([Report.read(number + at, wires[(number + at) % len(wires)]) for at in range(1, BUNDLE + 1)])
            number += BUNDLE
            spent += time.perf_counter() - began
            if bundle % 10 == 0:
                text = f"{number} reports, {1000 * spent / bundle:.1f} ms a bundle, {room.answered} slips\n"
                Path(folder, "intake.txt").write_text(text)
            due = max(due + EVERY, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
