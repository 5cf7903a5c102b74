# expect: healthy bench
"""Nightly backup of the scans of a monastery's manuscripts, by content.

Scans that changed since the last round are read in pieces of a megabyte; a piece that the store does not have yet is
compressed and kept under its hash, in packs. Of the rest only the list of hashes is written. A camera thread changes
scans all the time, and the backup goes over the folder every two seconds.
"""

import hashlib
import itertools
import json
import os
import random
import sqlite3
import threading
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

SCANS = Path("scans")
STORE = Path("store")
PIECE = 1 << 20
PACK = 48 << 20
PACKS_KEPT = 3
FOLIOS = 40
BATCH = 64


@dataclass
class Stats:
    pieces: int = 0
    fresh: int = 0
    read: int = 0
    written: int = 0


class PackWriter:
    """Appends compressed pieces to the current pack; begins another one when it is full."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        self.numbers = itertools.count()
        self.names: list[Path] = []
        self.file = None
        self.begin()

    def begin(self) -> None:
        if self.file:
            self.file.close()
        name = self.folder / f"pack-{next(self.numbers):06d}"
        self.file = open(name, "wb", buffering=1 << 20)
        self.names.append(name)
        self.size = 0

    def append(self, data: bytes) -> tuple[str, int]:
        if self.size + len(data) > PACK:
            self.begin()
        at = self.size
        self.file.write(data)
        self.size += len(data)
        return self.names[-1].name, at


class Catalogue:
    """Where each piece lies; written in batches."""

    def __init__(self, path: str):
        self.db = sqlite3.connect(path)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute(
            "CREATE TABLE pieces (hash BLOB PRIMARY KEY, pack TEXT, at INTEGER, size INTEGER) WITHOUT ROWID"
        )
        self.db.execute("CREATE INDEX pieces_by_pack ON pieces (pack)")
        self.known: set[bytes] = set()
        self.pending: list[tuple] = []

    def add(self, digest: bytes, pack: str, at: int, size: int) -> None:
        self.known.add(digest)
        self.pending.append((digest, pack, at, size))
        if len(self.pending) >= BATCH:
            self.flush()

    def flush(self) -> None:
        with self.db:
            self.db.executemany("INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?)", self.pending)
        self.pending.clear()

    def forget(self, pack: str) -> set[bytes]:
        """Remove what lies in ``pack``; the hashes of that."""
        self.flush()
        gone = {row[0] for row in self.db.execute("SELECT hash FROM pieces WHERE pack = ?", (pack,))}
        with self.db:
            self.db.execute("DELETE FROM pieces WHERE pack = ?", (pack,))
        self.known -= gone
        return gone


class Backup:
    def __init__(self) -> None:
        self.packs = PackWriter(STORE)
        self.catalogue = Catalogue("catalogue.db")
        self.buffer = bytearray(PIECE)
        self.stats = Stats()
        self.stored: dict[str, tuple[tuple[int, int], list[bytes]]] = {}

    def store(self, folio: str) -> list[bytes]:
        hashes = []
        view = memoryview(self.buffer)
        with open(folio, "rb", buffering=0) as file:
            while got := file.readinto(view):
                piece = view[:got]
                digest = hashlib.blake2b(piece, digest_size=24).digest()
                self.stats.pieces += 1
                self.stats.read += got
                if digest not in self.catalogue.known:
                    packed = zlib.compress(piece, 1)
                    name, at = self.packs.append(packed)
                    self.catalogue.add(digest, name, at, len(packed))
                    self.stats.fresh += 1
                    self.stats.written += len(packed)
                hashes.append(digest)
        return hashes

    def round(self) -> None:
        with os.scandir(SCANS) as entries:
            for entry in entries:
                status = entry.stat()
                version = (status.st_mtime_ns, status.st_size)
                if entry.name not in self.stored or self.stored[entry.name][0] != version:
                    self.stored[entry.name] = (version, self.store(entry.path))
        self.catalogue.flush()
        tree = {name: [digest.hex() for digest in hashes] for name, (_, hashes) in self.stored.items()}
        with open("tree.new", "w") as file:
            json.dump({"at": time.time(), "folios": tree, "stats": vars(self.stats)}, file)
        os.replace("tree.new", "tree.json")
        while len(self.packs.names) > PACKS_KEPT:
            oldest = self.packs.names.pop(0)
            gone = self.catalogue.forget(oldest.name)
            oldest.unlink()
            for name, (_, hashes) in list(self.stored.items()):
                if not gone.isdisjoint(hashes):
                    del self.stored[name]  # what of it still is in use goes into the current pack


def draw(random_: random.Random, size: int) -> bytes:
    """Something like parchment: it compresses, a little."""
    tile = random_.randbytes(size // 4)
    return tile + bytes(size // 4) + tile[::-1] + random_.randbytes(size - size // 4 * 3)


def photograph(queue: list[Path], every: float = 0.06) -> None:
    """Another scan is new or changed now and then."""
    random_ = random.Random(3)
    for number in itertools.count():
        time.sleep(every)
        path = queue[number % len(queue)]
        with open(path, "r+b") as file:
            file.seek(random_.randrange(3) * PIECE)
            file.write(draw(random_, PIECE))


def main() -> None:
    SCANS.mkdir()
    random_ = random.Random(1)
    folios = [SCANS / f"folio-{number:03d}.raw" for number in range(FOLIOS)]
    for folio in folios:
        folio.write_bytes(draw(random_, 3 * PIECE))
    backup = Backup()
    backup.round()
    threading.Thread(target=photograph, args=(folios,), name="camera", daemon=True).start()
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    while True:
        backup.round()
        due = max(due + 2.0, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
