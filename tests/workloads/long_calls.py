"""A function that is one long call of C, each time with one of a few arguments, and hardly anything besides."""

import hashlib
import os

FEW = 5


def derived(name, at):
    return hashlib.pbkdf2_hmac("sha256", name, b"salt", 60_000), at


def work():
    for number in range(1 << 40):
        derived(b"key %d" % (number % FEW), number % FEW)


if __name__ == "__main__":
    print("ready", os.getpid(), flush=True)
    work()
