# expect: pattern=sync-write bench
"""Ships the log of an application: parses, masks, packs, sends. How far it got is kept on the disk after each record."""

import hashlib
import json
import logging
import os
import re
import socket
import struct
import sys
import time
import zlib
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

LINE = re.compile(rb"^(\S+) (\w+) \[([\w.]+)\] user=(\S+) took=(\d+)ms (.*)$")
PER_PACKET = 400
logging.basicConfig(filename="shipper.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def application(pipe):
    """Writes its log as fast as it is read."""
    parts = ("shop.basket", "shop.stock", "auth", "mail.outbox")
    number = 0
    while True:
        lines = []
        for _ in range(500):
            number += 1
            lines.append(
                f"2026-01-{number % 28 + 1:02d}T10:{number % 60:02d}:00 {'WARN' if number % 9 == 0 else 'INFO'}"
                f" [{parts[number % 4]}] user=u{number % 701}@example.org took={number % 997}ms"
                f" request {number:x} answered with {number % 5} of {number * 31 % 1009} entries\n"
            )
        os.write(pipe, "".join(lines).encode())


def collector(listening):
    """Takes the packets."""
    peer, _ = listening.accept()
    while peer.recv(1 << 16):
        pass


class Checkpoint:
    """How many bytes of the log are dealt with, to go on from there after a crash."""

    def __init__(self, path):
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._saved = time.monotonic()

    def save(self, offset):
        os.pwrite(self._file, struct.pack("<QI", offset, zlib.crc32(str(offset).encode())), 0)
        os.fdatasync(self._file)  # <- cost


class Shipper:
    def __init__(self, sink):
        self._sink = sink
        self._checkpoint = Checkpoint("shipper.offset")
        self._packet = []
        self.offset = self.records = self.unknown = 0

    def take(self, line):
        found = LINE.match(line)
        if not found:
            self.unknown += 1
            return
        at, level, part, user, took, text = found.groups()
        masked = hashlib.blake2s(user, key=b"of the day", digest_size=8).hexdigest()
        self._packet.append((at.decode(), level.decode(), part.decode(), masked, int(took), text.decode()))
        self.records += 1

    def send(self):
        body = zlib.compress(json.dumps(self._packet).encode(), 6)
        self._sink.sendall(struct.pack("!I", len(body)) + body)
        self._packet.clear()

    def run(self, pipe):
        told = time.monotonic()
        with os.fdopen(pipe, "rb", buffering=1 << 16) as log:
            for line in log:
                self.take(line.rstrip(b"\n"))
                self.offset += len(line)
                self._checkpoint.save(self.offset)  # <- cost
                if len(self._packet) == PER_PACKET:
                    self.send()
                if self.records % 200 == 0 and time.monotonic() - told > 1:
                    told = time.monotonic()
                    logging.info("%d records shipped, %d not understood", self.records, self.unknown)


def main():
    reading, writing = os.pipe()
    services.outside(lambda: application(writing))
    os.close(writing)
    listening = socket.create_server(("127.0.0.1", 0))
    services.outside(lambda: collector(listening))
    sink = socket.create_connection(listening.getsockname())
    listening.close()
    print("ready", os.getpid(), flush=True)
    Shipper(sink).run(reading)


main()
