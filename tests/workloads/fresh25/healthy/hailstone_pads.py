# bench: healthy
# Follows a net of hail pads: foils on springs whose impacts are sampled and sent in frames over TCP. One thread with a
# selector reads all lines, cuts them into frames, finds the impacts with NumPy, sorts them into classes of size, and
# keeps the last minutes of each pad; every two seconds a bulletin is appended to a file.
#
# Looks costly, and is as it should be: it is at work all the time, but on whole arrays; the buffers of the lines are of
# a fixed size and used again; the rings are bounded; the bulletin is one write; the selector wakes because there is
# something to read.
# Measured: 1200 frames (10 MB) a second, 20 % of a core.
import os
import random
import selectors
import socket
import struct
import sys
import time
from collections import Counter, deque

import numpy

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

PADS = 8
SAMPLES = 4096  # of a frame
FRAMES_PER_SECOND = 150  # of a pad
HEAD = struct.Struct("<2sHIf")  # magic, pad, number, volts for a step
FRAME = HEAD.size + 2 * SAMPLES
CLASSES = numpy.array([0.0, 5.0, 10.0, 20.0, 30.0, 50.0])  # millimetres
NAMES = ("graupel", "pea", "marble", "walnut", "egg", "fist")
KEPT = 500  # frames of a pad


class Garbled(ValueError):
    """What comes is no frame."""


class Detector:
    """Finds impacts: where the smoothed energy rises over the noise."""

    def __init__(self, width=16, factor=6.0):
        self.width = width
        self.factor = factor
        self.window = numpy.hanning(width)
        self.window /= self.window.sum()

    def energy(self, volts):
        centred = volts - volts.mean()
        return numpy.convolve(centred * centred, self.window, "same")

    def impacts(self, volts):
        """Peak energy of each impact."""
        energy = self.energy(volts)
        over = energy > self.factor * numpy.median(energy) + 1e-9
        edges = numpy.flatnonzero(numpy.diff(over.astype(numpy.int8)))
        if over[0]:
            edges = edges[1:]
        starts, ends = edges[0::2], edges[1::2]
        starts = starts[: len(ends)]
        if not len(starts):
            return numpy.empty(0)
        bounds = numpy.column_stack((starts, ends)).ravel()
        return numpy.maximum.reduceat(energy, bounds)[::2]


class Pad:
    """What one pad felt lately."""

    def __init__(self, number):
        self.number = number
        self.rates = deque(maxlen=KEPT)
        self.sizes = Counter()
        self.last = None
        self.lost = 0

    def enter(self, number, peaks):
        if self.last is not None and number != self.last + 1:
            self.lost += max(0, number - self.last - 1)
        self.last = number
        self.rates.append(len(peaks))
        if len(peaks):
            diameters = 14.0 * peaks**0.25
            for index, count in enumerate(numpy.bincount(numpy.digitize(diameters, CLASSES) - 1)):
                if count:
                    self.sizes[NAMES[index]] += int(count)

    def line(self):
        rate = sum(self.rates) / max(1, len(self.rates))
        sizes = " ".join(f"{name}:{self.sizes[name]}" for name in NAMES if self.sizes[name])
        return f"pad {self.number} {rate:6.2f} a frame, {self.lost} lost, {sizes}\n"


class Line:
    """The connection of a pad, with a buffer that takes a few frames."""

    def __init__(self, connection):
        self.connection = connection
        self.buffer = bytearray(4 * FRAME)
        self.view = memoryview(self.buffer)
        self.filled = 0

    def receive(self):
        """Read what is there; False if the pad hung up."""
        got = self.connection.recv_into(self.view[self.filled :])
        self.filled += got
        return got > 0

    def frames(self):
        at = 0
        while self.filled - at >= FRAME:
            magic, pad, number, step = HEAD.unpack_from(self.buffer, at)
            if magic != b"HP" or pad >= PADS:
                raise Garbled(f"{magic!r} of pad {pad}")
            steps = numpy.frombuffer(self.buffer, "<i2", SAMPLES, at + HEAD.size)
            yield pad, number, steps * numpy.float32(step)
            at += FRAME
        self.view[: self.filled - at] = self.view[at : self.filled]
        self.filled -= at


class Net:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=PADS)
        self.listening.setblocking(False)
        self.selector.register(self.listening, selectors.EVENT_READ, None)
        self.port = self.listening.getsockname()[1]
        self.detector = Detector()
        self.pads = [Pad(number) for number in range(PADS)]
        self.frames = 0

    def accept(self):
        connection, _ = self.listening.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * FRAME)
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ, Line(connection))

    def hang_up(self, line):
        self.selector.unregister(line.connection)
        line.connection.close()

    def serve(self, line):
        try:
            if not line.receive():
                return self.hang_up(line)
            for pad, number, volts in line.frames():
                self.pads[pad].enter(number, self.detector.impacts(volts))
                self.frames += 1
        except (OSError, Garbled):
            self.hang_up(line)

    def bulletin(self, path):
        if os.path.exists(path) and os.path.getsize(path) > 1 << 20:
            os.replace(path, f"{path}.1")
        with open(path, "a") as file:
            file.write("".join(pad.line() for pad in self.pads))

    def run(self, every):
        due, ready_at = time.monotonic() + every, time.monotonic() + 2
        while True:
            for key, _ in self.selector.select(max(0.0, due - time.monotonic())):
                self.serve(key.data) if key.data else self.accept()
            now = time.monotonic()
            if now >= due:
                self.bulletin("bulletin.txt")
                due += every
            if ready_at and now >= ready_at:
                print(f"ready {os.getpid()}", flush=True)
                ready_at = None


def storm(port):
    """All pads in a storm, from a few frames made before."""
    made = []
    rng, chance = numpy.random.default_rng(6), random.Random(6)
    for _ in range(12):
        volts = rng.normal(0, 0.02, SAMPLES)
        for _ in range(chance.randrange(6)):
            at = chance.randrange(SAMPLES - 200)
            volts[at : at + 200] += chance.uniform(0.2, 6) * numpy.exp(-numpy.arange(200) / 30)
        made.append((volts / 0.0005).clip(-32768, 32767).astype("<i2").tobytes())
    lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(PADS)]
    due = time.monotonic()
    for number in range(1 << 31):
        for pad, line in enumerate(lines):
            line.sendall(HEAD.pack(b"HP", pad, number, 0.0005) + made[(number + pad) % len(made)])
        due += 1 / FRAMES_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    net = Net()
    services.outside(lambda: storm(net.port))
    net.run(every=2.0)


if __name__ == "__main__":
    main()
