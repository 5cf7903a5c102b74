# expect: pattern=process-churn
"""Finds the last part of path after path."""

import os
import subprocess


def last_part(path):
    return subprocess.run(["basename", path], capture_output=True, check=True).stdout.strip()  # <- cost


print("ready", os.getpid(), flush=True)
number = 0
while True:
    number += 1
    last_part(f"/srv/files/{number % 100}/report-{number}.txt")
