# expect: healthy bench
"""Drift watch of sorbet freezers: streams model inputs, and tells when they leave what the model was trained on.

A gateway sends a block of readings of all freezers twice a second over one connection; per channel a histogram over
the reference's bins is kept with decay, and every ten seconds the stability index of all channels is computed at once
and goes to the watch table in one transaction. Mostly idle.
"""

import os
import socket
import sqlite3
import struct
import sys
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

FREEZERS = 400
CHANNELS = 16
BINS = 10
DECAY = 0.995
HEAD = struct.Struct("<II")


def gateway(port):
    """Sends blocks: a number, a size, and a row of floats for each freezer."""
    rng = np.random.default_rng(40)
    blocks = [rng.normal(0.05 * at, 1, (FREEZERS, CHANNELS)).astype("<f4").tobytes() for at in range(20)]
    with socket.create_connection(("127.0.0.1", port)) as line:
        due = time.monotonic()
        for number in range(1 << 31):
            block = blocks[number % len(blocks)]
            line.sendall(HEAD.pack(number, len(block)) + block)
            due += 0.5
            time.sleep(max(0.0, due - time.monotonic()))


class DriftWatch:
    def __init__(self, reference):
        quantiles = np.linspace(0, 1, BINS + 1)[1:-1]
        self.edges = np.ascontiguousarray(np.quantile(reference, quantiles, axis=0).T)
        self.expected = np.full((CHANNELS, BINS), 1 / BINS)
        self.weights = np.full((CHANNELS, BINS), 1.0)
        self.offsets = np.arange(CHANNELS) * BINS

    def take(self, block):
        bins = (block[:, :, None] > self.edges).sum(axis=2)
        counts = np.bincount((bins + self.offsets).ravel(), minlength=CHANNELS * BINS)
        self.weights *= DECAY
        self.weights += counts.reshape(CHANNELS, BINS)

    def stability(self):
        share = self.weights / self.weights.sum(axis=1, keepdims=True)
        share = np.maximum(share, 1e-6)
        return ((share - self.expected) * np.log(share / self.expected)).sum(axis=1)


class WatchTable:
    def __init__(self, path):
        self.database = sqlite3.connect(path)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.execute(
            "CREATE TABLE drift (block INTEGER, channel INTEGER, psi REAL, PRIMARY KEY (block, channel)) WITHOUT ROWID"
        )

    def store(self, number, indices):
        with self.database:
            self.database.execute("DELETE FROM drift WHERE block < ?", (number - 20_000,))
            self.database.executemany(
                "INSERT INTO drift VALUES (?, ?, ?)", [(number, at, psi) for at, psi in enumerate(indices.tolist())]
            )


def blocks(file):
    while head := file.read(HEAD.size):
        number, size = HEAD.unpack(head)
        yield number, np.frombuffer(file.read(size), "<f4").reshape(FREEZERS, CHANNELS)


def main():
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    services.outside(lambda: gateway(port))
    reference = np.random.default_rng(1).normal(0, 1.2, (20_000, CHANNELS))
    watch = DriftWatch(reference)
    table = WatchTable("watch.db")
    line, _ = listening.accept()
    listening.close()
    with line, line.makefile("rb", buffering=1 << 16) as file:
        for number, block in blocks(file):
            watch.take(block)
            if number % 20 == 19:
                table.store(number, watch.stability())
            if number == 2:
                print("ready", os.getpid(), flush=True)


if __name__ == "__main__":
    main()
