"""The file that a probe goes into, and whether it may.

A probe is a breakpoint. It comes with the target into any program that the target executes, a set-user-id one included,
where that maps the same file, for a moment before it is taken away: on the first byte of a function it does no harm
there, but in the midst of an instruction it would change what a privileged program does. So in files that are not the
owner's own only the beginnings of functions are probed, as the file's own symbol table tells them.
"""

import os
import re
import stat
import struct

from perfdoctor.collectors.helper.admission import Admitted
from perfdoctor.collectors.helper.refusal import RefusedError

# 7f5c2a628000-7f5c2a7bd000 r-xp 00028000 fe:00 1054  /usr/lib/libc.so.6
_MAPPED = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ [r-][w-]x[ps] [0-9a-f]+ [0-9a-f:]+ (\d+) ", re.MULTILINE)
_MAPS = 16 << 20
_MOST_SYMBOLS = 4_000_000
_SYMBOLS = frozenset({2, 11})
"""SHT_SYMTAB, SHT_DYNSYM"""
_FUNCTIONS = frozenset({2, 10})
"""STT_FUNC, STT_GNU_IFUNC"""
_CODE = 1
"""PF_X"""


def open_probed(process: Admitted, path: str, offsets: list[int]) -> int:
    """A descriptor of the file. RefusedError, in the same words whatever is wrong with the path, when it is no file
    whose code the process has mapped, or an offset is not one that may be probed."""
    refusal = RefusedError(
        f"That file cannot be probed for process {process.pid}.", "It is no file whose code the process has mapped."
    )
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise refusal from error
    try:
        found = os.fstat(place)
        if not stat.S_ISREG(found.st_mode) or found.st_ino not in _mapped(process.pid):
            raise refusal
        file = os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise refusal from error
    finally:
        os.close(place)
    try:
        if found.st_uid != process.owner:
            known = function_starts(file, found.st_size)
            if not known.issuperset(offsets):
                raise RefusedError(
                    "That place cannot be probed.",
                    "The file is not of the target's user, and its symbol table has no function that begins there.",
                )
    except BaseException:
        os.close(file)
        raise
    return file


def _mapped(pid: int) -> set[int]:
    """The inodes of the files whose code a process has mapped."""
    with open(f"/proc/{pid}/maps", "rb") as file:  # noqa: PTH123
        return {int(inode) for inode in _MAPPED.findall(file.read(_MAPS))}


def function_starts(fd: int, size: int) -> set[int]:
    """Where in an ELF file of 64 bits functions begin, as offsets in the file. Empty when it is none, or is broken."""
    try:
        return _starts(fd, size)
    except (OSError, struct.error, OverflowError):
        return set()


def _starts(fd: int, size: int) -> set[int]:
    head = os.pread(fd, 64, 0)
    if head[:6] != b"\x7fELF\x02\x01":
        return set()
    segments_at, sections_at = struct.unpack_from("<QQ", head, 32)
    segment_size, segments, section_size, sections = struct.unpack_from("<4H", head, 54)
    if segment_size != 56 or section_size != 64:
        return set()
    code = []
    for kind, flags, offset, address, _, length in struct.iter_unpack(
        "<IIQQQQ16x", _read(fd, segments_at, segments * 56, size)
    ):
        if kind == 1 and flags & _CODE:
            code.append((address, address + length, offset - address))
    found: set[int] = set()
    for _, kind, _, _, offset, length, _, _, _, each in struct.iter_unpack(
        "<IIQQQQIIQQ", _read(fd, sections_at, sections * 64, size)
    ):
        if kind not in _SYMBOLS or each != 24 or length > _MOST_SYMBOLS * 24:
            continue
        for _, info, _, section, value, _ in struct.iter_unpack("<IBBHQQ", _read(fd, offset, length, size)):
            if info & 15 in _FUNCTIONS and section:
                found.update(value + bias for low, high, bias in code if low <= value < high)
    return found


def _read(fd: int, at: int, length: int, size: int) -> bytes:
    if at + length > size:
        raise OSError(22, "the file is broken")
    data = os.pread(fd, length, at)
    if len(data) != length:
        raise OSError(22, "the file is broken")
    return data
