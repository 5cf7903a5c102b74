"""Native frames between the Python lines that called them and those that they called, and who awaits whom."""

from pathlib import Path

import pytest

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.cpu import trace_cpu
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.schemas.cpu import CpuProfile
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
from tests.live.need import need
from tests.live.test_engine import WALKABLE
from tests.live.workload import python_interpreters, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
FEW = 0.05
"""share of samples whose native stack ends early: in code that has no unwind table, as the kernel's vdso"""
VERSIONS = [v for v in ("3.8", "3.11", "3.12", "3.13") if v in WALKABLE]
CHAIN: tuple[tuple[str, str | None], ...] = (
    ("chain_spin", None),
    ("chain_burn", None),
    ("burn", None),
    ("spend", "burn"),
    ("plain", "plain"),
    ("key", "key"),
    ("list_sort_impl", None),
    ("list_sort", None),
    ("builtin_sorted", None),
    ("order", "order"),
    ("replacement", "replacement"),
    ("pattern_subx", None),
    ("_sre_SRE_Pattern_sub_impl", None),
    ("_sre_SRE_Pattern_sub", None),
    ("replace", "replace"),
    ("called_back", "called back"),
    ("chain_call", None),
    ("apply", None),
    ("generate", "apply"),
    ("work", "generate"),
    ("in_thread", "thread"),
)
"""from the inside: a function, and the marker of its line where it is Python"""
AWAITS = (
    ("chain_spin", None),
    ("chain_burn", None),
    ("burn", None),
    ("inner", "inner"),
    ("middle", "middle"),
    ("outer", "outer"),
    ("work", "loop"),
    ("in_thread", "thread"),
)


@pytest.fixture(autouse=True)
def engine_runs_here() -> None:
    problem = bpf.unavailable(HOST)
    need(problem is None, f"the engine cannot run: {problem}")


async def profile(version: str, *, native: bool) -> tuple[CpuProfile, dict[str, int]]:
    async with workload("mixed_stacks.py", interpreter=python_interpreters()[version]) as program:
        lines = await program.work()
        target = Target(pid=program.pid, start_time=0.0, name="workload", runtime=f"python{version}")
        evidence = await trace_cpu(HOST, target, seconds=1.0, hz=399, native=native)
        await program.tell("stop")
    assert evidence.cpu
    assert evidence.collections["cpu"].lost == 0
    return evidence.cpu, lines


def is_ours(frame: Frame) -> bool:
    """Of the workload's two files."""
    return (frame.file or "").endswith("mixed_stacks.py") or (frame.module or "").endswith("/chain.so")


def said(stack: Stack, *, known: frozenset[str] = frozenset()) -> tuple[tuple[str, int | None], ...]:
    """The frames that the workload knows: its own, and functions of the interpreter's that are ``known``."""
    return tuple(
        (frame.function, frame.line if frame.kind is FrameKind.PYTHON else None)
        for frame in stack
        if is_ours(frame) or (frame.kind is FrameKind.NATIVE and frame.function in known)
    )


def samples(profile: CpuProfile, stack: tuple[tuple[str, int | None], ...], known: frozenset[str]) -> int:
    return sum(row.samples for row in profile.rows if said(row.stack, known=known) == stack)


def check_libraries(found: CpuProfile, lines: dict[str, int]) -> None:
    """Those that a module calls stand below the line that called it."""
    below = [row.stack for row in found.rows if any("/libz" in (frame.module or "") for frame in row.stack)]
    if not below:  # (zlib may be a part of the interpreter)
        return
    for stack in below:
        python = [i for i, frame in enumerate(stack) if frame.kind is FrameKind.PYTHON]
        inside, first = stack[: python[0]], stack[python[0]]
        assert (first.function, first.line) == ("deep", lines["compress"])
        assert all("/libz" not in (frame.module or "") for frame in stack[python[0] :])
        assert any("/libz" in (frame.module or "") for frame in inside)
        assert [stack[i].line for i in python[1:5]] == [*[lines["deeper"]] * 3, lines["deep"]]
    assert any(frame.function == "deflate" for stack in below for frame in stack)


@pytest.mark.parametrize("version", VERSIONS)
async def test_native_frames_stand_between_the_right_lines(version: str) -> None:
    found, lines = await profile(version, native=True)
    assert found.mixed and found.unplaced <= found.samples * FEW
    # (a stripped interpreter does not say what its own functions are called)
    named = {frame.function for row in found.rows for frame in row.native}
    known = frozenset(function for function, line in CHAIN if line is None) & named
    ours = {function for function, _ in CHAIN if function.startswith("chain_")} | {"burn", "apply"}

    def expected(chain: tuple[tuple[str, str | None], ...]) -> tuple[tuple[str, int | None], ...]:
        return tuple((f, lines[line] if line else None) for f, line in chain if line or f in known | ours)

    assert samples(found, expected(CHAIN), known) > 10
    assert samples(found, expected(AWAITS), known) > 10
    # No stack has burned in another order than these two.
    burned = {said(row.stack, known=known) for row in found.rows if row.stack[0].function == "chain_spin"}
    assert burned <= {expected(CHAIN), expected(AWAITS)}, burned
    check_libraries(found, lines)


@pytest.mark.parametrize("version", [v for v in WALKABLE if v not in VERSIONS])
async def test_an_awaiting_chain_is_whole_without_native_frames(version: str) -> None:
    found, lines = await profile(version, native=False)
    assert not found.mixed
    awaits = tuple((function, lines[line]) for function, line in AWAITS if line)
    assert samples(found, awaits, frozenset()) > 10
    assert all(frame.kind is FrameKind.PYTHON for row in found.rows for frame in row.stack if is_ours(frame))


async def test_only_the_engine_can_do_it() -> None:
    target = Target(pid=1, start_time=0.0, name="x", runtime="python3.12")
    with pytest.raises(ProblemError, match="cannot be shown between"):
        await trace_cpu(HOST, target, seconds=0.1, backend="py-spy", native=True)
    with pytest.raises(ProblemError, match="cannot be shown between"):
        await trace_cpu(HOST, target.model_copy(update={"runtime": "node"}), seconds=0.1, native=True)


async def test_a_program_without_python_is_as_ever() -> None:
    async with workload("one_hot_line.c") as program:
        target = Target(pid=program.pid, start_time=0.0, name="workload", runtime="native")
        evidence = await trace_cpu(HOST, target, seconds=0.5, native=True)
    assert evidence.cpu and evidence.cpu.unplaced == 0
    assert any(Path(frame.file or "").name == "one_hot_line.c" for row in evidence.cpu.rows for frame in row.stack)
