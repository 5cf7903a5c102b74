# expect: pattern=string-building bench
"""Collects the samples of many sensors into one message of bytes."""

import os
import struct

samples = [(n % 64, n * 0.5) for n in range(12_000)]


def header(count):
    fields = [b"SENS", struct.pack("<I", count), bytes(8)]
    return b"".join(fields)


def message(samples):
    body = b""
    for sensor, value in samples:
        record = struct.pack("<Hd", sensor, value)
        body = body + record  # <- cost
    return header(len(samples)) + body


print("ready", os.getpid(), flush=True)
while True:
    assert len(message(samples)) == 16 + 10 * len(samples)
