"""ELF files: real ones, and damaged ones, which come from the target too."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.runtimes.elf import Elf


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
