"""The way to a caller, as the call frame information of a binary gives it."""

import contextlib
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.bpf.unwinding import MAPPING
from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.unwind import (
    BY_FRAME,
    BY_STACK,
    NO_RULE,
    OUTERMOST,
    _parse,
    unwind_table,
)

TEXT = b"""STACK CFI INIT 1000 20 .cfa: $rsp 8 + .ra: .cfa -8 + ^
STACK CFI 1001 .cfa: $rsp 16 + $rbp: .cfa -16 + ^
STACK CFI 1004 .cfa: $rbp 16 +
STACK CFI 101f .cfa: $rsp 8 +
STACK CFI INIT 1020 10 .cfa: $rsp 8 + .ra: .cfa -8 + ^
STACK CFI INIT 1040 22 .cfa: $rsp 8 +
STACK CFI INIT 1080 10 .cfa: $rsp 8 + $rip 15 & 11 >= 3 << + .ra: .cfa -8 + ^
"""


def rules(rows: bytes) -> dict[int, tuple[int, int, int]]:
    """By address: (kind, offset, words below the CFA where the frame pointer is)."""
    return {at: (rule & 7, rule & 0x7FFFF8, rule >> 23) for at, rule in struct.iter_unpack("<II", rows)}


def test_rows_say_where_the_caller_is() -> None:
    assert rules(_parse(TEXT, 0x400000, {}).rows) == {
        0x401000: (BY_STACK, 8, 0),
        0x401001: (BY_STACK, 16, 2),
        0x401004: (BY_FRAME, 16, 2),
        0x40101F: (BY_STACK, 8, 2),
        0x401020: (BY_STACK, 8, 0),
        0x401030: (NO_RULE, 0, 0),
        0x401040: (OUTERMOST, 0, 0),
        0x401062: (NO_RULE, 0, 0),
        0x401080: (BY_STACK, 8, 0),
        0x40108B: (BY_STACK, 16, 0),
        0x401090: (NO_RULE, 0, 0),
    }


def test_files_that_keep_frame_pointers_are_told(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text("int f(int *x) { x[0]++; return x[1]; }\nint g(int *x) { return f(x) + f(x + 1); }\n")
    for flag, kept in (("-fno-omit-frame-pointer", True), ("-fomit-frame-pointer", False)):
        library = tmp_path / f"{flag}.so"
        subprocess.run(
            ["cc", "-O1", "-shared", "-nostdlib", "-fPIC", flag, str(source), "-o", str(library)], check=True
        )
        table = unwind_table(str(library))
        assert table is not None and table.keeps_frames is kept
        assert table.count > 4


def test_a_file_without_any_is_none(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no ELF file")
    assert unwind_table(str(tmp_path / "text")) is None
    assert unwind_table(str(tmp_path / "gone")) is None


def test_rows_are_in_order_of_address() -> None:
    table = unwind_table("/proc/self/exe")
    if table is None:
        pytest.skip(f"{sys.executable} has no call frame information")
    addresses = [at for at, _ in struct.iter_unpack("<II", table.rows)]
    assert addresses == sorted(set(addresses))


@given(st.text("STACKCFIN 0123456789abcdef.:$rspbp+-^\n", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for head in (b"", b"STACK CFI INIT 10 20 "):
        with contextlib.suppress(ValueError):
            _parse(head + text.encode() + b"\n", 0, {})


def test_a_mapping_is_as_long_as_the_kernel_side_has_it() -> None:
    assert MAPPING.size == 32


def test_the_stubs_of_calls_to_other_files_have_rows_of_their_own(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text("int g(int); int h(int); int f(int x) { return g(x) + h(x); }\n")
    for flag, pushed in (("-fcf-protection=none", 11), ("-fcf-protection=full", 9)):
        library = tmp_path / f"{flag}.so"
        # (with lazy binding, or there are no such stubs)
        command = ["cc", "-O1", "-shared", "-nostdlib", "-fPIC", "-Wl,-z,lazy", flag, str(source), "-o", str(library)]
        subprocess.run([*command, "-Wl,-z,ibtplt"] if pushed == 9 else command, check=True)
        elf = Elf(str(library))
        section = elf.section(".plt")
        elf.close()
        table = unwind_table(str(library))
        assert section and table
        start, size = section
        found = {at - start: rule for at, rule in rules(table.rows).items() if start <= at < start + size}
        assert found == {
            0: (BY_STACK, 16, 0),
            6: (BY_STACK, 24, 0),
            **dict.fromkeys(range(16, size, 16), (BY_STACK, 8, 0)),
            **{at + pushed: (BY_STACK, 16, 0) for at in range(16, size, 16)},
        }
