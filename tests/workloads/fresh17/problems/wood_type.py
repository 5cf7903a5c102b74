# expect: pattern=excessive-stat bench
"""A letterpress museum sets posters in digitised wood type. A compositor sets each line letter by letter: for each
letter it looks for the picture of the sort in the drawers of the face asked for, from the damaged-and-mended
drawer to the common one and those of its cousins, takes its width from the picture's head, and breaks the lines
into the forme.

Measured: 25 posters a second in both; 2.2 s CPU in 10 s, in the twin 0.2 s.
"""

import os
import queue
import random
import struct
import sys
import threading
import time
from pathlib import Path

FACES = ["clarendon", "gothic", "tuscan", "latin", "antique"]
CASES = ["mended", "swash", "display", "common"]
COUSINS = {"clarendon": "antique", "gothic": "latin", "tuscan": "clarendon", "latin": "gothic", "antique": "clarendon"}
SORTS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,!&"
HEAD = struct.Struct("<4sHHH")


def cut_type(root):
    """Fill the drawers: the common ones hold most sorts, the others only a few."""
    dice = random.Random(1871)
    share = {"mended": 0.03, "swash": 0.06, "display": 0.1, "common": 0.9}
    for face in FACES:
        for case in CASES:
            drawer = root / face / case
            drawer.mkdir(parents=True)
            for sort in SORTS:
                if dice.random() < share[case] or (case == "common" and face == "antique"):
                    head = HEAD.pack(b"SORT", 8 + dice.randrange(20), 48, ord(sort))
                    (drawer / f"{ord(sort):04x}.sort").write_bytes(head + bytes(60))


class Drawers:
    """The drawers on disk, and which are searched in which order for a face."""

    def __init__(self, root):
        self.root = root
        self.order = {face: self._order(face) for face in FACES}

    def _order(self, face):
        own = [self.root / face / case for case in CASES]
        cousin = COUSINS[face]
        return [*own, self.root / cousin / "common", self.root / "antique" / "common"]

    def holds(self, drawer, name):
        picture = drawer / name
        return picture if picture.is_file() else None  # <- cost

    def find(self, face, sort):
        name = f"{ord(sort):04x}.sort"
        for drawer in self.order[face]:  # <- cost
            picture = self.holds(drawer, name)
            if picture:
                return picture
        return None


class Sorts:
    """The pictures in use, read once each."""

    def __init__(self, drawers):
        self.drawers = drawers
        self.widths = {}

    def width(self, face, sort):
        picture = self.drawers.find(face, sort)  # <- cost
        if picture is None:
            raise LookupError(f"no {sort!r} for {face}")
        known = self.widths.get(picture)
        if known is None:
            known = self.widths[picture] = self.read(picture)
        return known

    @staticmethod
    def read(picture):
        mark, width, _, sort = HEAD.unpack(picture.read_bytes()[: HEAD.size])
        if mark != b"SORT" or picture.stem != f"{sort:04x}":
            raise ValueError(f"{picture}: not a sort")
        return width


class Compositor:
    MEASURE = 900
    SPACE = 9

    def __init__(self, sorts):
        self.sorts = sorts

    def word_width(self, face, word):
        return sum(self.sorts.width(face, letter) for letter in word)

    def lines(self, face, text):
        line, width = [], 0
        for word in text.split():
            wide = self.word_width(face, word)
            if line and width + self.SPACE + wide > self.MEASURE:
                yield line, self.MEASURE - width
                line, width = [], 0
            width += wide + (self.SPACE if line else 0)
            line.append(word)
        if line:
            yield line, self.MEASURE - width

    def forme(self, poster):
        rows = []
        for face, text in poster:
            for line, rest in self.lines(face, text):
                rows.append((face, " ".join(line), rest / 2))
        return rows


WORDS = (
    "Grand Nocturnal Procession of Lanterns and Stilt walkers by kind permission of the Harbour Master Doors at 7 "
    "Admission 3 pence Dancing Bears have been Withdrawn the celebrated Aeronaut Madame Zephyrine will Ascend from "
    "the Gasworks Field weather permitting Brass Band & Fireworks to conclude God Save the Queen Vast Quantities "
    "of Exotic Jellies a Learned Pig & the Infant Hercules Positively the Last Appearance"
).split()


class Customers:
    """Posters come in at an even pace."""

    def __init__(self, bench, pace):
        self.bench = bench
        self.pace = pace
        self.dice = random.Random(3)

    def poster(self):
        return [(self.dice.choice(FACES), " ".join(self.dice.choices(WORDS, k=12))) for _ in range(6)]

    def run(self):
        due = time.monotonic()
        while True:
            self.bench.put(self.poster())
            due += self.pace
            time.sleep(max(0.0, due - time.monotonic()))


class Press:
    def __init__(self, compositor, bench):
        self.compositor = compositor
        self.bench = bench
        self.posters = 0
        self.rows = 0

    def run(self):
        while True:
            rows = self.compositor.forme(self.bench.get())
            self.rows += len(rows)
            self.posters += 1


def main():
    root = Path("drawers").resolve()
    cut_type(root)
    bench = queue.Queue(maxsize=40)
    press = Press(Compositor(Sorts(Drawers(root))), bench)
    threading.Thread(target=press.run, daemon=True).start()
    threading.Thread(target=Customers(bench, 0.04).run, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(7)
        sys.stderr.write(f"{press.posters} posters, {press.rows} rows\n")


if __name__ == "__main__":
    main()
