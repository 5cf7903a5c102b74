"""Which memory allocator does a process use?"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from perfdoctor.collectors.backends.proc.smaps import Mapping
from perfdoctor.collectors.host.base import Host

_LIBRARIES = (
    # /usr/lib/x86_64-linux-gnu/libjemalloc.so.2  |  /usr/lib/libtcmalloc_minimal.so.4
    (re.compile(r"/libjemalloc[^/]*\.so"), "jemalloc"),
    (re.compile(r"/libtcmalloc[^/]*\.so"), "tcmalloc"),
    (re.compile(r"/libmimalloc[^/]*\.so"), "mimalloc"),
    (re.compile(r"/libhardened_malloc[^/]*\.so"), "hardened_malloc"),
    # /lib/ld-musl-x86_64.so.1: musl's C library is its loader
    (re.compile(r"/(?:ld-musl-|libc\.musl-)"), "musl"),
)
# /usr/lib/x86_64-linux-gnu/libc.so.6  |  /lib/x86_64-linux-gnu/libc-2.31.so
_GLIBC = re.compile(r"/libc(?:\.so\.6|-\d+\.\d+\.so)(?: \(deleted\))?$")
_VERSION = re.compile(rb"GNU C Library [^\n]{0,80}? release version (\d+\.\d+)")
_INSIDE = (
    (re.compile(rb"<jemalloc>: "), "jemalloc"),
    (re.compile(rb"TCMALLOC_"), "tcmalloc"),
    (re.compile(rb"mimalloc: "), "mimalloc"),
    (re.compile(rb"GLIBC_TUNABLES\x00"), "glibc"),
)
"""what their own messages leave in a program that has them linked in"""
_READ = 64 << 20
GLIBC = "glibc"


def allocator_of(host: Host, pid: int, mappings: Sequence[Mapping]) -> str:
    """``glibc 2.36``, ``glibc (static)``, ``jemalloc``, ``tcmalloc``, ``mimalloc``, ``musl``; ``unknown``.

    By the libraries that are mapped; then by the words that a linked-in allocator leaves in the program."""
    names = {m.name: m for m in mappings if m.inode and "x" in m.rights}
    for pattern, name in _LIBRARIES:
        if any(pattern.search(path) for path in names):
            return name
    program = _program(host, pid, names)
    inside = _words(host, program, f"/proc/{pid}/exe").inside if program else ()
    linked = [name for name in inside if name != GLIBC]
    if linked:
        return linked[0]
    for path, mapping in names.items():
        if _GLIBC.search(path):
            at = f"/proc/{pid}/map_files/{mapping.low:x}-{mapping.high:x}"
            version = _words(host, mapping, at).version
            return f"{GLIBC} {version}" if version else GLIBC
    return f"{GLIBC} (static)" if inside else "unknown"


def _program(host: Host, pid: int, names: dict[str, Mapping]) -> Mapping | None:
    try:
        return names.get(host.read_link(f"/proc/{pid}/exe"))
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class _Words:
    """What the bytes of one file say: of a C library its version, of a program the allocators linked into it."""

    version: str | None = None
    inside: tuple[str, ...] = ()


_known: OrderedDict[tuple[str, int, str], tuple[Host, _Words]] = OrderedDict()
_KNOWN = 256


def _words(host: Host, mapping: Mapping, at: str) -> _Words:
    """Read once for each file: programs are megabytes long, and stay as they are while they are mapped."""
    key = mapping.device, mapping.inode, mapping.name
    if key not in _known or _known[key][0] is not host:
        try:
            data = host.read_file(at, _READ)
        except OSError:
            return _Words()
        version = _VERSION.search(data)
        inside = tuple(name for pattern, name in _INSIDE if pattern.search(data))
        _known[key] = host, _Words(version[1].decode() if version else None, inside)
        while len(_known) > _KNOWN:
            _known.popitem(last=False)
    return _known[key][1]
