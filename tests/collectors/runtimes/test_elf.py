"""ELF files: real ones, and damaged ones, which come from the target too."""

import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfdoctor.collectors.runtimes.elf import Elf, Segment


def test_finds_the_interpreters_runtime() -> None:
    found = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = line.split(None, 5)[-1]
        if "python" in Path(path).name and path.startswith("/") and path not in found:
            found.append(path)
    answers = []
    for path in found:
        elf = Elf(path)
        answers.append((elf.section(".PyRuntime"), elf.symbol("_PyRuntime"), elf.symbol("Py_Version")))
        assert elf.segments and elf.address_of_offset(elf.segments[0].offset) == elf.segments[0].address
        elf.close()
    assert any(section and section[0] == symbol and version for section, symbol, version in answers), answers


def test_the_symbol_table_tells_the_halves_of_a_function_apart() -> None:
    names = set()
    for path in {line.split(None, 5)[-1] for line in Path("/proc/self/maps").read_text().splitlines()}:
        if "python" in Path(path).name and path.startswith("/") and Path(path).exists():
            elf = Elf(path)
            at = elf.symbol("_PyEval_EvalFrameDefault")
            if at is not None:
                names.add(elf.function_at(at + 64))
            elf.close()
    assert names <= {"_PyEval_EvalFrameDefault", None} and names


def test_variables_are_found_by_an_address_inside_them() -> None:
    found = []
    for path in {line.split(None, 5)[-1] for line in Path("/proc/self/maps").read_text().splitlines()}:
        if "python" in Path(path).name and path.startswith("/") and Path(path).exists():
            elf = Elf(path)
            at = elf.symbol("_PyRuntime")
            if at is not None:
                found.append((elf.object_at(at), elf.object_at(at + 40), elf.end > at))
            elf.close()
    assert (("_PyRuntime", 0), ("_PyRuntime", 40), True) in found


def test_a_name_that_is_only_the_end_of_another_is_not_found() -> None:
    elf = Elf(sys.executable)
    assert elf.symbol("yRuntime") is None
    assert elf.section("PyRuntime") is None


@given(cut=st.integers(0, 4096), at=st.integers(0, 4095), value=st.integers(0, 255))
def test_a_damaged_file_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, cut: int, at: int, value: int
) -> None:
    data = bytearray(Path("/bin/true").read_bytes()[: 512 + cut])
    data[at % len(data)] = value
    path = tmp_path_factory.mktemp("elf") / "file"
    path.write_bytes(data)
    try:
        elf = Elf(str(path))
    except ValueError:
        return
    try:
        elf.section(".text")
        elf.symbol("main")
    finally:
        elf.close()


SOURCE = """
int shown(int x) { return x + 1; }
static __attribute__((noinline)) int hidden(int x) { return x * 3; }
int (*pointer)(int) = hidden;
__asm__(".globl bare\\nbare: nop\\nnop\\nret\\n");
"""


def built(folder: Path, *flags: str) -> Path:
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    (folder / "a.c").write_text(SOURCE)
    command = ["cc", "-O1", "-shared", "-nostdlib", "-fPIC", *flags, str(folder / "a.c"), "-o", str(folder / "a.so")]
    subprocess.run(command, check=True)
    return folder / "a.so"


def test_a_place_between_the_symbols_is_in_none(tmp_path: Path) -> None:
    path = built(tmp_path)
    elf = Elf(str(path))
    names = dict(elf.function_symbols())
    shown, size = elf.extent("shown") or (0, 0)
    hidden, bare = names["hidden"], elf.symbol("bare") or 0
    assert all(map(elf.is_in_symbol, (shown, shown + size - 1, hidden, bare, bare + 2)))
    assert not any(map(elf.is_in_symbol, (0, 1 << 40)))
    # what the loader writes where the pointer lies
    assert elf.relocated(elf.symbol("pointer") or 0) == hidden
    assert elf.relocated(shown) == 0
    elf.close()
    subprocess.run(["strip", str(path)], check=True)
    stripped = Elf(str(path))
    assert stripped.is_in_symbol(shown) and not stripped.is_in_symbol(hidden)
    stripped.close()


def test_code_is_found_on_a_page_that_two_segments_share(tmp_path: Path) -> None:
    """As lld lays files out: the code's page of the file begins with the end of the segment before."""
    elf = Elf(str(built(tmp_path)))
    elf.segments = [Segment(0, 0, 0x1D68, False), Segment(0x1D70, 0x2D70, 0x900, True)]
    assert elf.address_of_offset(0x1000) == 0x1000
    assert elf.address_of_code(0x1000) == 0x2000
    assert elf.address_of_code(0x1D74) == 0x2D74
    assert elf.address_of_code(0) is None and elf.address_of_code(0x2670) is None
    elf.close()


def test_the_build_id_is_the_linkers(tmp_path: Path) -> None:
    elf = Elf(str(built(tmp_path, "-Wl,--build-id=0x0123456789abcdef0123456789abcdef01234567")))
    assert elf.build_id() == "0123456789abcdef0123456789abcdef01234567"
    assert elf.checksum(1 << 20) == zlib.crc32((tmp_path / "a.so").read_bytes())
    assert elf.checksum(16) is None
    elf.close()
    elf = Elf(str(built(tmp_path, "-Wl,--build-id=none")))
    assert elf.build_id() == ""
    elf.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=8)), max_size=8))
def test_a_damaged_file_answers_every_question_or_is_refused(tmp_path: Path, changes: list[tuple[int, bytes]]) -> None:
    path = tmp_path / "a.so"
    content = bytearray((path if path.exists() else built(tmp_path)).read_bytes())
    tables = struct.unpack_from("<Q", content, 40)[0]
    for at, text in changes:
        # the headers of the file, of the segments or of the sections
        where = at % 700 if at % 2 else (tables + at % 2000) % (len(content) - 8)
        content[where : where + len(text)] = text
    damaged = tmp_path / "damaged"
    damaged.write_bytes(content)
    try:
        elf = Elf(str(damaged))
    except ValueError:
        return
    for at in (0, 0x1000, 1 << 63):
        elf.is_in_symbol(at), elf.function_at(at), elf.object_at(at), elf.relocated(at)
        elf.address_of_code(at), elf.address_of_offset(at), elf.offset_of_address(at), elf.content(at, 8)
    for name in (".text", ".note.gnu.build-id", ""):
        elf.section(name), elf.section_content(name)
    elf.build_id(), elf.extent("shown"), elf.functions({"shown"}), list(elf.function_symbols())
    elf.close()


def test_functions_are_found_where_the_file_has_them_and_not_where_it_only_uses_them() -> None:
    library = next(path for path in Path("/proc/self/maps").read_text().split() if "/libc.so.6" in path)
    elf = Elf(library)
    try:
        found = elf.functions({"malloc", "free", "no_such_function"})
        assert set(found) == {"malloc", "free"}
        address = elf.address_of_offset(found["malloc"])
        assert address is not None
        assert elf.offset_of_address(address) == found["malloc"]
        assert elf.offset_of_address(1 << 60) is None
    finally:
        elf.close()
    program = Elf(str(Path("/bin/ls").resolve()))
    try:
        assert "malloc" not in program.functions({"malloc"})
    finally:
        program.close()
