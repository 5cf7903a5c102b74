"""Uses files in known ways, once, at "go"; the numbers are primes. It tells what each marked line did.

Before "ready" it opens one file, which it reads and closes at "go".
"""

import json
import os
import sys

SIZE, CHUNK = 64_000, 128
truth: dict[str, dict[str, int]] = {}


def begin(folder: str) -> dict[str, str]:
    paths = {name: os.path.join(folder, name) for name in ("before", "again", "walk", "jump", "log", "absent")}
    for name in ("before", "again", "walk", "jump"):
        with open(paths[name], "wb") as file:
            file.write(bytes(SIZE))
    return paths


def look_for(path: str) -> None:
    for _ in range(307):
        os.path.exists(path)  # LOOK


def read_again(path: str) -> None:
    for _ in range(53):
        fd = os.open(path, os.O_RDONLY)  # OPEN
        os.read(fd, SIZE)  # AGAIN
        os.close(fd)


def read_in_order(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    for _ in range(211):
        os.read(fd, CHUNK)  # WALK
    os.close(fd)


def read_about(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    for i in range(101):
        os.pread(fd, CHUNK, (i * 7919) % (SIZE - CHUNK))  # JUMP
    os.close(fd)


def write_log(path: str) -> None:
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    for _ in range(17):
        os.write(fd, b"x" * 64)  # WRITE
        os.fsync(fd)  # SYNC
    os.close(fd)


def read_what_was_open(fd: int) -> None:
    for _ in range(13):
        os.read(fd, CHUNK)  # BEFORE
    os.close(fd)


def child_writes(path: str) -> None:
    pid = os.fork()
    if pid == 0:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND)
        for _ in range(19):
            os.write(fd, b"y" * 32)  # CHILD
        os._exit(0)
    os.waitpid(pid, 0)


def main() -> None:
    paths = begin(os.getcwd())
    was_open = os.open(paths["before"], os.O_RDONLY)
    print("ready", os.getpid(), flush=True)
    for line in sys.stdin:
        if line.strip() != "go":
            break
        look_for(paths["absent"])
        read_again(paths["again"])
        read_in_order(paths["walk"])
        read_about(paths["jump"])
        write_log("log")  # relative: below the working directory
        read_what_was_open(was_open)
        child_writes(paths["log"])
        print(json.dumps(paths), flush=True)


main()
