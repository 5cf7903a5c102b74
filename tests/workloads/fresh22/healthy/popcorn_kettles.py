# bench: healthy
# Listens to the popcorn kettles of a cinema chain's kitchen: the microphone in each hood sends its sound, and the
# program counts the pops and tells when a kettle is to be tipped, which is when less than two a second are heard.
#
# A single event loop that is busy, but efficient: the sound of a block is transformed at once in numpy, buffers are
# used again, the journal is buffered and written once a second, and is started anew when it is long.
#
# Measured: 470 blocks a second, 15 % of a core, 38.6 MiB all the time.
import os
import random
import selectors
import signal
import socket
import sys
import time
from collections import deque

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import numpy
import services

KETTLES, RATE, BLOCK = 40, 48_000, 4096
FRAME, HOP = 512, 64
BYTES = BLOCK * 2
JOURNAL_LIMIT = 1 << 20


class Hung(Exception):
    """The microphone has hung up."""


class Journal:
    """Lines for the kitchen's records; kept in memory until they are written together."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "w", buffering=1 << 16)

    def note(self, text):
        self.file.write(f"{time.time():.2f} {text}\n")

    def flush(self):
        self.file.flush()
        if self.file.tell() > JOURNAL_LIMIT:
            self.file.close()
            os.replace(self.path, f"{self.path}.old")
            self.file = open(self.path, "w", buffering=1 << 16)

    def close(self):
        self.file.close()


class Ear:
    """Finds the pops in a block: sudden energy between two and nine kilohertz."""

    def __init__(self):
        self.window = numpy.hanning(FRAME).astype("f4")
        at = numpy.fft.rfftfreq(FRAME, 1 / RATE)
        self.frames = numpy.zeros((BLOCK // HOP, FRAME), "f4")
        self.spectra = numpy.zeros((BLOCK // HOP, FRAME // 2 + 1), "c8")
        self.band = slice(int(numpy.searchsorted(at, 2000)), int(numpy.searchsorted(at, 9000)))

    def energies(self, sound):
        frames = numpy.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP]
        numpy.multiply(frames, self.window, out=self.frames)
        spectra = numpy.fft.rfft(self.frames, axis=1, out=self.spectra)[:, self.band]
        return (spectra.real**2 + spectra.imag**2).sum(axis=1)

    def pops(self, sound, floor):
        energies = self.energies(sound)
        loud = energies > floor * 8
        starts = int(numpy.count_nonzero(loud[1:] & ~loud[:-1])) + int(loud[0])
        return starts, float(numpy.median(energies))


class Kettle:
    def __init__(self, number, line):
        self.number, self.line = number, line
        self.buffer = bytearray(BYTES)
        self.view = memoryview(self.buffer)
        self.filled = 0
        self.sound = numpy.zeros(BLOCK + FRAME - HOP, "f4")
        self.floor = 1.0
        self.counts = deque(maxlen=16)
        self.batch = 0

    def receive(self):
        """Take what has come; true when a block is complete."""
        got = self.line.recv_into(self.view[self.filled :])
        if not got:
            raise Hung
        self.filled += got
        return self.filled == BYTES

    def hear(self, ear):
        self.filled = 0
        keep = FRAME - HOP
        self.sound[:keep] = self.sound[-keep:]
        numpy.multiply(numpy.frombuffer(self.buffer, "<i2"), 1 / 32768, out=self.sound[keep:], casting="unsafe")
        pops, level = ear.pops(self.sound, self.floor)
        self.floor += 0.05 * (level - self.floor)
        self.counts.append(pops)
        return pops

    def done(self):
        seconds = len(self.counts) * BLOCK / RATE
        return len(self.counts) == self.counts.maxlen and sum(self.counts) < 2 * seconds

    def tip(self):
        self.batch += 1
        self.counts.clear()


class Kitchen:
    def __init__(self):
        self.ear, self.journal = Ear(), Journal("pops.journal")
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.made = self.heard = 0
        self.running = True

    def accept(self):
        line, _ = self.listener.accept()
        self.made += 1
        self.selector.register(line, selectors.EVENT_READ, Kettle(self.made, line))

    def listen(self, kettle):
        try:
            if not kettle.receive():
                return
        except (Hung, OSError):
            self.selector.unregister(kettle.line)
            kettle.line.close()
            return
        self.heard += kettle.hear(self.ear)
        if kettle.done():
            kettle.tip()
            self.journal.note(f"kettle {kettle.number}: tip batch {kettle.batch}")

    def minute(self):
        self.journal.note(f"{self.heard} pops heard")
        self.journal.flush()

    def run(self):
        due = time.monotonic() + 1
        while self.running:
            for key, _ in self.selector.select(max(0.0, due - time.monotonic())):
                if key.data is None:
                    self.accept()
                else:
                    self.listen(key.data)
            if time.monotonic() >= due:
                due = time.monotonic() + 1
                self.minute()
        self.journal.close()

    def stop(self, *_):
        self.running = False


def microphones(port):
    """Hiss with pops, which become fewer in the course of a batch."""
    numbers = numpy.random.default_rng(9)
    blocks = []
    for at in range(64):
        sound = numbers.normal(0, 300, BLOCK)
        for start in numbers.integers(0, BLOCK - 200, max(0, 6 - abs(at - 16) // 4)):
            sound[start : start + 200] += numbers.normal(0, 6000, 200) * numpy.exp(-numpy.arange(200) / 60)
        blocks.append(numpy.clip(sound, -32768, 32767).astype("<i2").tobytes())
    lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(KETTLES)]
    shifts = [random.randrange(64) for _ in lines]
    due, turn = time.monotonic(), 0
    while True:
        for line, shift in zip(lines, shifts):
            line.sendall(blocks[(turn + shift) % 64])
            due += BLOCK / RATE / KETTLES
            time.sleep(max(0.0, due - time.monotonic()))
        turn += 1


def main():
    kitchen = Kitchen()
    signal.signal(signal.SIGTERM, kitchen.stop)
    signal.signal(signal.SIGALRM, lambda *_: print(f"ready {os.getpid()}", flush=True))
    services.outside(lambda: microphones(kitchen.port))
    signal.alarm(2)
    kitchen.run()


if __name__ == "__main__":
    main()
