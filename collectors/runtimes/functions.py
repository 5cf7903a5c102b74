"""Which functions does a name mean in a process, and where in which file do they begin?"""

import contextlib
import difflib
import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.demangle import demangled
from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.maps import Mapping, open_path, read_mappings
from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.problem import ProblemError

MOST = 32
_ASKED = re.compile(r"[\w.:*~<>,&\[\]()+\-= ]{1,200}")
_JUMPS = """setjmp _setjmp __sigsetjmp longjmp _longjmp siglongjmp __longjmp_chk vfork __vfork clone __clone clone3
swapcontext setcontext getcontext makecontext _start __libc_start_main pthread_exit _exit exit abort"""
_NEVER_RETURN_AS_USUAL = frozenset(_JUMPS.split())
"""a probe on their return would find another stack than it left, or none"""
_NEAR = 3


@dataclass(frozen=True, slots=True)
class Place:
    """``offset`` in the file at ``path`` (a path of ours). ``returns``: its return may be probed. ``symbol`` is as the
    file has it, ``name`` as people write it."""

    name: str
    symbol: str
    path: str
    offset: int
    module: str
    file: tuple[int, int]
    returns: bool


def must_be_a_name(asked: str) -> None:
    """ProblemError for what cannot be the name of a function."""
    if not _ASKED.fullmatch(asked) or not asked.strip("* "):
        raise ProblemError(
            f"{quoted(asked, 60)} cannot be the name of a function.",
            "A name has letters, digits, _ . : ~ < > , & [ ] ( ) and blanks, 200 at most, and * for any part of it.",
            "Give a function as a stack shows it: `deflate`, `libz.so.1:deflate`, `shop::Cart::total`, `Cart.total`.",
        )


def find_functions(host: Host, pid: int, asked: str) -> tuple[Place, ...]:
    """The native functions that ``asked`` means: a symbol, a demangled name with or without its parameters, either
    with a library before a colon, ``*`` for any part. The same place under several names comes once. ProblemError when
    more than 32 are meant; empty when none is. OSError when the process may not be inspected."""
    library, name = _split(asked)
    found: dict[tuple[tuple[int, int], int], Place] = {}
    for mapping in _files(host, pid):
        if library and not PurePosixPath(mapping.path).name.startswith(library):
            continue
        for place in _matching(pid, mapping, name):
            found.setdefault((place.file, place.offset), place)
            if len(found) > MOST:
                raise ProblemError(
                    f"{quoted(asked, 60)} means more than {MOST} functions.",
                    f"Among them {quoted(place.name, 60)} of {quoted(place.module, 80)}.",
                    "Give a longer name, or the library before it: `libz.so.1:deflate*`.",
                )
    return tuple(found.values())


def near_names(host: Host, pid: int, asked: str) -> tuple[str, ...]:
    """Names that look like what was asked for."""
    wanted = _split(asked)[1].strip("*")
    names: set[str] = set()
    for mapping in _files(host, pid):
        with _opened(pid, mapping) as elf:
            if elf is not None:
                names.update(_short(demangled(symbol)) for symbol, _ in elf.function_symbols())
    inside = sorted((name for name in names if wanted.lower() in name.lower()), key=len)[:_NEAR]
    return tuple(clean(name, 80) for name in inside or difflib.get_close_matches(wanted, names, _NEAR, 0.7))


def _split(asked: str) -> tuple[str, str]:
    """A library is told from a C++ scope by its single colon."""
    library, colon, name = asked.partition(":")
    if colon and not name.startswith(":") and "::" not in library:
        return library.strip(), name.strip()
    return "", asked.strip()


def _files(host: Host, pid: int) -> list[Mapping]:
    files: dict[str, Mapping] = {}
    for mapping in read_mappings(host, pid):
        if mapping.executable and mapping.path.startswith("/"):
            files.setdefault(mapping.path, mapping)
    return list(files.values())


@contextlib.contextmanager
def _opened(pid: int, mapping: Mapping) -> Iterator[Elf | None]:
    elf = None
    with contextlib.suppress(OSError, ValueError):
        elf = Elf(open_path(pid, mapping))
    try:
        yield elf
    finally:
        if elf is not None:
            elf.close()


def _matching(pid: int, mapping: Mapping, name: str) -> Iterator[Place]:
    pattern = re.compile(fnmatch.translate(name.replace("[", "[[]"))) if "*" in name else None
    with _opened(pid, mapping) as elf:
        if elf is None:
            return
        is_go = elf.section(".gopclntab") is not None or elf.section(".go.buildinfo") is not None
        for symbol, address in elf.function_symbols():
            plain = demangled(symbol)
            names = (symbol, plain, _short(plain))
            if not any(pattern.match(each) for each in names) if pattern else name not in names:
                continue
            offset = elf.offset_of_address(address)
            if offset is not None:
                returns = not is_go and symbol.partition("@")[0] not in _NEVER_RETURN_AS_USUAL
                path = open_path(pid, mapping)
                yield Place(clean(plain, 160), symbol, path, offset, clean(mapping.path), elf.identity, returns)


def _short(name: str) -> str:
    """Without parameters: ``shop::Cart::total(int) const`` is ``shop::Cart::total``."""
    return name.partition("(")[0] if not name.startswith("(") else name
