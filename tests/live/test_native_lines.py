"""Programs in C, C++, Rust and Go, built in all the ways: the line that computes, the line that waits and the line that
touches new memory are the ones that are named, with those who called them. A line is right, or it is not there."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.runtimes.native import CUT
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from tests.live import builds
from tests.live.need import need
from tests.live.test_engine import trace_while
from tests.live.workload import WORKLOADS, compiled, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()


@pytest.fixture(autouse=True)
def engine_runs_here() -> None:
    problem = bpf.unavailable(HOST)
    need(problem is None, f"the engine cannot run: {problem}")


class Known(NamedTuple):
    """A source: which line bears which mark (``@hot``, ``@calls burn``), and which function each line belongs to."""

    name: str
    marks: dict[str, int]
    functions: dict[int, str]

    def chain(self, mark: str, *callers: str) -> list[tuple[str, int]]:
        """(function, line) of a marked line and of those who called it."""
        lines = [self.marks[mark], *(self.marks[f"calls {called}"] for called in callers)]
        return [(self.functions[line], line) for line in lines]


FUNCTION = re.compile(r"\b(burn|nap|touch|read_clock|work|main)(?:<[^(]*>)?\((?!.*@calls)[^;]*(?:\{|\)|\) const)$")


@cache
def known(source: str) -> Known:
    marks, functions, inside = dict[str, int](), dict[int, str](), ""
    for number, line in enumerate((WORKLOADS / source).read_text().split("\n"), 1):
        if mark := re.search(r"@(\w+(?: \w+)?)(?: \*/)?$", line):
            marks[mark[1]] = number
        if found := FUNCTION.search(line):
            inside = found[1]
        functions[number] = inside
    return Known(source, marks, functions)


async def observed(source: str, program: Path, prefix: Sequence[str] = (), shown: str = "") -> tuple[Evidence, Any]:
    async with workload(source, program=shown or str(program), prefix=prefix) as running:
        return await trace_while(running, Wanted(hz=299, faults=True), running.work)


def in_source(stack: Stack, source: Known) -> list[tuple[str, int]]:
    """The frames with a line of the source, as (plain name of the function, line)."""
    found = []
    for frame in stack:
        if frame.line and frame.file and frame.file.endswith(f"/{source.name}"):
            inside = source.functions[frame.line]
            assert re.search(rf"\b{inside}\b", frame.function) or "one" in frame.function, f"a wrong line: {frame}"
            found.append((inside, frame.line))
    return found


def named(stack: Stack) -> list[str]:
    """The names of the source's functions in a stack without lines."""
    return [f.function for f in stack if f.function in ("burn", "nap", "touch", "read_clock", "work", "main")]


def counted(rows: Sequence[tuple[int, Stack]], is_it: Callable[[Stack], bool]) -> int:
    return sum(count for count, stack in rows if is_it(stack))


def samples(evidence: Evidence) -> list[tuple[int, Stack]]:
    assert evidence.cpu
    return [(row.samples, row.stack) for row in evidence.cpu.rows]


def sleeps(evidence: Evidence) -> list[tuple[int, Stack]]:
    assert evidence.syscalls
    return [(row.calls, row.stack) for row in evidence.syscalls.rows if row.syscall.endswith("nanosleep")]


def faults(evidence: Evidence) -> list[tuple[int, Stack]]:
    return [(row.faults, row.stack) for row in evidence.faults or ()]


def every_stack(evidence: Evidence) -> list[Stack]:
    assert evidence.syscalls
    more = [row.stack for row in evidence.syscalls.rows]
    return [*more, *(stack for _, stack in samples(evidence)), *(stack for _, stack in faults(evidence))]


def assert_lines(evidence: Evidence, told: Any, source: Known) -> None:
    """Every call and fault is charged to its line, most samples to theirs, each with its callers; and no frame that
    says a line of this source says one of another function."""
    for stack in every_stack(evidence):
        in_source(stack, source)
    hot, wait, touch = (
        source.chain("hot", "burn", "work"),
        source.chain("wait", "nap", "work"),
        source.chain("touch", *(["one"] if "calls one" in source.marks else []), "touch", "work"),
    )
    assert counted(sleeps(evidence), lambda stack: in_source(stack, source) == wait) == told["waits"]
    assert counted(faults(evidence), lambda stack: in_source(stack, source) == touch) == told["pages"]
    assert evidence.syscalls
    waited = sum(row.seconds for row in evidence.syscalls.rows if in_source(row.stack, source) == wait)
    assert waited >= told["waits"] * 0.001
    rows = samples(evidence)
    on_the_line = counted(rows, lambda stack: in_source(stack, source) == hot)
    computing = counted(rows, lambda stack: in_source(stack, source)[:1] == hot[:1])
    assert on_the_line > 0.5 * counted(rows, lambda stack: True), rows
    assert on_the_line >= 0.97 * computing, rows
    assert evidence.cpu
    kernel = [frame for row in evidence.cpu.rows for frame in row.kernel]
    assert all(frame.kind is FrameKind.KERNEL and frame.function != "[kernel]" for frame in kernel), kernel
    collection = evidence.collections["cpu"]
    assert (collection.lost, collection.missing_stacks, collection.not_understood) == (0, 0, 0)


C_BUILDS = {
    "with frame pointers": ("-O2",),
    "without them": builds.OPTIMISED,
    "not optimised, DWARF 4": ("-O0", "-gdwarf-4"),
    "inlined": (*builds.OPTIMISED, "-DINLINED"),
    "inlined, DWARF 4, compressed": (*builds.OPTIMISED, "-DINLINED", "-gdwarf-4", "-gz=zlib"),
    "static, at any place": (*builds.OPTIMISED, "-static-pie"),
    "at a fixed place": (*builds.OPTIMISED, "-no-pie", "-Wl,-z,noseparate-code"),
    "split": (*builds.OPTIMISED, "-gsplit-dwarf"),
    "split, DWARF 4, no exceptions": (
        *(*builds.OPTIMISED, "-gsplit-dwarf", "-gdwarf-4"),
        *("-fno-asynchronous-unwind-tables", "-fno-exceptions"),
    ),
}


@pytest.mark.parametrize("build", C_BUILDS)
async def test_every_line_of_a_c_program(build: str) -> None:
    evidence, told = await observed("known_lines.c", builds.c_program(*C_BUILDS[build]))
    source = known("known_lines.c")
    assert_lines(evidence, told, source)
    # the clock is read in code that the kernel maps into the process
    clock = source.chain("clock", "read_clock", "work")
    in_vdso = [s for _, s in samples(evidence) if s[0].module == "[vdso]"]
    assert all(in_source(stack, source) == clock and stack[0].function != "[unknown]" for stack in in_vdso), in_vdso
    outermost = {stack[-1].function for count, stack in samples(evidence) if in_source(stack, source)}
    assert outermost <= {"_start"}


SHIPPED: dict[str, Callable[[Path, Path], Path]] = {
    "a debug file beside it": builds.with_debug_link,
    "a debug file in .debug": builds.with_debug_link_in_folder,
}


@pytest.mark.parametrize("how", SHIPPED)
async def test_every_line_of_a_stripped_c_program(how: str, tmp_path: Path) -> None:
    program = SHIPPED[how](builds.c_program(*builds.OPTIMISED, "-Wl,--build-id=none"), tmp_path)
    evidence, told = await observed("known_lines.c", program)
    assert_lines(evidence, told, known("known_lines.c"))


async def test_every_line_of_a_stripped_program_in_a_root_of_its_own(tmp_path: Path) -> None:
    program = builds.in_own_root(builds.c_program(*builds.OPTIMISED, "-static", "-Wl,--build-id"), tmp_path)
    prefix = ("chroot", str(tmp_path))
    evidence, told = await observed("known_lines.c", program, prefix, "/program")
    assert_lines(evidence, told, known("known_lines.c"))


async def test_the_debug_file_of_another_build_is_not_believed(tmp_path: Path) -> None:
    program = builds.with_another_debug_file(builds.c_program(*builds.OPTIMISED, "-Wl,--build-id=none"), tmp_path)
    evidence, told = await observed("known_lines.c", program)
    of_it = [f for stack in every_stack(evidence) for f in stack if (f.module or "").endswith("/linked")]
    assert {(f.function, f.file, f.line) for f in of_it} == {("[unknown]", None, None)}
    assert sum(count for count, _ in sleeps(evidence)) == told["waits"]


async def test_a_stripped_program_with_dynamic_symbols_has_functions_and_says_that_it_has_no_lines(
    tmp_path: Path,
) -> None:
    program = builds.stripped(builds.c_program(*builds.OPTIMISED, "-DEXPORTED", "-rdynamic"), tmp_path)
    evidence, told = await observed("known_lines.c", program)
    frames = [f for stack in every_stack(evidence) for f in stack if (f.module or "").endswith("/stripped")]
    assert {(f.file, f.line) for f in frames} == {(None, None)}
    assert counted(sleeps(evidence), lambda stack: named(stack) == ["nap", "main"]) == told["waits"]
    hot = counted(samples(evidence), lambda stack: stack[0].function == "burn")
    assert hot > 0.5 * counted(samples(evidence), lambda stack: True)
    # work() and touch() are in no symbol table: they are not their neighbours
    assert counted(faults(evidence), lambda s: [f.function for f in s[:2]] == ["[unknown]"] * 2) == told["pages"]


async def test_code_that_says_nothing_of_its_callers_ends_its_stacks_marked(tmp_path: Path) -> None:
    """Neither frame pointers nor any table: the line itself is right, and nobody is named who did not call it."""
    flags = (*builds.OPTIMISED, "-fno-asynchronous-unwind-tables", "-g1", "-fno-dwarf2-cfi-asm")
    program = builds.without_unwind_tables(builds.c_program(*flags), tmp_path)
    builds.run("objcopy", "--remove-section=.debug_frame", str(program))
    evidence, told = await observed("known_lines.c", program)
    source = known("known_lines.c")
    stacks = [stack for stack in every_stack(evidence) if in_source(stack, source)]
    assert stacks and all(stack[-1] == CUT and len(in_source(stack, source)) == 1 for stack in stacks)
    assert counted(faults(evidence), lambda s: in_source(s, source) == source.chain("touch")) == told["pages"]
    assert counted(sleeps(evidence), lambda s: in_source(s, source) == source.chain("wait")) == told["waits"]


async def test_frame_pointers_are_followed_where_there_is_no_table(tmp_path: Path) -> None:
    flags = ("-O1", "-fno-asynchronous-unwind-tables", "-DINLINED")
    program = builds.without_unwind_tables(builds.c_program(*flags), tmp_path)
    builds.run("objcopy", "--remove-section=.debug_frame", str(program))
    evidence, _ = await observed("known_lines.c", program)
    source = known("known_lines.c")
    whole = source.chain("hot", "burn", "work")
    rows = samples(evidence)
    assert counted(rows, lambda s: in_source(s, source) == whole) > 0.5 * counted(rows, lambda s: True)


@pytest.mark.parametrize("flags", [builds.OPTIMISED, ("-O0",), (*builds.OPTIMISED, "-gsplit-dwarf", "-DAPART=")])
async def test_every_line_of_a_cpp_program(flags: tuple[str, ...]) -> None:
    evidence, told = await observed("known_lines.cpp", compiled(WORKLOADS / "known_lines.cpp", flags))
    source = known("known_lines.cpp")
    if "-DAPART=" in flags:  # split units name the function that code was inlined into; the line is right
        (touched,) = {s[0].line for count, s in faults(evidence) if count == told["pages"]}
        assert touched == source.marks["touch"]
        return
    assert_lines(evidence, told, source)
    names = {f.function for s in every_stack(evidence) for f in s}
    assert {"shop::Clerk::nap(int) const", "unsigned int shop::burn<unsigned int>(unsigned int, long)"} <= names


RUST_BUILDS = {
    "debug": (),
    "release": ("-O", "-C", "debuginfo=1", "-C", "symbol-mangling-version=v0"),
    "release, older names": ("-O", "-C", "debuginfo=1", "-C", "codegen-units=1"),
}


@pytest.mark.parametrize("build", RUST_BUILDS)
async def test_every_line_of_a_rust_program(build: str) -> None:
    evidence, told = await observed("known_lines.rs", compiled(WORKLOADS / "known_lines.rs", RUST_BUILDS[build]))
    source = known("known_lines.rs")
    assert_lines(evidence, told, source)
    names = {f.function for s in every_stack(evidence) for f in s}
    assert any(re.fullmatch(r"<known_lines::shop::Clerk as known_lines::shop::Rests>::nap", name) for name in names)
    assert not [name for name in names if name.startswith(("_R", "_ZN")) or "$" in name]


GO_BUILDS = {
    "as it comes": (),
    "stripped": ("-ldflags", "-s -w"),
    "stripped, at any place": ("-buildmode=pie", "-ldflags", "-s -w"),
}


@pytest.mark.parametrize("build", GO_BUILDS)
async def test_every_line_of_a_go_program(build: str) -> None:
    evidence, told = await observed("known_lines.go", compiled(WORKLOADS / "known_lines.go", GO_BUILDS[build]))
    source = known("known_lines.go")
    assert_lines(evidence, told, source)
    of_goroutines = [s for s in every_stack(evidence) if in_source(s, source)]
    assert {s[-1].function.removesuffix(".abi0") for s in of_goroutines} == {"runtime.goexit"}
    assert not [s for s in every_stack(evidence) if Frame(kind=FrameKind.NATIVE, function="[unknown]") in s]
    if build == "stripped":  # (of a program that may lie anywhere, what was inlined has no name)
        assert not [f for s in every_stack(evidence) for f in s if f.function.startswith("[inlined into ")]
