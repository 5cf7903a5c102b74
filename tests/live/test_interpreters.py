"""Every build and shape of CPython: several interpreters in a process, embedded, copied, stripped, replaced on disk."""

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.cpu import trace_cpu
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.runtimes.python import UNNAMED
from perfdoctor.collectors.runtimes.which import runtime_of
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import FrameKind
from perfdoctor.schemas.target import Target
from tests.live.need import need
from tests.live.test_engine import WALKABLE, assert_exact, rows_of, trace_its_work, trace_while
from tests.live.test_fallback_cpu import HOT, share
from tests.live.test_fallback_cpu import line_of as marked_line
from tests.live.workload import WORKLOADS, LineTruth, python_interpreters, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
LIBRARIES = ("-lpthread", "-ldl", "-lutil", "-lm")


@pytest.fixture(autouse=True)
def engine_runs_here() -> None:
    problem = bpf.unavailable(HOST)
    need(problem is None, f"the engine cannot run: {problem}")


def counted(evidence: Evidence, truth: dict[int, LineTruth]) -> dict[str, int]:
    """By marker: the calls whose innermost frame of the workload's file is that line."""
    assert evidence.syscalls is not None
    found = Counter[str]()
    for row in evidence.syscalls.rows:
        own = next((f.line for f in row.stack if (f.file or "").endswith("sub_interpreters.py")), None)
        if own in truth and row.syscall in truth[own].syscalls:
            found[truth[own].marker] += row.calls
    return found


@pytest.mark.parametrize(("version", "late"), [*((v, ()) for v in WALKABLE), (WALKABLE[-1], ("--late",))])
async def test_each_interpreter_of_a_process_has_its_own_lines(version: str, late: tuple[str, ...]) -> None:
    async with workload("sub_interpreters.py", *late, interpreter=python_interpreters()[version]) as program:
        evidence, truth = await trace_its_work(program, Wanted())
    found = counted(evidence, truth)
    assert found["alone"] == 197
    if version in ("3.8", "3.9"):
        # Nothing tells whose state a thread is using while two of its name have frames: then no line is named, and what
        # another thread's state runs is charged to the line that had it run.
        assert 0 < found["beside"] <= 211 and not found["other"] and not found["nested"] and found["run"] >= 103
        assert evidence.collections["syscalls"].missing_stacks > 0
        return
    assert (found["beside"], found["other"], found["nested"]) == (211, 103, 107)


def asked(interpreter: str, expression: str) -> str:
    command = [interpreter, "-c", f"import sys, sysconfig; print({expression})"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def embedded(version: str, folder: Path, *flags: str, shared: bool = False) -> Path:
    """A program of another name with this interpreter linked into it, or (``shared``) beside it under another name."""
    interpreter = python_interpreters()[version]
    variable = "sysconfig.get_config_var({!r})".format
    archive = Path(asked(interpreter, variable("LIBPL")), f"libpython{version}.a")
    library = Path(asked(interpreter, variable("LIBDIR")), f"libpython{version}.so.1.0")
    wanted = library if shared else archive
    need(wanted.exists(), f"no {wanted.name} here")
    inside = str(wanted)
    if shared:
        inside = str(folder / "libengine.so")
        shutil.copy(library, inside)
        flags = (*flags, f"-Wl,-rpath,{folder}")
    program = folder / "counter"
    include = "-I" + asked(interpreter, "sysconfig.get_path('include')")
    command = ["cc", "-O1", *flags, include, str(WORKLOADS / "embedding.c"), inside, "-o", str(program), *LIBRARIES]
    subprocess.run(command, check=True, capture_output=True)
    if shared:  # (the loader looks for the name that the library gives itself)
        (folder / library.name).symlink_to(inside)
    return program


def home_of(version: str) -> dict[str, str]:
    return {"PYTHONHOME": asked(python_interpreters()[version], "sys.base_prefix")}


async def exact(program: Path, version: str, environment: dict[str, str]) -> Evidence:
    """Every line of known_counts.py has its calls when this program runs it."""
    async with workload("known_counts.py", interpreter=str(program), environment=environment) as running:
        evidence, truth = await trace_its_work(running, Wanted())
    assert_exact(evidence, truth, "known_counts.py", qualified=version not in ("3.8", "3.9", "3.10"))
    return evidence


@pytest.mark.parametrize("version", WALKABLE)
async def test_an_interpreter_inside_another_program(version: str, tmp_path: Path) -> None:
    program = embedded(version, tmp_path, "-rdynamic")
    subprocess.run(["strip", program], check=True)
    async with workload("known_counts.py", interpreter=str(program), environment=home_of(version)) as running:
        assert runtime_of(HOST, running.pid) == f"python{version}"
    await exact(program, version, home_of(version))


async def test_a_library_of_another_name(tmp_path: Path) -> None:
    version = WALKABLE[0]
    await exact(embedded(version, tmp_path, shared=True), version, home_of(version))


@pytest.mark.parametrize("version", WALKABLE)
async def test_a_program_without_any_symbol(version: str, tmp_path: Path) -> None:
    """Since 3.10 the interpreter's state has a section of its own, which stays; before, it is said that none is
    found."""
    program = embedded(version, tmp_path)
    subprocess.run(["strip", program], check=True)
    # (without symbols it cannot load modules that are files of their own: what it has inside must do)
    async with workload("plain_calls.py", interpreter=str(program), environment=home_of(version)) as running:
        evidence, truth = await trace_its_work(running, Wanted())
    if version in ("3.8", "3.9"):
        warnings = evidence.collections["syscalls"].warnings
        assert any("no file of it tells where its interpreter is" in word for word in warnings)
        assert evidence.syscalls
        assert all(f.kind is not FrameKind.PYTHON for row in evidence.syscalls.rows for f in row.stack)
        return
    for line in truth.values():
        assert sum(row.calls for row in rows_of(evidence, line, "plain_calls.py")) == line.calls


@pytest.mark.parametrize("version", WALKABLE[::2])
async def test_an_interpreter_that_is_replaced_on_disk_while_it_runs(version: str, tmp_path: Path) -> None:
    """A copy of another name; another version is put in its place, as an upgrade does."""
    program = embedded(version, tmp_path, "-rdynamic")
    async with workload("known_counts.py", interpreter=str(program), environment=home_of(version)) as running:
        other = next(v for v in reversed(WALKABLE) if v != version)
        (tmp_path / "new").mkdir()
        embedded(other, tmp_path / "new", "-rdynamic").replace(program)
        evidence, truth = await trace_its_work(running, Wanted())
    assert_exact(evidence, truth, "known_counts.py", qualified=version not in ("3.8", "3.9", "3.10"))


@pytest.mark.parametrize("version", WALKABLE[1::2])
async def test_the_interpreter_of_a_virtual_environment(version: str, tmp_path: Path) -> None:
    interpreter = python_interpreters()[version]
    subprocess.run([interpreter, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    await exact(tmp_path / "venv" / "bin" / "python", version, {})


async def test_a_library_that_is_deleted_while_it_runs(tmp_path: Path) -> None:
    version = WALKABLE[0]
    program = embedded(version, tmp_path, shared=True)
    async with workload("known_counts.py", interpreter=str(program), environment=home_of(version)) as running:
        shutil.rmtree(tmp_path)
        evidence, truth = await trace_its_work(running, Wanted())
    assert_exact(evidence, truth, "known_counts.py", qualified=version not in ("3.8", "3.9", "3.10"))


@pytest.mark.parametrize("version", WALKABLE)
async def test_damaged_code_has_no_line_and_it_is_said_where_thrown_away_code_may_be_anothers(version: str) -> None:
    async with workload("broken_names.py", interpreter=python_interpreters()[version]) as running:
        evidence, told = await trace_while(running, Wanted(), running.work)
    assert evidence.syscalls
    asked = [row for row in evidence.syscalls.rows if row.syscall == "getppid"]
    assert sum(row.calls for row in asked) == 101 + 103 + 107 + 109 + 1009
    named = {row.calls: row.stack[:2] for row in asked if len(row.stack) > 1 and row.stack[1].function == "main"}
    assert (named[101][0].function, named[101][0].line) == ("sound", told["sound"])
    assert named[103][0] == named[107][0] == named[109][0] == UNNAMED
    how = evidence.collections["syscalls"]
    assert how.missing_stacks >= 3
    several = [r for r in asked if r.calls > 1 and r.stack and (r.stack[0].file or "").startswith("thrown_away_")]
    assert not several or any("were freed in the window" in warning for warning in how.warnings), several


@pytest.mark.parametrize("version", WALKABLE)
async def test_faults_and_samples_have_their_lines_too(version: str) -> None:
    """Where a thread stands in the interpreter's own code, not in a system call."""
    interpreter = python_interpreters()[version]
    async with workload("page_faults.py", interpreter=interpreter) as running:
        evidence, told = await trace_while(running, Wanted(calls=False, faults=True), running.work)
    assert evidence.faults
    line = marked_line("page_faults.py", "touch")
    at_the_line = [row for row in evidence.faults if row.stack and row.stack[0].line == line]
    assert sum(row.faults for row in at_the_line) == told["pages"]
    async with workload("one_hot_line.py", interpreter=interpreter) as running:
        target = Target(pid=running.pid, start_time=0.0, name="workload", runtime=f"python{version}")
        evidence = await trace_cpu(HOST, target, seconds=1.0, hz=199)
    assert evidence.cpu and evidence.collections["cpu"].backend == "bpf"
    assert share(evidence.cpu, lambda frame: frame.line == marked_line("one_hot_line.py", "hot")) > HOT
