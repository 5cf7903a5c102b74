# expect: healthy bench
"""Holds the press releases that came in under an embargo, and hands each to the news room when its hour has come. Most
of the time it sleeps until the next one is due, or a new one comes.

Measured: one release a second, below 1 % of a core.
"""

import heapq
import json
import logging
import os
import random
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

MOST, KEPT = 500, 200
logging.basicConfig(filename="embargo.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def agencies(line):
    """A release every second or so, each of some paragraphs; every tenth takes another one back."""
    chance = random.Random(31)
    for number in range(1 << 40):
        words = " ".join(f"word{chance.randrange(4000)}" for _ in range(chance.randrange(80, 400)))
        told = {"id": number, "topic": chance.choice("ABCDE"), "after": chance.uniform(0.5, 10), "text": words}
        if number % 10 == 9:
            told = {"withdraw": chance.randrange(number)}
        line.sendall(json.dumps(told).encode() + b"\n")
        time.sleep(chance.expovariate(1.2))


class Embargoes:
    """Releases by the time at which they may be printed."""

    def __init__(self):
        self._changed = threading.Condition()
        self._due = []
        self._held = {}

    def hold(self, release):
        with self._changed:
            if len(self._held) >= MOST:
                logging.warning("no room for %d", release["id"])
                return
            due = time.monotonic() + release["after"]
            self._held[release["id"]] = release
            heapq.heappush(self._due, (due, release["id"]))
            if self._due[0][1] == release["id"]:
                self._changed.notify()

    def withdraw(self, number):
        """It stays in the heap until its time comes, and is passed over then."""
        with self._changed:
            return self._held.pop(number, None) is not None

    def next(self):
        """The release whose time has come; waits for it."""
        with self._changed:
            while True:
                now = time.monotonic()
                while self._due and self._due[0][0] <= now:
                    _, number = heapq.heappop(self._due)
                    if (release := self._held.pop(number, None)) is not None:
                        return release
                self._changed.wait(self._due[0][0] - now if self._due else None)


class NewsRoom:
    """A file for each release, of which the last ones are kept."""

    def __init__(self, folder):
        self._folder = folder
        self._folder.mkdir(exist_ok=True)
        self.printed = 0

    def print(self, release):
        words = release["text"].split()
        head = f"{release['topic']} {release['id']} ({len(words)} words)\n"
        (self._folder / f"{self.printed % KEPT}.txt").write_text(head + " ".join(words) + "\n")
        self.printed += 1
        logging.info("%d printed: %d", self.printed, release["id"])


def listen(embargoes, line):
    with line.makefile(encoding="utf-8") as told:
        for text in told:
            try:
                release = json.loads(text)
            except json.JSONDecodeError:
                logging.warning("not a release: %.40s", text)
                continue
            if "withdraw" in release:
                embargoes.withdraw(release["withdraw"])
            else:
                embargoes.hold(release)


def main():
    ours, theirs = socket.socketpair()
    services.outside(lambda: (ours.close(), agencies(theirs)))
    theirs.close()
    embargoes, room = Embargoes(), NewsRoom(Path("released"))
    threading.Thread(target=listen, args=(embargoes, ours), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while True:
        room.print(embargoes.next())


main()
