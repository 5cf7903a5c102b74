# expect: healthy bench
"""A journal of payments: each must be on the disk before it is confirmed."""

import os
import struct

journal = open("payments.journal", "wb")  # noqa: SIM115
number = 0


def payments(count):
    global number
    for _ in range(count):
        number += 1
        yield struct.pack("<QQd", number, number * 7 % 1000, number / 3) + b"for the goods" * 4


def settle(batch):
    for payment in batch:
        journal.write(payment)
    journal.flush()
    os.fsync(journal.fileno())


print("ready", os.getpid(), flush=True)
while True:
    settle(list(payments(20_000)))
    if number % 1_000_000 == 0:
        journal.truncate(0)
