# expect: healthy bench
"""A pool of threads takes checksums of files, reading them in large blocks."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

for number in range(8):
    with open(f"part-{number}", "wb") as file:
        file.write(os.urandom(1 << 20) * 8)
    for copy in range(500):
        os.link(f"part-{number}", f"part-{copy * 8 + number}-of-4000")


def checksum(number):
    digest = hashlib.sha256()
    with open(f"part-{number}-of-4000", "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


print("ready", os.getpid(), flush=True)
with ThreadPoolExecutor(2) as pool:
    while True:
        list(pool.map(checksum, range(4000)))
