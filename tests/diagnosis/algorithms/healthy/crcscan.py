"""Verifies chunk checksums of texture archives."""
import struct
from pathlib import Path

POLY = 0x82F63B78


def make_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (POLY if i & 1 else 0)
        table.append(i)
    return tuple(table)


TABLE = make_table()


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    table = TABLE
    for byte in data:  # <- hot 25
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)  # <- hot 67
    return crc ^ 0xFFFFFFFF


def chunks(blob):
    pos = 0
    view = memoryview(blob)
    while pos < len(view):
        tag, size, check = struct.unpack_from("<4sII", view, pos)
        pos += 12
        yield tag.decode("ascii"), view[pos:pos + size], check
        pos += size


def verify(path):
    bad = []
    for number, (tag, body, check) in enumerate(chunks(path.read_bytes())):
        if crc32c(body) != check:
            bad.append((number, tag))
    return bad


def main(folder):
    failures = {}
    for path in sorted(Path(folder).rglob("*.txa")):
        bad = verify(path)
        if bad:
            failures[path.name] = bad
    return failures
