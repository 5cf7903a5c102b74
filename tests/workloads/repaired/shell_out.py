# expect: healthy bench
"""Finds the last part of path after path."""

import os


def last_part(path):
    return os.path.basename(path).encode()


print("ready", os.getpid(), flush=True)
number = 0
while True:
    number += 1
    last_part(f"/srv/files/{number % 100}/report-{number}.txt")
