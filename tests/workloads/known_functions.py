"""Calls a function of a C library from two lines, and burns time in a method, at "go"."""

import json
import os
import sys
import time
import zlib

DATA = b"perfdoctor" * 400


class Cart:
    def total(self) -> int:
        ends = time.process_time() + 0.7
        rounds = 0
        while time.process_time() < ends:
            rounds += sum(range(500)) > 0
        return rounds


def check() -> None:
    for _ in range(307):
        zlib.crc32(DATA)  # CHECK
    for _ in range(101):
        zlib.crc32(DATA[:40])  # SHORT


print("ready", os.getpid(), flush=True)
for line in sys.stdin:
    if line.strip() != "go":
        break
    check()
    Cart().total()
    print(json.dumps({"check": 307, "short": 101}), flush=True)
