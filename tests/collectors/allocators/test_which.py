"""Which allocator, by the libraries that are mapped and by the words inside the program."""

import pytest

from perfdoctor.collectors.allocators.which import allocator_of
from perfdoctor.collectors.backends.proc.smaps import Mapping
from tests.collectors.machine import Machine

GLIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
SAYS = "x\0GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.\n"


@pytest.mark.parametrize(
    ("libraries", "program", "expected"),
    [
        ((GLIBC,), "", "glibc 2.36"),
        (("/lib/libc-2.31.so",), "", "glibc"),
        ((GLIBC, "/usr/lib/libjemalloc.so.2"), "", "jemalloc"),
        ((GLIBC, "/usr/lib/libtcmalloc_minimal.so.4"), "", "tcmalloc"),
        ((GLIBC, "/opt/libmimalloc.so.2.1"), "", "mimalloc"),
        (("/lib/ld-musl-x86_64.so.1",), "", "musl"),
        ((GLIBC,), "a\0<jemalloc>: Error\0", "jemalloc"),
        ((), "a\0GLIBC_TUNABLES\0", "glibc (static)"),
        ((), "a\0TCMALLOC_SAMPLE\0GLIBC_TUNABLES\0", "tcmalloc"),
        ((), "nothing", "unknown"),
        (("/srv/my-libjemalloc-notes.txt",), "", "unknown"),
    ],
)
def test_allocators(libraries: tuple[str, ...], program: str, expected: str) -> None:
    mappings = [Mapping(0x1000, 0x2000, "r-xp", 1, "/usr/bin/shop")]
    mappings += [Mapping(low * 0x1000, (low + 1) * 0x1000, "r-xp", low, name) for low, name in enumerate(libraries, 16)]
    host = Machine({"/proc/42/exe": program}, {"/proc/42/exe": "/usr/bin/shop"})
    host.files["/proc/42/map_files/10000-11000"] = SAYS if GLIBC in libraries else ""
    assert allocator_of(host, 42, mappings) == expected
