"""Which of glibc's functions for text and memory is it?

glibc picks one of several variants of strlen, memmove and their kin when a program starts, by what the processor can
do. Only the picking has a public name: in a library without its debug file the variants have none. But we are a
program too: where ours is the same library, it picked the same.
"""

import ctypes
import struct
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from perfdoctor.collectors.runtimes.elf import Elf

_NAMES = (
    "memmove", "memcpy", "mempcpy", "memset", "memcmp", "memchr", "memrchr", "rawmemchr", "strlen", "strnlen",
    "strcmp", "strncmp", "strcasecmp", "strncasecmp", "strcpy", "strncpy", "stpcpy", "stpncpy", "strcat",
    "strncat", "strchr", "strchrnul", "strrchr", "strstr", "strspn", "strcspn", "strpbrk", "wcslen", "wcscmp",
    "wmemset", "wmemcmp",
)  # fmt: skip
"""Where two share their code, the first says what it does."""
_TABLE_HEAD = struct.Struct("<4BiI")
_SEARCHABLE = (1, 0x1B, 0x03, 0x3B)
"""version; then how the pointer, the count and the table are written: relative, 4 bytes each"""


def picked_name(elf: Elf, address: int) -> str | None:
    """The name of the variant that an address of a C library lies in; None where it is in none, or not our library."""
    build, names = _ours()
    if not names or elf.build_id() != build:
        return None
    starts = _starts(elf)
    i = bisect_right(starts, address) - 1
    return names.get(starts[i]) if i >= 0 else None


@cache
def _ours() -> tuple[str, dict[int, str]]:
    """The build of our own C library, and the address in its file of each variant that it picked."""
    with suppress(OSError, ValueError, StopIteration):
        library = ctypes.CDLL("libc.so.6")
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
        # (The file may be mapped once more, by somebody who reads it.)
        code = next(line.split() for line in lines if line.endswith("/libc.so.6") and line.split()[1] == "r-xp")
        elf = Elf(code[5])
        moved = int(code[0].partition("-")[0], 16) - (elf.address_of_offset(int(code[2], 16)) or 0)
        names: dict[int, str] = {}
        for name in _NAMES:
            with suppress(AttributeError):
                found = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
                names.setdefault((found or 0) - moved, name)
        build = elf.build_id()
        elf.close()
        return build, names if build else {}
    return "", {}


_known: dict[str, list[int]] = {}


def _starts(elf: Elf) -> list[int]:
    """Where each of its functions begins, by the table that exceptions are unwound by; empty where it has none."""
    build = elf.build_id()
    if build not in _known:
        _known[build] = _read_starts(elf.section, elf.section_content)
    return _known[build]


def _read_starts(section: Callable[[str], tuple[int, int] | None], content: Callable[[str], bytes]) -> list[int]:
    where, text = section(".eh_frame_hdr"), content(".eh_frame_hdr")
    if where is None or len(text) < _TABLE_HEAD.size:
        return []
    *written, _, count = _TABLE_HEAD.unpack_from(text)
    if tuple(written) != _SEARCHABLE:
        return []
    entries = text[_TABLE_HEAD.size : _TABLE_HEAD.size + 8 * count]
    return sorted(where[0] + start for start, _ in struct.iter_unpack("<2i", entries[: len(entries) // 8 * 8]))
