"""At "go" it reads a file that is open already, 101 times 4096 bytes over a second, and keeps it open."""

import json
import os
import sys
import time

path = os.path.join(os.getcwd(), "slow")
with open(path, "wb") as made:
    made.write(bytes(101 * 4096))
fd = os.open(path, os.O_RDONLY)
print("ready", os.getpid(), flush=True)
for line in sys.stdin:
    if line.strip() != "go":
        break
    for _ in range(101):
        os.read(fd, 4096)
        time.sleep(0.01)
    time.sleep(0.3)  # so that the last look finds it
    print(json.dumps({"path": path, "bytes": 101 * 4096}), flush=True)
