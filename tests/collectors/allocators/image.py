"""Memory that was written down, for walks without a process."""

import struct

from perfdoctor.collectors.backends.proc.smaps import Mapping


class Image:
    """``parts`` by address; what is in none of them cannot be read. ``absent`` pages are not in memory."""

    def __init__(self, parts: dict[int, bytes], absent: set[int] | None = None) -> None:
        self.parts, self.absent = parts, absent or set()
        self.read_pages: set[int] = set()

    def read(self, address: int, size: int) -> bytes:
        for low, data in self.parts.items():
            if low <= address and address + size <= low + len(data):
                self.read_pages |= set(range(address // 4096, -(-(address + size) // 4096)))
                return data[address - low : address - low + size]
        raise OSError(14, "not there")

    def resident(self, address: int, size: int) -> list[bool]:
        return [page not in self.absent for page in range(address // 4096, -(-(address + size) // 4096))]

    def close(self) -> None: ...


def chunks(*sizes: int, flags: int = 1) -> bytes:
    """A row of chunks: a negative size is that of a free one. The first chunk's neighbour before it is used."""
    row, used = bytearray(), bool(flags & 1)
    for size in sizes:
        head = abs(size) | (flags & ~1) | used
        row += struct.pack("<QQ", 0, head) + b"\xaa" * (abs(size) - 16)
        used = size > 0
    return bytes(row)


def mapping(low: int, data: bytes, name: str = "", *, rss: int | None = None) -> Mapping:
    return Mapping(low, low + len(data), "rw-p", 0, name, rss=len(data) if rss is None else rss)
