# expect: healthy bench
"""Turbulence from sonic anemometers: the archive of 20 masts, at 20 Hz, is worked through for fluxes and spectra.

The archive sends block after block (30 minutes of one mast, three axes and temperature), each as one message; a block
is turned into the mean wind's frame, detrended, and reduced to covariances and a binned spectrum.
"""

import os
import socket
import struct
import sys
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

MASTS = 20
HERTZ = 20
SAMPLES = 30 * 60 * HERTZ
CHANNELS = 4
BINS = 24
BLOCKS_PER_SECOND = 280
HEADER = struct.Struct("<HHI")
SCALE = np.array([0.01, 0.01, 0.01, 0.005], dtype=np.float32)

TIME = np.linspace(-1.0, 1.0, SAMPLES, dtype=np.float32)
TIME_SQUARE = float(TIME @ TIME)
EDGES = np.unique(np.geomspace(1, SAMPLES // 2, BINS + 1).astype(np.intp))
WIDTHS = np.diff(np.append(EDGES, SAMPLES // 2 + 1)).astype(np.float32)


class Mast:
    def __init__(self, number):
        self.number = number
        self.blocks = 0
        self.stress = 0.0
        self.heat = 0.0
        self.spectrum = np.zeros(len(EDGES), dtype=np.float32)

    def add(self, stress, heat, spectrum):
        share = 0.05 if self.blocks else 1.0
        self.blocks += 1
        self.stress += share * (stress - self.stress)
        self.heat += share * (heat - self.heat)
        self.spectrum += np.float32(share) * (spectrum - self.spectrum)


class Reduction:
    """The buffers are made once; a block passes through them."""

    def __init__(self):
        self.values = np.empty((CHANNELS, SAMPLES), dtype=np.float32)
        self.turned = np.empty((CHANNELS, SAMPLES), dtype=np.float32)

    def rotation(self, means):
        """Into the mean wind: no mean across, none upwards."""
        along = np.hypot(means[0], means[1])
        total = np.hypot(along, means[2])
        cos_yaw, sin_yaw = means[0] / along, means[1] / along
        cos_tilt, sin_tilt = along / total, means[2] / total
        turn = np.eye(CHANNELS, dtype=np.float32)
        turn[0, :3] = cos_tilt * cos_yaw, cos_tilt * sin_yaw, sin_tilt
        turn[1, :3] = -sin_yaw, cos_yaw, 0
        turn[2, :3] = -sin_tilt * cos_yaw, -sin_tilt * sin_yaw, cos_tilt
        return turn

    def reduce(self, raw):
        np.multiply(raw, SCALE[:, None], out=self.values)
        np.matmul(self.rotation(self.values.mean(axis=1)), self.values, out=self.turned)
        self.turned -= self.turned.mean(axis=1, keepdims=True)
        slopes = (self.turned @ TIME) / TIME_SQUARE
        np.multiply(slopes[:, None], TIME, out=self.values)
        self.turned -= self.values
        covariances = self.turned @ self.turned.T / SAMPLES
        upward = np.fft.rfft(self.turned[2])
        power = upward.real**2 + upward.imag**2
        spectrum = np.add.reduceat(power, EDGES) / WIDTHS
        return float(covariances[0, 2]), float(covariances[2, 3]), spectrum


def read_into(line, view):
    while view:
        got = line.recv_into(view)
        if not got:
            raise EOFError
        view = view[got:]


def archive(port):
    """(The archive of the network.)"""
    random = np.random.default_rng(5)
    blocks = []
    for _ in range(6):
        wind = random.normal(0, 60, (CHANNELS, SAMPLES)) + np.array([420, 160, 9, 3000])[:, None]
        blocks.append(wind.astype("<i2").tobytes())
    with socket.create_connection(("127.0.0.1", port)) as line:
        due = time.monotonic()
        number = 0
        while True:
            line.sendall(HEADER.pack(number % MASTS, CHANNELS, SAMPLES))
            line.sendall(blocks[number % len(blocks)])
            number += 1
            due += 1 / BLOCKS_PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))


def publish(masts):
    names = np.array([mast.number for mast in masts])
    numbers = np.array([(mast.blocks, mast.stress, mast.heat) for mast in masts])
    np.savez("fluxes.npz", masts=names, numbers=numbers, spectra=np.stack([mast.spectrum for mast in masts]))


def main():
    masts = [Mast(number) for number in range(MASTS)]
    reduction = Reduction()
    header = bytearray(HEADER.size)
    raw = np.empty((CHANNELS, SAMPLES), dtype="<i2")
    incoming = memoryview(raw).cast("B")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        port = listening.getsockname()[1]
        services.outside(lambda: archive(port))
        line, _ = listening.accept()
    published = time.monotonic()
    blocks = 0
    with line:
        while True:
            read_into(line, memoryview(header))
            mast, channels, samples = HEADER.unpack(header)
            if (channels, samples) != raw.shape or mast >= MASTS:
                raise SystemExit("the archive sends something else")
            read_into(line, incoming)
            masts[mast].add(*reduction.reduce(raw))
            blocks += 1
            if blocks == 20:
                print("ready", os.getpid(), flush=True)
            if time.monotonic() - published > 20:
                publish(masts)
                published = time.monotonic()


if __name__ == "__main__":
    main()
