"""The records in which the kernel tells of mapped code."""

import mmap
import struct

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.bpf.code_maps import CodeMaps, NewCode

SIZE = 16 * mmap.PAGESIZE


def record(kind: int, content: bytes, misc: int = 0) -> bytes:
    return struct.pack("<IHH", kind, misc, 8 + len(content)) + content


def code(pid: int, at: int, low: int = 0x1000, inode: int = 7, name: bytes = b"/lib/x.so") -> bytes:
    head = struct.pack("<II3QIIQQII", pid, pid, low, 0x2000, 0x3000, 8, 1, inode, 1, 5, 2)
    return record(10, head + name.ljust(32, b"\0") + struct.pack("<Q", at))


def executes(pid: int, at: int) -> bytes:
    return record(3, struct.pack("<II", pid, pid) + b"other\0\0\0" + struct.pack("<Q", at), 1 << 13)


def ring(records: bytes, begins: int = 0) -> mmap.mmap:
    """With these records from a position on, which may be such that they go on at the beginning."""
    made = mmap.mmap(-1, SIZE + mmap.PAGESIZE)
    for i, byte in enumerate(records):
        made[mmap.PAGESIZE + (begins + i) % SIZE] = byte
    made[1024:1040] = struct.pack("<QQ", begins + len(records), begins)
    return made


def read(*rings: mmap.mmap) -> tuple[list[tuple[NewCode, int]], CodeMaps]:
    maps = CodeMaps(())
    maps._rings = [(-1, one) for one in rings]
    return list(maps.read()), maps


def test_where_what_was_mapped_and_when() -> None:
    for begins in (0, SIZE - 40, SIZE - 8, 5 * SIZE - 64):
        found, maps = read(ring(code(3, 100) + code(4, 200, low=0x9000, inode=0), begins))
        assert found == [
            (NewCode(3, 100, 0x1000, 0x3000, 0x3000, 7), 0),
            (NewCode(4, 200, 0x9000, 0xB000, 0x3000, 0), 0),
        ]
        assert list(maps.read()) == []


def test_a_program_that_is_executed_is_known_whatever_processor_told_of_it() -> None:
    found, _ = read(ring(code(3, 100) + code(3, 400)), ring(executes(3, 300) + executes(5, 1)))
    assert [(code.at, executed) for code, executed in found] == [(100, 300), (400, 300)]


def test_what_a_runtime_compiles_into_is_no_file() -> None:
    found, _ = read(ring(code(3, 100, name=b"/memfd:doublemapper (deleted)")))
    assert [code.inode for code, _ in found] == [0]


def test_what_found_no_room_is_counted() -> None:
    _, maps = read(ring(record(2, struct.pack("<QQQ", 1, 23, 0))))
    assert maps.lost == 23


@given(st.binary(max_size=400), st.integers(0, 3 * SIZE))
def test_any_content_ends(content: bytes, begins: int) -> None:
    maps = CodeMaps(())
    taken = list(maps._take(ring(content, begins - begins % 8)))
    assert len(taken) <= 51
