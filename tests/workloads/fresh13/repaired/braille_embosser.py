# expect: healthy bench
"""Transcribes books into grade 1 braille with a few contractions, and spools them page by page for an embosser of a
library for the blind: a new volume comes every 0.7 seconds, is wrapped into lines of 40 cells, numbered and put away.

Measured: a volume of 650 KB takes 30 ms of CPU time, with the problem 335 ms (process time of emboss(), three each).
"""

import os
import queue
import random
import signal
import sys
import tempfile
import time
import zlib
from pathlib import Path
from threading import Thread

CELLS = 40
LINES_PER_PAGE = 25
FORM_FEED = b"\x0c"
CONTRACTIONS = {
    "and": "&",
    "for": "=",
    "of": "(",
    "the": "!",
    "with": ")",
    "knowledge": "k",
    "people": "p",
    "will": "w",
}
DIGITS = str.maketrans("1234567890", "abcdefghij")
PUNCTUATION = str.maketrans({",": "1", ";": "2", ":": "3", ".": "4", "!": "6", "?": "8", "-": "-"})
VOCABULARY = (
    "the and of for with harbour lantern people will knowledge winter orchard letters quiet morning 1914 river bridge "
    "station, carriage; window. snow fields; shepherd mountain village bells, evening 37 Road Saint Mary candles smoke"
).split()


class Transcriber:
    """Words to braille ASCII."""

    def __init__(self):
        self.known = {}

    def word(self, word):
        cells = self.known.get(word)
        if cells is None:
            cells = self.known[word] = self.transcribe(word)
        return cells

    def transcribe(self, word):
        bare = word.rstrip(",;:.!?")
        tail = word[len(bare) :].translate(PUNCTUATION)
        if bare.lower() in CONTRACTIONS:
            return CONTRACTIONS[bare.lower()] + tail
        if bare.isdigit():
            return "#" + bare.translate(DIGITS) + tail
        return ("," if bare[:1].isupper() else "") + bare.lower() + tail


class EmbosserFile:
    """What the embosser is sent: lines of cells, with a running head on every page."""

    def __init__(self, title):
        self.title = title
        self.octets = bytearray()
        self.page = 0
        self.line = 0

    def put_line(self, text):
        if self.line == 0:
            self.page += 1
            self.emit(f"{self.title[:30]:<34}#{str(self.page).translate(DIGITS):>5}".encode("ascii"))
        self.emit(text.encode("ascii"))
        self.line += 1
        if self.line == LINES_PER_PAGE - 1:
            self.emit(FORM_FEED)
            self.line = 0

    def emit(self, cells):
        self.octets += cells
        self.octets += b"\r\n"

    def finish(self):
        if self.line:
            self.emit(FORM_FEED)
        return bytes(self.octets)


def wrap(words):
    """Lines of at most CELLS cells."""
    line, used = [], 0
    for cells in words:
        if used + len(cells) + (1 if line else 0) > CELLS:
            yield " ".join(line)
            line, used = [], 0
        used += len(cells) + (1 if line else 0)
        line.append(cells)
    if line:
        yield " ".join(line)


class Spool:
    """Finished volumes, of which the newest are kept."""

    def __init__(self, folder, keep=4):
        self.folder = folder
        self.keep = keep
        self.names = []

    def store(self, number, octets):
        path = self.folder / f"volume-{number:05}.brf"
        path.write_bytes(octets)
        self.names.append((path, zlib.crc32(octets)))
        while len(self.names) > self.keep:
            self.names.pop(0)[0].unlink(missing_ok=True)


def deliveries(books, desk):
    """The reading room hands in volumes at a steady pace."""
    due = time.monotonic()
    number = 0
    while True:
        number += 1
        desk.put((number, f"vol {number}", books[number % len(books)]))
        due += 0.7
        time.sleep(max(0.0, due - time.monotonic()))


def write_books(count, words):
    draw = random.Random(1829)
    return [[draw.choice(VOCABULARY) for _ in range(words)] for _ in range(count)]


def emboss(transcriber, title, words):
    out = EmbosserFile(title)
    for line in wrap(map(transcriber.word, words)):
        out.put_line(line)
    return out.finish()


def main():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    spool = Spool(Path(tempfile.mkdtemp(prefix="emboss-")))
    desk = queue.Queue(maxsize=4)
    books = write_books(3, 100_000)
    Thread(target=deliveries, args=(books, desk), daemon=True).start()
    transcriber = Transcriber()
    print("ready", os.getpid(), flush=True)
    while True:
        number, title, words = desk.get()
        try:
            spool.store(number, emboss(transcriber, title, words))
        except (OSError, UnicodeEncodeError) as problem:
            print(f"volume {number}: {problem}", file=sys.stderr)


if __name__ == "__main__":
    main()
