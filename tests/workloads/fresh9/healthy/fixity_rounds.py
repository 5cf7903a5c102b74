# expect: healthy bench
"""Fixity checks of a theatre archive: goes round the digitised promptbooks, reads each from end to end, and compares
its digest with the one that was taken when it came in; after each round the ledger gets its lines.

Measured: a round of 96 MB by two threads takes 0.09 s of a core, nearly all of it in SHA-256; then it rests.
"""

import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

BOOKS, SIZE, PIECE = 12, 8 << 20, 1 << 18
THREADS, REST = 2, 0.25
PLAYS = ("Candida", "The Rivals", "Volpone", "Phaedra", "The Bells", "Tartuffe")


@dataclass(frozen=True)
class Book:
    """A promptbook, and what its digest was when it came in."""

    path: Path
    digest: str


@dataclass(frozen=True)
class Check:
    book: str
    intact: bool
    milliseconds: float


def take_in(folder: Path) -> list[Book]:
    chance = random.Random(1895)
    books = []
    page = chance.randbytes(1 << 20)
    for number in range(BOOKS):
        path = folder / f"{PLAYS[number % len(PLAYS)].lower().replace(' ', '-')}-{number:02d}.tif"
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for _ in range(SIZE // len(page)):
                turned = chance.randrange(len(page))
                for piece in (page[turned:], page[:turned]):
                    file.write(piece)
                    digest.update(piece)
        books.append(Book(path, digest.hexdigest()))
    return books


def check(book: Book) -> Check:
    """Read the book through one buffer, which all of its pieces share."""
    began = time.monotonic()
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(PIECE))
    with book.path.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            digest.update(buffer[:size])
    intact = digest.hexdigest() == book.digest
    return Check(book.path.name, intact, round(1000 * (time.monotonic() - began), 2))


class Ledger:
    """One line for each check; a year's ledger is closed after so many rounds."""

    ROUNDS = 1000

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w")
        self._rounds = 0

    def enter(self, checks: list[Check]) -> None:
        """What was found in a round must be on the disk before the next one."""
        for each in checks:
            self._file.write(json.dumps({"round": self._rounds, **vars(each)}) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._rounds += 1
        if self._rounds % self.ROUNDS == 0:
            self._file.close()
            self._path.replace(self._path.with_suffix(".closed"))
            self._file = self._path.open("w")


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(dir=".") as folder, ThreadPoolExecutor(THREADS) as readers:
        books = take_in(Path(folder))
        ledger = Ledger(Path("ledger.jsonl"))
        print("ready", os.getpid(), flush=True)
        while True:
            checks = list(readers.map(check, books))
            ledger.enter(checks)
            if not all(each.intact for each in checks):
                print("damaged:", *(each.book for each in checks if not each.intact), flush=True)
            time.sleep(REST)


if __name__ == "__main__":
    main()
