"""Reaches the disk in known ways, once, at "go": reads past the page cache, reads of what is not in it, reads of what
is, and syncs. The numbers are primes; each line's truth is in the test."""

import json
import mmap
import os
import random
import sys

PAGE, PAGES = 4096, 2000
MISSES, DIRECT, HITS, SYNCS = 307, 211, 1009, 13


def make(name: str) -> str:
    path = os.path.join(os.getcwd(), name)
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    os.write(fd, os.urandom(PAGES * PAGE))
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
    return path


def read_cold(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)  # no reading ahead
    for page in random.Random(7).sample(range(PAGES), MISSES):
        os.pread(fd, 100, page * PAGE)  # COLD
    os.close(fd)


def read_past_the_cache(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    room = mmap.mmap(-1, PAGE)
    for page in random.Random(11).sample(range(PAGES), DIRECT):
        os.preadv(fd, [room], page * PAGE)  # DIRECT
    os.close(fd)


def read_warm(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    for _ in range(HITS):
        os.pread(fd, PAGE, 0)  # WARM
    os.close(fd)


def sync_often(path: str) -> None:
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    for i in range(SYNCS):
        os.pwrite(fd, b"x" * PAGE, i * PAGE)
        os.fsync(fd)  # SYNC
    os.close(fd)


def main() -> None:
    paths = {name: make(name) for name in ("cold", "direct")}
    paths["log"] = os.path.join(os.getcwd(), "log")
    print("ready", os.getpid(), flush=True)
    for line in sys.stdin:
        if line.strip() != "go":
            break
        read_cold(paths["cold"])
        read_past_the_cache(paths["direct"])
        read_warm(sys.executable)
        sync_often(paths["log"])
        print(json.dumps(paths), flush=True)


main()
