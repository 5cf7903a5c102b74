# expect: pattern=repeated-computation bench
"""Checks certificates of peers; each check makes a TLS context of its own."""

import hashlib
import os
import ssl


def check(name):
    context = ssl.create_default_context()  # <- cost
    context.load_default_certs()  # <- cost
    return len(context.get_ciphers()) + len(name)


def mark(name):
    return hashlib.sha256(name.encode() * 20).hexdigest()


print("ready", os.getpid(), flush=True)
number = 0
while True:
    check(f"peer-{number}")
    mark(f"peer-{number}")
    number += 1
