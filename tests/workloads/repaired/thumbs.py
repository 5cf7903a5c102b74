# expect: healthy bench
"""Scales frames of a camera into a buffer that is kept."""

import os

WIDTH, HEIGHT = 3840, 2160
source = bytes(range(256)) * (WIDTH * HEIGHT // 256)
target = bytearray(len(source) * 6)


def scaled(frame):
    target[: len(frame)] = frame
    return target


def brightness(frame):
    return sum(frame[::50_000])


print("ready", os.getpid(), flush=True)
while True:
    brightness(scaled(source))
