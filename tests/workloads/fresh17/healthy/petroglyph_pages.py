# expect: healthy bench
"""Follows three archives of rock engravings. Each archive hands out its changes page by page, and only the answer
tells the cursor of the next; their rules allow eight requests a second, which is kept to. Nobody waits for the
mirror: it runs behind the scenes. Engravings that were withdrawn answer 404, which is what the mirror wants to
learn, and the spare copy of an archive is asked every six seconds whether it is back.

Measured: 8 pages and 16 engravings a second; 0.2 s CPU in 10 s.
"""

import collections
import contextlib
import json
import os
import sys
import threading
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

PAGES = 25


@dataclass(frozen=True)
class Engraving:
    number: int
    panel: str
    motifs: tuple


class Rule:
    """So many requests a second, as the archive asks of its guests."""

    def __init__(self, each_second):
        self.gap = 1 / each_second
        self.due = time.monotonic()

    def wait(self):
        now = time.monotonic()
        if now < self.due:
            time.sleep(self.due - now)
        self.due = max(self.due, now) + self.gap


class Archive:
    def __init__(self, name, port):
        self.name = name
        self.connection = HTTPConnection("127.0.0.1", port, timeout=5)
        self.rule = Rule(8)

    def ask(self, path):
        self.rule.wait()
        try:
            self.connection.request("GET", path)
            answer = self.connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException):
            self.connection.close()
            raise
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise OSError(f"{self.name}{path}: {answer.status}")
        return json.loads(body)

    def pages(self):
        cursor = "first"
        while cursor:
            page = self.ask(f"/changes/{cursor}")
            yield page["changed"]
            cursor = page["next"]

    def engraving(self, number):
        told = self.ask(f"/engravings/{number}")
        return told and Engraving(told["number"], told["panel"], tuple(told["motifs"]))


class Mirror(threading.Thread):
    """Keeps a copy of one archive: at most so many engravings, those that changed last."""

    MOST = 400

    def __init__(self, archive):
        super().__init__(name=f"mirror-{archive.name}", daemon=True)
        self.archive = archive
        self.copies = collections.OrderedDict()
        self.pages = 0
        self.withdrawn = 0

    def take(self, number):
        engraving = self.archive.engraving(number)
        if engraving is None:
            self.withdrawn += 1
            self.copies.pop(number, None)
            return
        self.copies[number] = engraving
        self.copies.move_to_end(number)
        while len(self.copies) > self.MOST:
            self.copies.popitem(last=False)

    def round(self):
        for changed in self.archive.pages():
            self.pages += 1
            for number in changed:
                self.take(number)

    def run(self):
        while True:
            try:
                self.round()
            except (OSError, HTTPException):
                time.sleep(10)


class Watch(threading.Thread):
    """Asks now and then whether the spare copy is back."""

    def __init__(self, port):
        super().__init__(name="watch", daemon=True)
        self.port = port
        self.back = False

    def run(self):
        while True:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=1)
            self.back = False
            with contextlib.suppress(OSError, HTTPException):
                connection.request("GET", "/health")
                self.back = connection.getresponse().status == 200
            connection.close()
            time.sleep(6)


def motif_counts(mirrors):
    counts = collections.Counter()
    for mirror in mirrors:
        for engraving in list(mirror.copies.values()):
            counts.update(engraving.motifs)
    return counts


def archive_service(salt):
    motifs = ["spiral", "cupmark", "rota", "boat", "elk", "footprint", "grid", "serpentiform"]

    def answer(path):
        time.sleep(0.03)
        _, kind, what = path.split("/")
        if kind == "changes":
            at = 0 if what == "first" else int(what)
            following = str(at + 1) if at + 1 < PAGES else None
            return json.dumps({"changed": [at * 3 + salt, at * 3 + salt + 1], "next": following}).encode()
        number = int(what)
        if number % 23 == 0:
            return 404, b'{"error": "withdrawn"}'
        chosen = [motifs[(number * step) % len(motifs)] for step in (1, 3, 5)]
        return json.dumps({"number": number, "panel": f"panel {number % 40}", "motifs": chosen}).encode()

    return services.http_service(answer)


def main():
    mirrors = []
    for salt, name in enumerate(["foppe", "camonica", "alta"]):
        mirrors.append(Mirror(Archive(name, archive_service(salt * 1000))))
    for mirror in mirrors:
        mirror.start()
    Watch(services.free_port()).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(7)
        counts = motif_counts(mirrors)
        pages, gone = sum(mirror.pages for mirror in mirrors), sum(mirror.withdrawn for mirror in mirrors)
        sys.stderr.write(f"{pages} pages, {gone} withdrawn, {counts.total()} motifs\n")


if __name__ == "__main__":
    main()
