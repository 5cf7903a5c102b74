# expect: pattern=process-churn bench
"""The scanning desk of an orchestra's archive: the parts of a work go through the scanner desk by desk; each page gets
a fingerprint for the archive's register, is looked at for ink (a blank page is left out), and the set of a desk is
handed to the tablets as one bundle.
Measured: a set takes 21 ms; 4.4 ms in the twin.
"""

import os
import random
import struct
import subprocess
import tempfile
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

WORKS = ["Tragic Overture", "Symphony in C", "Les Préludes", "Sinfonietta", "Finlandia", "Scheherazade"]
DESKS = ["Violin I", "Violin II", "Viola", "Cello", "Bass", "Flute", "Oboe", "Clarinet", "Bassoon", "Horn", "Trumpet"]
PAGES_A_SET = 8
SETS_A_SECOND = 12
WIDTH, HEIGHT = 160, 226  # of the small grey copy that the tablets get
KEPT = 3000


@dataclass
class Page:
    number: int
    grey: bytes
    print: str = ""

    def ink(self):
        """The share of dark spots, by every seventh of them."""
        spots = self.grey[::7]
        return sum(spot < 96 for spot in spots) / len(spots)


@dataclass
class PartSet:
    work: str
    desk: str
    pages: list = field(default_factory=list)


class Scanner:
    """Delivers the pages of one part after the other."""

    def __init__(self, chance):
        self._chance = chance
        paper = bytes([235]) * WIDTH
        lines = bytes([60]) * WIDTH
        self._stave = (paper * 4 + lines) * 5 + paper * 12
        self._notes = [bytes(chance.randrange(20, 90) for _ in range(9)) for _ in range(40)]

    def _page(self, number):
        grey = bytearray(self._stave * 7)[: WIDTH * HEIGHT].ljust(WIDTH * HEIGHT, b"\xeb")
        if number % 8 == 7:
            return Page(number, bytes([238]) * (WIDTH * HEIGHT))
        for _ in range(120):
            at = self._chance.randrange(len(grey) - 9)
            grey[at : at + 9] = self._chance.choice(self._notes)
        return Page(number, bytes(grey))

    def next(self):
        found = PartSet(self._chance.choice(WORKS), self._chance.choice(DESKS))
        found.pages = [self._page(number) for number in range(PAGES_A_SET)]
        return found


def fingerprint(grey):
    """As the register of the archive has it."""
    told = subprocess.run(["sha256sum"], input=grey, stdout=subprocess.PIPE, check=True)  # <- cost
    return told.stdout.split()[0].decode()


class Register:
    """The fingerprints of the latest pages, to find what was scanned twice."""

    def __init__(self):
        self._known = OrderedDict()
        self.twice = 0

    def enter(self, part, page):
        page.print = fingerprint(page.grey)  # <- cost
        if page.print in self._known:
            self.twice += 1
            self._known.move_to_end(page.print)
            return
        self._known[page.print] = (part.work, part.desk, page.number)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)


class Desk:
    def __init__(self, folder):
        self._folder = folder
        self._register = Register()
        self._by_work = Counter()
        self.sets = 0
        self.blank = 0

    def file(self, part):
        """Register a set, and bundle it for the tablets."""
        kept = []
        for page in part.pages:
            if page.ink() < 0.001:
                self.blank += 1
                continue
            self._register.enter(part, page)  # <- cost
            kept.append(page)
        self._bundle(part, kept)
        self._by_work[part.work] += len(kept)
        self.sets += 1

    def _bundle(self, part, pages):
        name = f"{part.work}, {part.desk}".encode()
        head = struct.pack(">HHHH", len(name), len(pages), WIDTH, HEIGHT) + name
        index = b"".join(struct.pack(">H64s", page.number, page.print.encode()) for page in pages)
        tray = self._folder / f"tray-{self.sets % 24}.bundle"
        tray.write_bytes(b"".join([head, index, *(page.grey for page in pages)]))

    def summary(self):
        works = ", ".join(f"{work}: {pages}" for work, pages in self._by_work.most_common(3))
        return f"{self.blank} blank, {self._register.twice} seen before; {works}"


def main():
    folder = Path(tempfile.mkdtemp(prefix="scans-"))
    scanner = Scanner(random.Random(1882))
    desk = Desk(folder)
    print("ready", os.getpid(), flush=True)
    spent, told, due = 0.0, time.monotonic(), time.monotonic()
    while True:
        due = max(due + 1 / SETS_A_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))
        part = scanner.next()
        began = time.monotonic()
        desk.file(part)  # <- cost
        spent += time.monotonic() - began
        if due - told > 3:
            told = due
            (folder / "state.txt").write_text(
                f"{desk.sets} sets, {spent / desk.sets * 1000:.2f} ms each; {desk.summary()}\n"
            )


if __name__ == "__main__":
    main()
