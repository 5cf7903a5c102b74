"""Code that takes the place of other code in a process: what ran there is known, or said to be unknown."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from perfdoctor.collectors.runtimes.native import REPLACED, NativeNames
from perfdoctor.collectors.runtimes.vdso import vdso_file
from tests.collectors.machine import Machine

PID = 4194000
LOW = 0x7F0000001000


def library(folder: Path, name: str) -> Path:
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    (folder / f"{name}.c").write_text(f"int {name}(int x) {{ return x + 1; }}\n")
    built = folder / f"{name}.so"
    command = ["cc", "-g", "-shared", "-nostdlib", "-fPIC", str(folder / f"{name}.c"), "-o", str(built)]
    subprocess.run(command, check=True)
    return built


def mapped(path: Path, low: int = LOW, offset: int = 0x1000) -> str:
    return f"{low:x}-{low + 0x1000:x} r-xp {offset:08x} fe:00 {path.stat().st_ino} {path}\n"


def names_of(*lines: str) -> tuple[NativeNames, Machine]:
    machine = Machine(files={f"/proc/{PID}/maps": "".join(lines)})
    return NativeNames(machine, PID), machine


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """(the process is not there: its files are ours)"""
    monkeypatch.setattr("perfdoctor.collectors.runtimes.native.open_path", lambda _pid, mapping: mapping.path)
    monkeypatch.setattr("perfdoctor.collectors.runtimes.native._LOOK_SECONDS", 0.0)


def function_at(names: NativeNames, address: int) -> str:
    return names.frames(address, returns=False)[0].function


@pytest.mark.usefixtures("here")
def test_a_library_that_is_gone_is_still_named(tmp_path: Path) -> None:
    names, machine = names_of(mapped(library(tmp_path, "first")))
    assert function_at(names, LOW) == "first"
    machine.files[f"/proc/{PID}/maps"] = mapped(library(tmp_path, "second"), LOW + 0x10000)
    assert names.look_again()
    assert function_at(names, LOW) == "first"
    assert function_at(names, LOW + 0x10000) == "second"
    names.close()


@pytest.mark.usefixtures("here")
def test_another_library_at_the_same_place_leaves_it_unknown(tmp_path: Path) -> None:
    names, machine = names_of(mapped(library(tmp_path, "first")))
    assert function_at(names, LOW) == "first"
    machine.files[f"/proc/{PID}/maps"] = mapped(library(tmp_path, "second"))
    assert names.look_again()
    assert names.frames(LOW, returns=False) == (REPLACED,)
    names.close()


@pytest.mark.usefixtures("here")
def test_what_nobody_saw_come_and_go_was_told(tmp_path: Path) -> None:
    first, second = library(tmp_path, "first"), library(tmp_path, "second")
    names, _ = names_of(mapped(first))
    assert function_at(names, LOW) == "first"

    def told(path: Path, low: int = LOW) -> None:
        names.code_was_mapped(time.monotonic_ns(), low, low + 0x1000, 0x1000, path.stat().st_ino)

    told(first)
    told(second, LOW + 0x5000)
    assert not names.was_replaced(LOW)
    told(second)
    told(first)
    assert names.frames(LOW, returns=False) == (REPLACED,)
    names.close()


@pytest.mark.usefixtures("here")
def test_what_was_mapped_before_it_was_seen_is_no_other_code(tmp_path: Path) -> None:
    """(in layered file systems the kernel's number of a file is another one)"""
    before = time.monotonic_ns()
    names, _ = names_of(mapped(library(tmp_path, "first")))
    assert function_at(names, LOW) == "first"
    names.code_was_mapped(before, LOW, LOW + 0x1000, 0x1000, 999)
    assert function_at(names, LOW) == "first"
    names.code_was_mapped(time.monotonic_ns(), LOW, LOW + 0x1000, 0, 0)
    assert names.was_replaced(LOW)
    names.close()


@pytest.mark.usefixtures("here")
def test_of_a_program_that_is_gone_nothing_is_asked_again(tmp_path: Path) -> None:
    names, machine = names_of(mapped(library(tmp_path, "first")))
    assert function_at(names, LOW) == "first"
    names.is_gone()
    machine.files[f"/proc/{PID}/maps"] = mapped(library(tmp_path, "second"), LOW + 0x10000)
    assert not names.look_again()
    assert names.frames(LOW + 0x10000, returns=False) == ()
    assert function_at(names, LOW) == "first"
    names.close()


def test_the_kernels_own_code_in_every_process_is_an_elf_file() -> None:
    assert Path(vdso_file()).read_bytes()[:4] == b"\x7fELF"
