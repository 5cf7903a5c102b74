"""Which functions give a process its memory, and where are they in which file?"""

import contextlib
from dataclasses import dataclass
from enum import IntEnum
from pathlib import PurePosixPath

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.maps import Mapping, open_path, read_mappings
from perfdoctor.collectors.text import clean


class Takes(IntEnum):
    """How a function names what it wants: the same as in allocations.bpf.c."""

    SIZE = 0
    COUNT_SIZE = 1
    OLD_SIZE = 2
    OLD_COUNT_SIZE = 3
    ALIGNMENT_SIZE = 4
    OUT_SIZE = 5
    BLOCK = 6


AFTER_CONTEXT = 16
FUNCTIONS: tuple[tuple[str, int], ...] = (
    ("malloc", Takes.SIZE),
    ("calloc", Takes.COUNT_SIZE),
    ("realloc", Takes.OLD_SIZE),
    ("reallocarray", Takes.OLD_COUNT_SIZE),
    ("aligned_alloc", Takes.ALIGNMENT_SIZE),
    ("memalign", Takes.ALIGNMENT_SIZE),
    ("posix_memalign", Takes.OUT_SIZE),
    ("free", Takes.BLOCK),
)
"""of the C library, and of what replaces it"""
_OPERATORS: tuple[tuple[str, int], ...] = (
    ("operator new", Takes.SIZE),
    ("operator new[]", Takes.SIZE),
    ("operator delete", Takes.BLOCK),
    ("operator delete[]", Takes.BLOCK),
    ("operator delete(sized)", Takes.BLOCK),
    ("operator delete[](sized)", Takes.BLOCK),
)
_SYMBOLS = {
    "operator new": "_Znwm",
    "operator new[]": "_Znam",
    "operator delete": "_ZdlPv",
    "operator delete[]": "_ZdaPv",
    "operator delete(sized)": "_ZdlPvm",
    "operator delete[](sized)": "_ZdaPvm",
}
"""C++'s own, in a library that does not come to malloc by them; the standard one does"""
_PYTHON: tuple[tuple[str, int], ...] = (
    ("_PyObject_Malloc", Takes.SIZE | AFTER_CONTEXT),
    ("_PyObject_Calloc", Takes.COUNT_SIZE | AFTER_CONTEXT),
    ("_PyObject_Realloc", Takes.OLD_SIZE | AFTER_CONTEXT),
    ("_PyObject_Free", Takes.BLOCK | AFTER_CONTEXT),
)
"""What PyObject_Malloc and PyMem_Malloc come to, by function pointer: small objects, 512 bytes and less, come out of
arenas of its own and never reach malloc. Local symbols: only an interpreter that was not stripped has them."""
NAMES = tuple(name for name, _ in (*FUNCTIONS, *_OPERATORS, *_PYTHON))
"""a function's number in the kernel's rows is its place here"""
_REPLACEMENTS = ("libjemalloc", "libtcmalloc", "libmimalloc", "libsnmalloc", "libhoard", "librpmalloc")
_C_LIBRARIES = ("libc.so", "libc-2", "ld-musl", "libc.musl")


@dataclass(frozen=True, slots=True)
class Function:
    """One function to be probed: ``offset`` in the file at ``path`` (a path of ours, see open_path). ``takes``: a
    Takes, with AFTER_CONTEXT added. ``file`` (device and inode) tells whether two paths are the same file."""

    name: str
    takes: int
    path: str
    offset: int
    library: str
    file: tuple[int, int]

    @property
    def frees(self) -> bool:
        return self.takes & 15 == Takes.BLOCK


def find_allocator(host: Host, pid: int, *, python: bool) -> tuple[Function, ...]:
    """The functions of the allocator that the program binds: its own, then one that replaces the C library's, then that
    one's. ``python`` adds those of the interpreter for its small objects, where they can be found. OSError when the
    process may not be inspected; empty when no file has a malloc."""
    files: dict[str, Mapping] = {}
    for mapping in read_mappings(host, pid):
        if mapping.executable and mapping.path.startswith("/"):
            files.setdefault(mapping.path, mapping)
    program = host.read_link(f"/proc/{pid}/exe")
    found: tuple[Function, ...] = ()
    for path in sorted(files, key=lambda path: _rank(path, program)):
        if _rank(path, program) == _OTHER:
            break
        found = _functions(pid, files[path], FUNCTIONS + (_OPERATORS if not _is_c_library(path) else ()))
        if any(f.name == "malloc" for f in found):
            break
        found = ()
    if python:
        for path, mapping in files.items():
            if path == program or PurePosixPath(path).name.startswith("libpython3"):
                found += _functions(pid, mapping, _PYTHON)
    return found


_OTHER = 3


def _rank(path: str, program: str) -> int:
    name = PurePosixPath(path).name
    if path == program:
        return 0
    return 1 if name.startswith(_REPLACEMENTS) else 2 if _is_c_library(path) else _OTHER


def _is_c_library(path: str) -> bool:
    return PurePosixPath(path).name.startswith(_C_LIBRARIES)


def _functions(pid: int, mapping: Mapping, wanted: tuple[tuple[str, int], ...]) -> tuple[Function, ...]:
    """Those that the file defines; of names for the same place (aligned_alloc and memalign) the first."""
    path = open_path(pid, mapping)
    with contextlib.suppress(ValueError):
        elf = Elf(path)
        try:
            at = elf.functions({_SYMBOLS.get(name, name) for name, _ in wanted})
            file = elf.identity
        finally:
            elf.close()
        places: dict[int, Function] = {}
        for name, takes in wanted:
            offset = at.get(_SYMBOLS.get(name, name))
            if offset is not None:
                places.setdefault(offset, Function(name, takes, path, offset, clean(mapping.path), file))
        return tuple(places.values())
    return ()
