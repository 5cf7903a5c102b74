# expect: healthy bench
"""Archives files: hashes and compresses each of them. That is its work."""

import hashlib
import os
import zlib

files = [os.urandom(20_000) + bytes(60_000) + f"file {n}".encode() * 3000 for n in range(8)]


def archive(name, data):
    digest = hashlib.sha256(data).hexdigest()
    packed = zlib.compress(data, 6)
    return f"{name} {digest} {len(packed)}"


print("ready", os.getpid(), flush=True)
while True:
    for number, data in enumerate(files):
        archive(f"file-{number}", data)
