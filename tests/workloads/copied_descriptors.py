"""Reads a file by copies of its descriptor (os.dup asks fcntl for one), and asks fcntl other things of it."""

import fcntl
import json
import os
import sys
from pathlib import Path

FILES, READS = 5, 20


def read_by_a_copy(path):
    opened = os.open(path, os.O_RDONLY)
    copy = os.dup(opened)
    # (the answer is 1, which is also the number of a descriptor)
    assert fcntl.fcntl(copy, fcntl.F_GETFD) == fcntl.FD_CLOEXEC
    for at in range(READS):
        os.pread(copy, 64, 64 * at)
    os.close(copy)
    os.close(opened)


def main():
    path = Path("copied.bin")
    path.write_bytes(bytes(64 * READS))
    print("ready", os.getpid(), flush=True)
    for line in sys.stdin:
        if line.strip() == "go":
            for _ in range(FILES):
                read_by_a_copy(path)
                os.write(1, b"")
            print(json.dumps({"reads": FILES * READS, "writes": FILES}), flush=True)


main()
