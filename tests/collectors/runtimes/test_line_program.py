"""Lines of programs with split units."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.line_program import LineProgram

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
SOURCE = "int f(int *x)\n{\n    x[0]++;\n    return x[1];\n}\nint g(int *x)\n{\n    return f(x) + 1;\n}\n"


def library(folder: Path, *flags: str) -> Path:
    (folder / "a.c").write_text(SOURCE)
    built = folder / "a.so"
    command = ["cc", "-O1", "-g", "-shared", "-nostdlib", "-fPIC", *flags, "a.c", "-o", str(built)]
    subprocess.run(command, check=True, cwd=folder)
    return built


@pytest.mark.parametrize("version", ["4", "5"])
def test_every_address_has_the_line_of_its_function(tmp_path: Path, version: str) -> None:
    built = library(tmp_path, "-gsplit-dwarf", f"-gdwarf-{version}")
    elf, lines = Elf(str(built)), LineProgram(str(built))
    for name, possible in (("f", {1, 2, 3, 4, 5}), ("g", {6, 7, 8, 9})):
        start, size = elf.extent(name) or (0, 0)
        told = {lines.place(at) for at in range(start, start + size)}
        assert {file for file, _ in told} == {str(tmp_path / "a.c")}
        assert {line for _, line in told} <= possible
    assert lines.place(0) == (None, None)
    text, size = elf.section(".text") or (0, 0)
    assert lines.place(text + size) == lines.place(1 << 63) == (None, None)
    lines.close()
    elf.close()


def test_without_split_units_there_is_nothing_to_read(tmp_path: Path) -> None:
    for flags in ((), ("-g0",)):
        with pytest.raises(ValueError, match="no split units"):
            LineProgram(str(library(tmp_path, *flags)))
    (tmp_path / "text").write_text("no ELF file")
    with pytest.raises(ValueError, match="no split units"):
        LineProgram(str(tmp_path / "text"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_a_damaged_file_is_refused_or_says_nothing(tmp_path: Path, changes: list[tuple[float, int]]) -> None:
    built = tmp_path / "a.so"
    if not built.exists():
        library(tmp_path, "-gsplit-dwarf")
    content = bytearray(built.read_bytes())
    begins = content.find(b"a.c\0") - 400  # (what lies around is the debug information)
    for where, value in changes:
        content[begins + int(where * 900)] = value
    damaged = tmp_path / "damaged"
    damaged.write_bytes(content)
    try:
        lines = LineProgram(str(damaged))
    except ValueError:
        return
    for at in (0, 0x1000, 0x1008, 1 << 40):
        file, line = lines.place(at)
        assert file is None or isinstance(file, str)
        assert line is None or line > 0
    lines.close()
