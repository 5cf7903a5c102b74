"""A program that touches new memory at known lines. ``ready PID``, ``go``, one JSON line of truth, ``stop``.

Sizes are page multiples of primes and far above what malloc keeps for itself (32 MiB at most), so each is mapped anew.
"""

import json
import mmap
import os
import sys

PAGE = mmap.PAGESIZE
LARGE = 67 << 20

kept = []


def maps_and_touches(pages: int) -> int:
    area = mmap.mmap(-1, pages * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.madvise(15)  # MADV_NOHUGEPAGE: a fault is a page
    for at in range(0, pages * PAGE, PAGE):
        area[at] = 1  # <- touched
    kept.append(area)
    return pages


def retains(blocks: int) -> int:
    for _ in range(blocks):
        kept.append(bytearray(LARGE))  # <- mapped
    return blocks


def passing(blocks: int) -> int:
    for _ in range(blocks):
        bytearray(LARGE)  # <- passing
    return blocks


def reads(pages: int) -> int:
    """The kernel touches the new memory: read(2) into it."""
    area = mmap.mmap(-1, pages * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.madvise(15)
    with open("/dev/zero", "rb", buffering=0) as zero:
        zero.readinto(area)  # <- read
    kept.append(area)
    return pages


def line_of(mark: str) -> int:
    with open(__file__) as source:
        return next(i for i, line in enumerate(source, 1) if line.rstrip().endswith(f"# <- {mark}"))


def main() -> None:
    lines = {mark: line_of(mark) for mark in ("touched", "mapped", "passing", "read")}
    print("ready", os.getpid(), flush=True)
    sys.stdin.readline()
    truth = {
        "touched": maps_and_touches(1511),
        "mapped": retains(7),
        "passing": passing(13),
        "read": reads(1009),
    }
    print(json.dumps({mark: {"line": lines[mark], "count": count} for mark, count in truth.items()}), flush=True)
    sys.stdin.readline()
    os._exit(0)  # an orderly end would free what is kept


if __name__ == "__main__":
    main()
