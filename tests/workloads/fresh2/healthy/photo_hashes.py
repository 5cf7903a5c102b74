# expect: healthy bench
"""Finds doubled photos: a pool of processes takes the hash of each file, in large blocks; a batch, begun anew forever."""

import hashlib
import logging
import multiprocessing
import os
from pathlib import Path

FILES, SIZE, BLOCK = 60, 3 << 20, 1 << 20
logging.basicConfig(filename="photos.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def make_photos():
    Path("photos").mkdir()
    for number in range(FILES):
        with open(f"photos/{number:04}.raw", "wb") as photo:
            photo.write(hashlib.shake_128(str(number % 50).encode()).digest(SIZE))


def begin():
    """Each process of the pool has one buffer of its own."""
    digest_of.buffer = memoryview(bytearray(BLOCK))


def digest_of(path):
    whole = hashlib.blake2b(digest_size=20)
    with open(path, "rb", buffering=0) as photo:
        while size := photo.readinto(digest_of.buffer):
            whole.update(digest_of.buffer[:size])
    return path, whole.hexdigest()


def main():
    make_photos()
    paths = sorted(str(path) for path in Path("photos").iterdir())
    done = 0
    with multiprocessing.get_context("fork").Pool(2, begin) as pool:
        print("ready", os.getpid(), flush=True)
        while True:
            known, doubled = {}, 0
            for path, digest in pool.imap_unordered(digest_of, paths, chunksize=4):
                doubled += digest in known
                known.setdefault(digest, path)
                done += 1
            logging.info("%d photos, %d of %d doubled", done, doubled, len(paths))


main()
