"""Where the interpreter lock lies, held against the interpreters' own headers."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from perfdoctor.collectors.runtimes import gil
from perfdoctor.collectors.runtimes.gil import Gil
from tests.live.need import need
from tests.live.workload import python_interpreters

ASK = """
#define Py_BUILD_CORE 1
#include <Python.h>
#include <stddef.h>
#include <stdio.h>
#if PY_VERSION_HEX < 0x03090000
#include "internal/pycore_pystate.h"
#else
#include "internal/pycore_runtime.h"
#include "internal/pycore_interp.h"
#endif
#if PY_VERSION_HEX < 0x030c0000
#define PLACE offsetof(_PyRuntimeState, ceval.gil)
#else
#define PLACE offsetof(PyInterpreterState, ceval.gil)
#endif
#define AT(field) offsetof(struct _gil_runtime_state, field)
int main(void) {
    printf("%zu %zu %zu %zu %zu %zu %zu\\n", PLACE, AT(last_holder), AT(locked), AT(cond), AT(mutex), AT(switch_cond),
           sizeof(struct _gil_runtime_state));
}
"""
PLACES = {f"3.{minor}": place for minor, place in gil._IN_RUNTIME.items()}
PLACES |= {"3.12": gil._POINTER_IN_INTERPRETER_3_12, "3.13": 16}


def test_offsets_are_those_of_the_interpreters_here(tmp_path: Path) -> None:
    (tmp_path / "ask.c").write_text(ASK)
    compiler = [shutil.which("cc") or ""] if shutil.which("cc") else [sys.executable, "-m", "ziglang", "cc"]
    checked = 0
    for version, place in PLACES.items():
        interpreter = python_interpreters().get(version)
        if interpreter is None:
            continue
        where = [interpreter, "-c", "import sysconfig; print(sysconfig.get_path('include'))"]
        include = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
        made = subprocess.run(
            [*compiler, f"-I{include}", str(tmp_path / "ask.c"), "-o", str(tmp_path / "ask")],
            capture_output=True,
            check=False,
        )
        if made.returncode == 0:  # (needs the interpreter's headers)
            told = subprocess.run([str(tmp_path / "ask")], capture_output=True, text=True, check=True).stdout.split()
            kept = (gil._HOLDER, gil._LOCKED, gil._CONDITION, gil._MUTEX, gil._SWITCH, gil._END)
            assert tuple(map(int, told)) == (place, *kept), version
            checked += 1
    need(checked, "no CPython 3.8 to 3.13 with its headers here")


@pytest.mark.parametrize(
    ("offset", "part", "start"),
    [
        (31, None, None),
        (32, "the GIL", 32),
        (76, "the GIL", 32),
        (80, "mutex of the GIL", 80),
        (168, "hand-over of the GIL", 120),
        (208, None, None),
    ],
)
def test_parts(offset: int, part: str | None, start: int | None) -> None:
    lock = Gil(0x1000)
    assert lock.part(0x1000 + offset) == part
    assert lock.start(0x1000 + offset) == (None if start is None else 0x1000 + start)
