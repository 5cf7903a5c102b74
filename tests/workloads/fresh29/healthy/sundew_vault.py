# expect: healthy bench
"""Nightly back-up of a sundew nursery's climate archive, sped up: a recorder hands over a finished file every 1.5 seconds,
and the vault cuts it into chunks, stores those that it does not have yet, compressed, in a pack, and drops the oldest back-ups.
Bursty: it waits between the files.
"""

import hashlib
import json
import os
import queue
import random
import threading
import time
import zlib

CHUNK = 64 * 1024
FILE_CHUNKS = 160
FRESH_CHUNKS = 60
PERIOD = 1.5
KEPT = 12


class Pack:
    """Chunks one after the other in one file, on disk for good once it is closed."""

    def __init__(self, number):
        self.number = number
        self.path = os.path.join("vault", f"pack-{number:06d}.bin")
        self.out = open(self.path, "wb", buffering=1 << 20)
        self.size = 0

    def add(self, data):
        place = (self.number, self.size, len(data))
        self.out.write(data)
        self.size += len(data)
        return place

    def close(self):
        self.out.flush()
        os.fdatasync(self.out.fileno())
        self.out.close()


class Vault:
    def __init__(self):
        os.makedirs("vault", exist_ok=True)
        self.index = {}
        self.used = {}
        self.backups = []
        self.number = 0

    def store(self, path):
        """Back up one file; how many of its chunks were new."""
        self.number += 1
        pack = Pack(self.number)
        digests = []
        fresh = 0
        with open(path, "rb") as source:
            while data := source.read(CHUNK):
                digest = hashlib.blake2b(data, digest_size=20).digest()
                if digest not in self.index:
                    self.index[digest] = pack.add(zlib.compress(data, 1))
                    fresh += 1
                self.used[digest] = self.used.get(digest, 0) + 1
                digests.append(digest)
        pack.close()
        self.write_manifest(path, digests)
        self.backups.append((self.number, digests))
        while len(self.backups) > KEPT:
            self.drop(*self.backups.pop(0))
        return fresh

    def write_manifest(self, path, digests):
        lines = [[digest.hex(), *self.index[digest]] for digest in digests]
        with open(os.path.join("vault", f"manifest-{self.number:06d}.json"), "w") as out:
            out.write(json.dumps({"file": path, "chunks": lines}))

    def drop(self, number, digests):
        for digest in digests:
            self.used[digest] -= 1
            if not self.used[digest]:
                del self.used[digest], self.index[digest]
        os.remove(os.path.join("vault", f"manifest-{number:06d}.json"))
        alive = {place[0] for place in self.index.values()}
        for name in os.listdir("vault"):
            if name.startswith("pack-") and int(name[5:11]) not in alive:
                os.remove(os.path.join("vault", name))


def recorder(finished):
    """Writes the archive anew each time; a good third of it differs from the last one."""
    draw = random.Random(61)

    def climate():
        start = draw.randrange(1 << 20)
        lines = [b"%08d humidity %d light %d\n" % (start + n, 60 + n % 31, n * 7 % 977) for n in range(2000)]
        return b"".join(lines)[:CHUNK].ljust(CHUNK, b" ")

    chunks = [climate() for _ in range(FILE_CHUNKS)]
    due = time.monotonic()
    for number in range(1 << 40):
        for at in range(FRESH_CHUNKS):
            chunks[(number * FRESH_CHUNKS + at) % FILE_CHUNKS] = climate()
        path = f"climate-{number % 4}.dat"
        with open(path, "wb") as out:
            out.writelines(chunks)
        finished.put(path)
        due = max(due + PERIOD, time.monotonic())
        time.sleep(due - time.monotonic())


def main():
    vault = Vault()
    finished = queue.Queue(maxsize=2)
    threading.Thread(target=recorder, args=(finished,), name="recorder", daemon=True).start()
    vault.store(finished.get())
    print("ready", os.getpid(), flush=True)
    while True:
        vault.store(finished.get())


main()
