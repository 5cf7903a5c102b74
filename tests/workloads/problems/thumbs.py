# expect: pattern=allocation-churn bench
"""Scales frames of a camera; each one gets buffers of its own."""

import os

WIDTH, HEIGHT = 3840, 2160
source = bytes(range(256)) * (WIDTH * HEIGHT // 256)


def scaled(frame):
    target = bytearray(len(frame) * 6)  # <- cost
    target[: len(frame)] = frame  # <- cost
    return target


def brightness(frame):
    return sum(frame[::50_000])


print("ready", os.getpid(), flush=True)
while True:
    brightness(scaled(source))
