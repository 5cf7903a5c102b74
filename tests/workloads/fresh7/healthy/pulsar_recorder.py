# expect: healthy bench
"""Records a pulsar: takes the blocks of a receiver from its connection, packs them in a few threads, and writes them in
their order into files of a fixed number of blocks, with a checksum of each; folds a profile of the pulse meanwhile.
Measured: 30 blocks of 256 KB a second, 2.5 ms of a core each, most of it in zlib; its threads wait otherwise.
"""

import json
import os
import queue
import random
import socket
import struct
import sys
import threading
import time
import zlib
from array import array
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

HEAD = struct.Struct(">QI")
BLOCK, RATE = 1 << 18, 30
PACKERS = 2
FILE_BLOCKS, KEPT = 200, 3
BINS, PERIOD = 64, 714  # of a profile; samples from pulse to pulse


class Block:
    def __init__(self, number, samples):
        self.number, self.samples = number, samples
        self.packed = None
        self.done = threading.Event()

    def pack(self):
        self.packed = zlib.compress(self.samples, 1)
        self.done.set()


class Profile:
    """The mean shape of the pulse, from one sample in 512; read by whoever reports."""

    def __init__(self):
        self._lock = threading.Lock()
        self._sums, self._counts = [0] * BINS, [0] * BINS

    def fold(self, block):
        sums, counts = [0] * BINS, [0] * BINS
        first = block.number * BLOCK
        for at in range(0, BLOCK, 512):
            place = (first + at) % PERIOD * BINS // PERIOD
            sums[place] += block.samples[at]
            counts[place] += 1
        with self._lock:
            self._sums = [old + new for old, new in zip(self._sums, sums)]
            self._counts = [old + new for old, new in zip(self._counts, counts)]

    def shape(self):
        with self._lock:
            return [round(total / count, 2) if count else 0.0 for total, count in zip(self._sums, self._counts)]


class Receiver(threading.Thread):
    """Takes the blocks from the connection, and passes each to those who pack and, in order, to the one who writes."""

    def __init__(self, line, to_pack, to_write):
        super().__init__(name="receiver", daemon=True)
        self._in = line.makefile("rb", buffering=1 << 18)
        self._to_pack, self._to_write = to_pack, to_write

    def run(self):
        while head := self._in.read(HEAD.size):
            number, length = HEAD.unpack(head)
            block = Block(number, self._in.read(length))
            self._to_pack.put(block)
            self._to_write.put(block)


class Packer(threading.Thread):
    def __init__(self, number, blocks, profile):
        super().__init__(name=f"packer-{number}", daemon=True)
        self._blocks, self._profile = blocks, profile

    def run(self):
        while True:
            block = self._blocks.get()
            block.pack()
            self._profile.fold(block)


class Writer(threading.Thread):
    """Writes packed blocks; the oldest file goes when there are too many."""

    def __init__(self, blocks, folder):
        super().__init__(name="writer", daemon=True)
        self._blocks, self._folder = blocks, folder
        self.written = self.bytes = 0

    def run(self):
        for number in range(1 << 40):
            with (self._folder / f"part-{number}.rec").open("wb", buffering=1 << 20) as file:
                for _ in range(FILE_BLOCKS):
                    block = self._blocks.get()
                    block.done.wait()
                    file.write(HEAD.pack(block.number, len(block.packed)))
                    file.write(block.packed)
                    file.write(zlib.crc32(block.packed).to_bytes(4, "big"))
                    self.written += 1
                    self.bytes += len(block.packed)
            (self._folder / f"part-{number - KEPT}.rec").unlink(missing_ok=True)


def receive(line):
    """The receiver's side: noise of a few bits, and a pulse."""
    draw = random.Random(9)
    noise = [draw.choices(range(120, 136), k=PERIOD) for _ in range(40)]
    for samples in noise:
        samples[200:240] = [sample + 40 for sample in samples[200:240]]
    pulses = [array("B", samples).tobytes() for samples in noise]
    due = time.monotonic()
    for number in range(1 << 40):
        block = b"".join(draw.choices(pulses, k=BLOCK // PERIOD + 1))[:BLOCK]
        line.sendall(HEAD.pack(number, len(block)) + block)
        due = max(due + 1 / RATE, time.monotonic() - 0.5)
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    ours, theirs = socket.socketpair()
    services.outside(lambda: receive(theirs))
    theirs.close()
    to_pack, to_write = queue.Queue(maxsize=16), queue.Queue(maxsize=32)
    profile = Profile()
    writer = Writer(to_write, Path())
    threads = [writer, Receiver(ours, to_pack, to_write), *(Packer(n, to_pack, profile) for n in range(PACKERS))]
    for thread in threads:
        thread.start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(2)
        state = {"blocks": writer.written, "bytes": writer.bytes, "profile": profile.shape()}
        Path("state.json").write_text(json.dumps(state))


if __name__ == "__main__":
    main()
