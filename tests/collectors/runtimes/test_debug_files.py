"""A debug file counts where it is of the same build, and nowhere else."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from perfdoctor.collectors.runtimes.debug_files import find_debug_file
from perfdoctor.collectors.runtimes.elf import Elf

pytestmark = pytest.mark.skipif(not (shutil.which("cc") and shutil.which("objcopy")), reason="needs a C compiler")


def run(*command: str | Path) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True)


def library(folder: Path, name: str = "a", text: str = "int f(int x) { return x + 1; }\n", *flags: str) -> Path:
    source = folder / f"{name}.c"
    source.write_text(text)
    run("cc", "-g", "-shared", "-nostdlib", "-fPIC", *flags, source, "-o", folder / f"{name}.so")
    return folder / f"{name}.so"


def split(built: Path, debug: Path, *, link: bool = True) -> Path:
    """The file without its debug information, which goes to ``debug``."""
    debug.parent.mkdir(parents=True, exist_ok=True)
    run("objcopy", "--only-keep-debug", built, debug)
    stripped = built.with_suffix(".stripped")
    run("objcopy", "--strip-all", *([f"--add-gnu-debuglink={debug}"] if link else []), built, stripped)
    return stripped


def found(stripped: Path, root: str = "") -> str | None:
    elf = Elf(str(stripped))
    debug = find_debug_file(elf, str(stripped), root)
    elf.close()
    if debug is None:
        return None
    try:
        assert debug.section(".debug_line")
        return os.readlink(debug.path)
    finally:
        debug.close()


@pytest.mark.parametrize("folder", [".", ".debug"])
@pytest.mark.parametrize("build_id", ["none", "sha1"])
def test_it_lies_beside_the_file_or_in_a_folder_there(tmp_path: Path, folder: str, build_id: str) -> None:
    debug = tmp_path / folder / "a.debug"
    stripped = split(library(tmp_path, "a", "int f(int x) { return x + 1; }\n", f"-Wl,--build-id={build_id}"), debug)
    assert found(stripped) == str(debug.resolve())


def test_it_lies_in_the_targets_own_root(tmp_path: Path) -> None:
    built = library(tmp_path, "a", "int f(int x) { return x + 2; }\n", "-Wl,--build-id=sha1")
    elf = Elf(str(built))
    number = elf.build_id()
    elf.close()
    assert len(number) == 40
    root = tmp_path / "root"
    debug = root / "usr/lib/debug/.build-id" / number[:2] / f"{number[2:]}.debug"
    stripped = split(built, debug, link=False)
    assert found(stripped) is None
    assert found(stripped, str(root)) == str(debug)
    by_path = root / f"usr/lib/debug{tmp_path}/a.debug"
    other = split(library(tmp_path, "b", "int f(int x) { return x + 3; }\n", "-Wl,--build-id=none"), by_path)
    assert found(other, str(root)) == str(by_path)


@pytest.mark.parametrize("build_id", ["none", "sha1"])
def test_that_of_another_build_is_left_alone(tmp_path: Path, build_id: str) -> None:
    flag = f"-Wl,--build-id={build_id}"
    debug = tmp_path / "a.debug"
    stripped = split(library(tmp_path, "a", "int f(int x) { return x + 1; }\n", flag), debug)
    split(library(tmp_path, "b", "\n\nint f(int x) { return x + 1; }\nint g;\n", flag), debug)
    assert found(stripped) is None
    debug.write_text("no ELF file")
    assert found(stripped) is None


def test_a_name_that_leads_elsewhere_is_no_name(tmp_path: Path) -> None:
    built = library(tmp_path, "a", "int f(int x) { return x + 1; }\n", "-Wl,--build-id=none")
    for link in (b"../a.debug\0\0\0\0\0", b"/etc/passwd\0\0\0\0\0", b"..\0\0\0\0\0", b"\0\0\0\0", b"\xff" * 12):
        (tmp_path / "link").write_bytes(link)
        stripped = tmp_path / "stripped"
        run("objcopy", "--strip-all", f"--add-section=.gnu_debuglink={tmp_path}/link", built, stripped)
        assert found(stripped) is None
