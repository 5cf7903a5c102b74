"""Says "ready"; when told, makes 20,011 objects of 300 bytes, says how many, and keeps them."""

import os

import sys

print("ready", os.getpid(), flush=True)
sys.stdin.readline()
kept = []
for number in range(20011):
    kept.append(bytes(300 - sys.getsizeof(b"")))
print(len(kept), flush=True)
sys.stdin.readline()
