# expect: pattern=small-io bench
"""Reads records from a file: a length byte, then so many bytes of text."""

import os

with open("records.bin", "wb") as file:
    for number in range(20_000):
        text = f"record {number} of the day".encode()
        file.write(bytes([len(text)]) + text)
for day in range(3000):  # many days, all alike
    os.link("records.bin", f"day-{day}.bin")


def records(path):
    with open(path, "rb", buffering=0) as file:
        while True:
            length = file.read(1)  # <- cost
            if not length:
                return
            yield file.read(length[0]).decode()  # <- cost


def longest(path):
    return max(len(text) for text in records(path))


print("ready", os.getpid(), flush=True)
while True:
    for day in range(3000):
        longest(f"day-{day}.bin")
