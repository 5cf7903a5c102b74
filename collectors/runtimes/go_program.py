"""Where things are in a running Go program: which Go made it, its functions, and what their code names.

The runtime's own variables have no names in a stripped program, but its functions have (go_table.py), and the code of
some says where a variable is.
"""

import re
import struct
from types import TracebackType

from perfdoctor.collectors.host.base import Host, Memory
from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.go_table import GoTable
from perfdoctor.collectors.runtimes.maps import read_mappings

_VERSION = re.compile(rb"go1\.(\d{1,3})")
_BUILD_INFO = ".go.buildinfo"
_INFO_HEADER = 32


class NotReadableError(Exception):
    """Why something of a Go program cannot be read."""


class GoProgram:
    """The program that a process runs; open until it is closed. NotReadableError, OSError, ValueError or struct.error
    where it is none of Go, or of no known form. ``minor``: the second number of the Go that made it. ``bias``: by how
    much it was moved when it was loaded."""

    def __init__(self, host: Host, pid: int) -> None:
        self._elf = elf = Elf(f"/proc/{pid}/exe")
        try:
            self.minor = _version(elf)
            self.table = _table(elf)
            self.bias = _bias(host, pid, elf)
        except BaseException:
            elf.close()
            raise

    def __enter__(self) -> "GoProgram":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._elf.close()

    def code(self, memory: Memory, function: str, size: int) -> tuple[bytes, int]:
        """The first bytes of a function's code, and where in memory they lie."""
        address = self.table.function(function)
        if address is None:
            raise NotReadableError(f"it has no {function}")
        return memory.read(self.bias + address, size), self.bias + address


def aimed(pattern: re.Pattern[bytes], code: bytes, at: int) -> int:
    """The address that an instruction in ``code`` names, which lies at ``at``: the first group of ``pattern``, at its
    end."""
    found = pattern.search(code)
    if found is None:
        raise NotReadableError("the code of its runtime is of no known form")
    return named(found, 1, at)


def named(found: re.Match[bytes], group: int, at: int) -> int:
    """The address that an instruction names which ends with this group: it counts from its end."""
    return at + found.end(group) + int(struct.unpack("<i", found[group])[0])


def _version(elf: Elf) -> int:
    told = _VERSION.search(elf.section_content(_BUILD_INFO)[_INFO_HEADER:])
    if told is None:
        raise NotReadableError("it does not say which Go made it")
    return int(told[1])


def _table(elf: Elf) -> GoTable:
    try:
        return GoTable(elf)
    except ValueError as error:
        raise NotReadableError(str(error)) from error


def _bias(host: Host, pid: int, elf: Elf) -> int:
    if not elf.relocatable:
        return 0
    for mapping in read_mappings(host, pid):
        if mapping.executable and mapping.inode == elf.identity[1]:
            return mapping.low - (elf.address_of_offset(mapping.offset) or 0)
    raise NotReadableError("its program is not mapped")
