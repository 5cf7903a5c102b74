# bench: healthy
"""Listens to hurdy-gurdies at the bench of their maker: pick-ups at the wheel send sound in blocks over TCP, and the
station tells how evenly a wheel turns, which strings drone, and keeps the sound of the last minutes.

Streaming: one thread, a selector, blocks received into buffers that are used again, arrays as a whole, a file of sound
that is written in large pieces and goes round.

Measured: 16 pick-ups with 96 000 samples a second each; 7 % of a core.
"""

import os
import selectors
import socket
import struct
import sys
import time
from collections import deque

import numpy as np

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

PICKUPS = 16
RATE = 96000
BLOCK = 1024
HEAD = struct.Struct("<IHH")  # number of the block, pick-up, samples
FRAME = HEAD.size + 2 * BLOCK
STRINGS = (("trompette", 130.8), ("mouche", 98.0), ("petit bourdon", 65.4), ("gros bourdon", 49.0))


class OutOfStep(ValueError):
    pass


class SoundRing:
    """The last sound of all pick-ups in a file of a fixed size, written a quarter of a megabyte at a time."""

    def __init__(self, path, size=48 << 20, piece=256 << 10):
        self.file = open(path, "w+b", buffering=0)
        self.file.truncate(size)
        self.size, self.piece = size, piece
        self.waiting = bytearray()
        self.at = 0

    def add(self, sound):
        self.waiting += sound
        if len(self.waiting) >= self.piece:
            self.spill()

    def spill(self):
        if self.at + len(self.waiting) > self.size:
            self.at = 0
        self.at += os.pwrite(self.file.fileno(), self.waiting, self.at)
        self.waiting.clear()


class Wheel:
    """Loudness in time shows how round a wheel is: it swings with the turns of the crank."""

    def __init__(self):
        self.window = np.hanning(BLOCK)
        self.loudness = deque(maxlen=256)
        bins = np.array([frequency for _, frequency in STRINGS])[:, None] * np.arange(1, 6)[None, :]
        self.bins = np.clip((bins * BLOCK / RATE).round().astype(int), 1, BLOCK // 2)
        self.droning = np.zeros(len(STRINGS))
        self.blocks = 0

    def hear(self, samples):
        sound = samples.astype(np.float32) / 32768.0
        self.loudness.append(float(np.sqrt(np.mean(sound * sound))))
        spectrum = np.abs(np.fft.rfft(sound * self.window))
        strength = spectrum[self.bins].sum(axis=1) / (spectrum.sum() + 1e-9)
        self.droning += 0.05 * (strength - self.droning)
        self.blocks += 1

    def unevenness(self):
        if len(self.loudness) < 64:
            return 0.0
        loud = np.asarray(self.loudness)
        return float(loud.std() / (loud.mean() + 1e-9))

    def report(self):
        strings = [name for (name, _), strength in zip(STRINGS, self.droning, strict=True) if strength > 0.02]
        return f"{self.blocks} blocks, unevenness {self.unevenness():.3f}, {', '.join(strings) or 'no drone'}"


class Pickup:
    """A line, with a buffer that holds some frames and is filled in place."""

    def __init__(self, line):
        line.setblocking(False)
        self.line = line
        self.buffer = bytearray(16 * FRAME)
        self.view = memoryview(self.buffer)
        self.filled = 0
        self.next = None
        self.lost = 0

    def fill(self):
        got = self.line.recv_into(self.view[self.filled :])
        self.filled += got
        return got > 0

    def frames(self):
        at = 0
        while self.filled - at >= FRAME:
            number, pickup, samples = HEAD.unpack_from(self.buffer, at)
            if samples != BLOCK or pickup >= PICKUPS:
                raise OutOfStep(f"pick-up {pickup}, {samples} samples")
            if self.next is not None and number != self.next:
                self.lost += number - self.next
            self.next = number + 1
            yield pickup, self.view[at + HEAD.size : at + FRAME]
            at += FRAME
        left = self.filled - at
        self.buffer[:left] = self.buffer[at : self.filled]  # less than a frame
        self.filled = left


class Station:
    def __init__(self, listening):
        self.selector = selectors.DefaultSelector()
        self.selector.register(listening, selectors.EVENT_READ, None)
        self.wheels = [Wheel() for _ in range(PICKUPS)]
        self.ring = SoundRing("sound.ring")
        self.reported = time.monotonic()

    def admit(self, listening):
        line, _ = listening.accept()
        self.selector.register(line, selectors.EVENT_READ, Pickup(line))

    def dismiss(self, pickup):
        self.selector.unregister(pickup.line)
        pickup.line.close()

    def attend(self, pickup):
        try:
            if not pickup.fill():
                return self.dismiss(pickup)
            for which, block in pickup.frames():
                self.wheels[which].hear(np.frombuffer(block, dtype="<i2"))
                self.ring.add(block)
        except BlockingIOError:
            pass
        except (OSError, OutOfStep):
            self.dismiss(pickup)

    def report(self):
        with open("bench.txt", "w") as file:
            file.writelines(f"wheel {number}: {wheel.report()}\n" for number, wheel in enumerate(self.wheels))

    def run(self, until=float("inf")):
        while time.monotonic() < until:
            for key, _ in self.selector.select(timeout=1):
                if key.data is None:
                    self.admit(key.fileobj)
                else:
                    self.attend(key.data)
            if time.monotonic() - self.reported > 5:
                self.reported = time.monotonic()
                self.report()


def crank(port):
    """The pick-ups: a turn of sound that was made before, sent block by block at the pace of the sound."""
    moment = np.arange(BLOCK * 64) / RATE
    turn = sum(np.sin(2 * np.pi * frequency * moment) / (n + 2) for n, (_, frequency) in enumerate(STRINGS))
    sound = (turn * (1 + 0.1 * np.sin(2 * np.pi * 2 * moment)) * 8000).clip(-32000, 32000).astype("<i2")
    blocks = [sound[at : at + BLOCK].tobytes() for at in range(0, len(sound), BLOCK)]
    lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(PICKUPS)]
    due, number = time.monotonic(), 0
    while True:
        for pickup, line in enumerate(lines):
            line.sendall(HEAD.pack(number, pickup, BLOCK) + blocks[number % len(blocks)])
        number += 1
        due += BLOCK / RATE
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    listening = socket.create_server(("127.0.0.1", 0))
    services.outside(lambda: crank(listening.getsockname()[1]))
    station = Station(listening)
    station.run(until=time.monotonic() + 1.5)
    print(f"ready {os.getpid()}", flush=True)
    station.run()


if __name__ == "__main__":
    main()
