"""The variants of glibc's functions that have no name of their own."""

import ctypes
from pathlib import Path

import pytest

from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.picked import picked_name


@pytest.fixture
def library() -> Elf:
    lines = Path("/proc/self/maps").read_text().splitlines() if Path("/proc/self/maps").exists() else []
    path = next((line.split()[5] for line in lines if line.endswith("/libc.so.6")), None)
    if path is None:
        pytest.skip("no glibc here")
    return Elf(path)


def place(library: Elf, name: str) -> int:
    """Where our own process has it, as an address in the file."""
    address = ctypes.cast(getattr(ctypes.CDLL("libc.so.6"), name), ctypes.c_void_p).value or 0
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, offset, *_ = line.split()
        low, high = (int(end, 16) for end in span.split("-"))
        if low <= address < high and rights == "r-xp":
            return library.address_of_offset(address - low + int(offset, 16)) or 0
    raise AssertionError(f"{name} is in no mapping")


@pytest.mark.parametrize("name", ["strlen", "strcmp", "memmove", "strcat"])
def test_a_variant_has_the_name_of_its_function_from_its_begin_on(library: Elf, name: str) -> None:
    begin = place(library, name)
    assert picked_name(library, begin) == name
    assert picked_name(library, begin + 8) == name


def test_what_was_not_picked_has_no_name(library: Elf) -> None:
    assert picked_name(library, place(library, "printf")) is None
    assert picked_name(library, 0) is None


def test_another_build_is_not_judged_by_ours() -> None:
    other = next((path for path in (Path("/lib64/ld-linux-x86-64.so.2"), Path("/bin/sh")) if path.exists()), None)
    if other is None:
        pytest.skip("no other file to look at")
    assert picked_name(Elf(str(other)), 4096) is None
