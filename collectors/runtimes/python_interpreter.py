"""Which process has a CPython in it, of which version, and where."""

import re
import struct
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host, Memory
from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.maps import Mapping, open_path
from perfdoctor.collectors.runtimes.python_layout import Layout, NotWalkableError, described_layout, kept_layout

# /usr/lib/libpython3.11.so.1.0  |  /usr/bin/python3.13
_LIBRARY = re.compile(r"/libpython3\.(\d+)[^/]*$")
_PROGRAM = re.compile(r"/python3\.(\d+)[^/]*$")
# A process with Python in it, wherever that is: …/lib/python3.8/lib-dynload/_json…  |  …/_speedups.cpython-38-x86_64…
_MODULE = re.compile(r"/lib-dynload/|\.cpython-3\d+-")
# What the file of an interpreter says that it is: /opt/python/3.8.18  |  3.11.2  |  lib/python3.8
_VERSION = re.compile(rb"(?:python3\.(\d\d?)|3\.(\d\d?)\.\d{1,3}(?:(?:a|b|rc)\d+)?\+?)\0")
_COOKIE = b"xdebugpy"
_OLDEST = 8


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython found in a process: its version, the address of ``_PyRuntime`` and how many bytes of the
    interpreter's own state lie there (0: not known), and its layout."""

    version: str
    runtime: int
    size: int
    layout: Layout

    def owns(self, address: int) -> bool:
        """Whether an address is the interpreter's own: a futex there is the GIL or another of its locks."""
        return self.runtime <= address < self.runtime + self.size


def find_interpreter(host: Host, pid: int, memory: Memory, mappings: list[Mapping]) -> Interpreter | None:
    """The CPython in a process, None when there is none.

    NotWalkableError when there is one whose frames this module does not know; OSError when the process may not be
    read or is gone.
    """
    first: dict[str, Mapping] = {}
    for mapping in mappings:
        if mapping.path.startswith("/") and mapping.path not in first:
            first[mapping.path] = mapping
    try:
        program = host.read_link(f"/proc/{pid}/exe")
    except OSError:
        program = ""
    candidates = {path: m for path, m in first.items() if _LIBRARY.search(path)}
    candidates |= {path: m for path, m in first.items() if path == program or _PROGRAM.search(path)}
    is_python = any(_MODULE.search(path) for path in first)
    if is_python:  # (a library may have the interpreter in it, and any name)
        candidates |= {m.path: first[m.path] for m in mappings if m.executable and m.path in first}
    for path, mapping in candidates.items():
        try:
            elf = Elf(open_path(pid, mapping))
        except (OSError, ValueError):
            continue
        try:
            place = elf.section(".PyRuntime") or elf.extent("_PyRuntime")
            if place is None:
                is_python |= path == program and elf.contains(b"Fatal Python error: ")
                continue
            found, size = place
            start = elf.address_of_offset(mapping.offset)
            bias = mapping.low - (start or 0) if elf.relocatable else 0
            runtime = bias + found
            if memory.read(runtime, 8) == _COOKIE:
                layout = described_layout(memory, runtime)
            else:
                layout = kept_layout(_minor_version(elf, mapping.path, memory, bias))
        finally:
            elf.close()
        return Interpreter(f"3.{layout.minor}", runtime, size, layout)
    if is_python:
        raise NotWalkableError("no file of it tells where its interpreter is: stripped, or older than CPython 3.7")
    return None


_versions_told: dict[tuple[int, ...], frozenset[int]] = {}
"""by file: the versions that its texts name"""


def _minor_version(elf: Elf, path: str, memory: Memory, bias: int) -> int:
    """From the constant that says it (since 3.11), or from the file's name and the texts in it: with a wrong one every
    line would be wrong."""
    at = elf.symbol("Py_Version")
    if at is not None:
        minor = int(struct.unpack("<I", memory.read(bias + at, 4))[0] >> 16 & 0xFF)
    else:
        if elf.revision not in _versions_told:
            found = (int(first or second) for first, second in elf.texts(_VERSION))
            _versions_told[elf.revision] = frozenset(minor for minor in found if 3 <= minor <= 20)
        told = _versions_told[elf.revision]
        named = _LIBRARY.search(path) or _PROGRAM.search(path)
        if named and (not told or int(named[1]) in told):
            minor = int(named[1])
        elif len(told) == 1:
            (minor,) = told
        else:
            raise NotWalkableError("the interpreter does not say which version it is")
    if not _OLDEST <= minor <= 12:
        raise NotWalkableError(f"CPython 3.{minor} is older than what is known here (3.{_OLDEST})")
    return minor
