# expect: healthy bench
"""Vault of a hydrophone array: a recorder thread cuts the stream into blocks, two packers compress them (zlib lets go of the
interpreter lock), and one keeper appends them to the vault file and syncs once for all that came meanwhile. The queues
between them are bounded. A near miss of a contended interpreter lock and of a sync for each record.

Measured: 60 blocks a second at a fifth of a core, almost all in zlib; one sync in 1.5 s; resident 22 to 25 MB in 5 s.
"""

import logging
import os
import queue
import random
import struct
import sys
import tempfile
import threading
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("vault")
BLOCK = 96 * 1024
HEADER = struct.Struct(">4sIdII")


@dataclass(frozen=True)
class Block:
    number: int
    begun: float
    samples: bytes


@dataclass(frozen=True)
class Parcel:
    number: int
    begun: float
    size: int
    packed: bytes

    def encode(self):
        return HEADER.pack(b"HYDR", self.number, self.begun, self.size, zlib.crc32(self.packed)) + self.packed


class Recorder(threading.Thread):
    """Takes the array's blocks at its pace; plays a tape of ship noise and clicks here."""

    def __init__(self, out, rate=60):
        super().__init__(name="recorder", daemon=True)
        self.out = out
        self.interval = 1 / rate
        dice = random.Random(52)
        tape = bytearray(dice.randbytes(4 * BLOCK))
        for at in range(0, len(tape), 2):
            tape[at] &= 0x07
        self.tape = memoryview(bytes(tape))
        self.lost = 0

    def run(self):
        due = time.monotonic()
        number = 0
        while True:
            at = number * 4098 % (3 * BLOCK)
            try:
                self.out.put_nowait(Block(number, time.time(), bytes(self.tape[at : at + BLOCK])))
            except queue.Full:
                self.lost += 1
            number += 1
            due = max(due + self.interval, time.monotonic() - 0.5)
            time.sleep(max(0.0, due - time.monotonic()))


class Packer(threading.Thread):
    def __init__(self, number, blocks, parcels):
        super().__init__(name=f"packer-{number}", daemon=True)
        self.blocks = blocks
        self.parcels = parcels

    def run(self):
        while True:
            block = self.blocks.get()
            packed = zlib.compress(block.samples, 5)
            self.parcels.put(Parcel(block.number, block.begun, len(block.samples), packed))


class Vault:
    """The file; begun anew when it has its full size."""

    def __init__(self, folder, limit=64 << 20):
        self.path = Path(folder) / "array3.vault"
        self.limit = limit
        self.file = self.path.open("wb")
        self.parcels = self.syncs = 0

    def keep(self, parcels):
        for parcel in parcels:
            self.file.write(parcel.encode())
        self.file.flush()
        os.fsync(self.file.fileno())
        self.syncs += 1
        self.parcels += len(parcels)
        if self.file.tell() > self.limit:
            log.info("%d parcels in %d syncs", self.parcels, self.syncs)
            self.file.seek(0)
            self.file.truncate()


def gather(parcels, most=120, patience=1.0):
    """What comes within ``patience`` seconds after the first, in the order of recording."""
    batch = [parcels.get()]
    until = time.monotonic() + patience
    while len(batch) < most:
        try:
            batch.append(parcels.get(timeout=max(0.0, until - time.monotonic())))
        except queue.Empty:
            break
    batch.sort(key=lambda parcel: parcel.number)
    return batch


def main():
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    blocks = queue.Queue(maxsize=64)
    parcels = queue.Queue(maxsize=256)
    vault = Vault(tempfile.mkdtemp(prefix="hydrophone-"))
    recorder = Recorder(blocks)
    for thread in (*(Packer(n, blocks, parcels) for n in range(2)), recorder):
        thread.start()
    print("ready", os.getpid(), flush=True)
    while True:
        try:
            vault.keep(gather(parcels))
        except OSError as wrong:
            log.error("vault: %s; %d blocks lost so far", wrong, recorder.lost)
            raise SystemExit(1) from wrong


if __name__ == "__main__":
    main()
