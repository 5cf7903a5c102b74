"""Go's own table, as Go 1.18 and newer write it. (Real programs: tests/live/test_native_lines.py.)"""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.runtimes.elf import Segment
from perfdoctor.collectors.runtimes.go_table import GoTable, Place

TEXT = 0x401000
TREES = 0x600000


class File:
    """What the table asks of an ELF file."""

    def __init__(
        self, table: bytes, *, entry: int = 0, relocated: int = 0, described: bytes = b"", trees: bytes = b""
    ) -> None:
        self._table, self.entry, self._relocated = table, entry, relocated
        self._described, self._trees = described, trees
        self.segments = [Segment(0, TREES, len(trees), executable=False)]

    def section(self, name: str) -> tuple[int, int] | None:
        return {".gopclntab": (0x500000, len(self._table)), ".text": (TEXT, 0x1000)}.get(name)

    def section_content(self, name: str) -> bytes:
        return {".gopclntab": self._table, ".noptrdata": self._described}.get(name, b"")

    def content(self, offset: int, size: int) -> bytes:
        return self._trees[offset : offset + size]

    def relocated(self, address: int) -> int:
        return self._relocated if address == 0x500018 else 0


def number(value: int) -> bytes:
    """In seven bits a byte."""
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def steps(*values: tuple[int, int]) -> bytes:
    """(value, for how many bytes of code)."""
    out, now = b"", -1
    for value, length in values:
        delta = value - now
        out, now = out + number(delta << 1 if delta >= 0 else (-delta << 1) - 1) + number(length), value
    return out + b"\0"


def table(magic: int, text: int = TEXT) -> bytes:
    """Two functions: main.outer, with a frame and inlined code; runtime.goexit, which nothing called."""
    newer = magic == 0xFFFFFFF1
    names = b"\0main.outer\0runtime.goexit\0main.inner\0"
    files = b"/src/main.go\0/src/other.go\0"
    units = struct.pack("<3I", 0, files.index(b"/src/other"), 0xFFFFFFFF)
    parts, places = b"\0", {}
    for name, content in (
        ("stack", steps((0, 4), (24, 60))),
        ("file", steps((0, 16), (1, 16), (0, 32))),
        ("line", steps((10, 16), (77, 16), (12, 32))),
        ("inlined", steps((-1, 16), (0, 16), (-1, 32))),
        ("flat", steps((0, 32))),
        ("other", steps((1, 32))),
    ):
        places[name], parts = len(parts), parts + content

    def function(entry: int, name: bytes, more: tuple[int, ...], flag: int, stack: str, file: str, line: str) -> bytes:
        head = struct.pack("<8I", entry, names.index(name), 0, 0, places[stack], places[file], places[line], len(more))
        head += struct.pack("<I", 0) + (struct.pack("<I", 10) if newer else b"") + bytes([0, flag, 0, 4])
        # (its data: the fourth is the tree of inlined calls, 4 bytes from where all such data begin)
        return head + struct.pack(f"<{len(more) + 4}I", *more, 0, 0, 0, 4)

    outer = function(0, b"main.outer", (0, 0, places["inlined"]), 0, "stack", "file", "line")
    goexit = function(64, b"runtime.goexit", (), 1, "flat", "other", "flat")
    rows = struct.pack("<5I", 0, 20, 64, 20 + len(outer), 96)
    offsets, at = [], 72
    for part in (names, units, files, parts):
        offsets.append(at)
        at += len(part)
    offsets.append(at)
    header = struct.pack("<IHBB8Q", magic, 0, 1, 8, 2, 2, text, *offsets)
    return header + names + units + files + parts + rows + outer + goexit


@pytest.mark.parametrize("magic", [0xFFFFFFF0, 0xFFFFFFF1])
def test_functions_files_and_lines(magic: int) -> None:
    found = GoTable(File(table(magic)))  # type: ignore[arg-type]
    assert found.find(TEXT) == found.find(TEXT + 15) == Place("main.outer", "/src/main.go", 10)
    assert found.find(TEXT + 16) == found.find(TEXT + 31) == Place("main.outer", "/src/other.go", 77, inlined=True)
    assert found.find(TEXT + 32) == Place("main.outer", "/src/main.go", 12)
    assert found.find(TEXT + 64) == Place("runtime.goexit", "/src/other.go", None)
    assert found.find(TEXT - 1) is None
    assert found.find(TEXT + (1 << 30)) is None
    assert dict(found.frame_sizes()) == {TEXT: 0, TEXT + 4: 24, TEXT + 64: None}
    assert found.calls(TEXT + 15) == (Place("main.outer", "/src/main.go", 10),)
    assert found.calls(TEXT + 16) == ()  # (where the trees are is not known)


def described(magic: int, where: int | None = None) -> tuple[bytes, bytes]:
    """The runtime's description of the program, and its trees: main.inner was called at byte 40 of main.outer."""
    newer = magic == 0xFFFFFFF1
    words = [0] * 44
    words[0], words[22], words[where or (40 if newer else 38)] = 0x500000, TEXT, TREES
    name = b"\0main.outer\0runtime.goexit\0main.inner\0".index(b"main.inner")
    tree = struct.pack("<B3xiii", 0, name, 40, 70) if newer else struct.pack("<hBxiiii", -1, 0, 0, 77, name, 40)
    return struct.pack("<44Q", *words), b"\0" * 4 + tree


@pytest.mark.parametrize(("magic", "where"), [(0xFFFFFFF0, None), (0xFFFFFFF1, None), (0xFFFFFFF1, 43)])
def test_what_was_inlined_has_its_own_name_and_the_line_of_its_call(magic: int, where: int | None) -> None:
    about, trees = described(magic, where)
    found = GoTable(File(table(magic), described=about, trees=trees))  # type: ignore[arg-type]
    inner, outer = Place("main.inner", "/src/other.go", 77), Place("main.outer", "/src/main.go", 12)
    assert found.calls(TEXT + 16) == found.calls(TEXT + 31) == (inner, outer)
    assert found.calls(TEXT + 32) == (outer,)
    assert found.calls(TEXT - 1) == ()
    other = File(table(magic), described=about[8:], trees=trees)
    assert GoTable(other).calls(TEXT + 16) == ()  # type: ignore[arg-type]


def test_where_the_functions_begin_may_be_a_relocation() -> None:
    found = GoTable(File(table(0xFFFFFFF1, text=0), relocated=0x2000))  # type: ignore[arg-type]
    assert found.find(0x2000) == Place("main.outer", "/src/main.go", 10)
    with pytest.raises(ValueError, match="does not say where"):
        GoTable(File(table(0xFFFFFFF1, text=0)))  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xfb\xff\xff\xff\0\0\1\x08" + b"\0" * 64])
def test_another_table_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="table of Go"):
        GoTable(File(content))  # type: ignore[arg-type]


@given(
    st.sampled_from([0xFFFFFFFA, 0xFFFFFFF0, 0xFFFFFFF1]),
    st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=8)), max_size=6),
    st.integers(0, 400),
)
def test_any_table_is_read_or_refused(magic: int, changes: list[tuple[int, bytes]], cut: int) -> None:
    content = bytearray(table(magic))
    about, trees = described(magic)
    for at, text in changes:
        content[at : at + len(text)] = text
        trees = trees[: at % 24] + text + trees[at % 24 + len(text) :]
    try:
        found = GoTable(File(bytes(content[: len(content) - cut // 4]), described=about, trees=trees))  # type: ignore[arg-type]
    except ValueError:
        return
    for at in (0, TEXT, TEXT + 20, TEXT + 64, 1 << 62):
        place = found.find(at)
        assert place is None or place.line is None or place.line > 0
        assert len(found.calls(at)) <= 33
    rows = 0
    for _ in found.frame_sizes():
        rows += 1
    assert rows < 3_000_000
