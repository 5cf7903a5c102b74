"""A caller's own program sees its target exactly, and nothing else; it is stopped, cut and cleaned."""

import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from perfdoctor.collectors import custom
from perfdoctor.collectors.backends.bpftrace import backend as bpftrace
from perfdoctor.collectors.backends.bpftrace.output import MOST_LINES, MOST_TEXT
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.custom import CustomRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from tests.live.need import need
from tests.live.workload import Workload, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
STATS = "tracepoint:syscalls:sys_enter_newfstatat { @[str(args->filename)] = count(); }"


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    need(bpftrace.unavailable(HOST) is None, "bpftrace must be there, and we root")
    yield
    assert not [child for child in psutil.Process().children(recursive=True) if "bpftrace" in child.name()]


async def traced(*programs: Workload, text: str, **options: Any) -> tuple[Evidence, list[dict[str, Any]]]:
    """``text`` run on the first of ``programs`` while each works once; what each says that it did."""
    found: list[Evidence] = []
    truth: list[dict[str, Any]] = []
    attached = anyio.Event()

    def progress(_elapsed: float, message: str) -> None:
        if "compiling" not in message:
            attached.set()

    async with anyio.create_task_group() as tasks:

        async def measure() -> None:
            target = find_target(HOST, programs[0].pid, children=options.pop("children", True))
            found.append(await custom.measure(HOST, target, seconds=20, progress=progress, program=text, **options))

        tasks.start_soon(measure)
        await attached.wait()
        for program in programs:
            truth.append(await program.work())
        await anyio.sleep(0.3)  # the maps are read while the target is there to be asked for its symbols
        await programs[0].stop()
    return found[0], truth


def rows(evidence: Evidence, name: str) -> tuple[CustomRow, ...]:
    assert evidence.custom is not None
    return next((one.rows for one in evidence.custom.maps if one.name == name), ())


def value(evidence: Evidence, name: str, key: str = "") -> Any:
    return next((row.value for row in rows(evidence, name) if row.key == key), 0)


@pytest.fixture
async def two() -> AsyncIterator[list[Workload]]:
    """The target, and its twin, which must not be seen."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(workload("called_functions.c")) for _ in range(2)]


async def test_counts_are_exact_in_threads_and_children_and_not_the_twins(two: list[Workload]) -> None:
    text = f"""
    {STATS}
    uprobe:called_functions:counted {{ @calls = count(); @sizes = lhist(arg0, 0, 7, 1); @who[pid] = count(); }}
    uretprobe:called_functions:counted {{ @total = sum(retval); }}
    tracepoint:raw_syscalls:sys_enter {{ @all[pid] = count(); }}
    tracepoint:raw_syscalls:sys_enter /args->id == 262/ {{ @by_number = count(); }}
    """
    evidence, [truth, twin] = await traced(*two, text=text)
    assert truth == twin
    everywhere = truth["calls"] + truth["in_child"]
    # The kernel reads the path before the process has: on a page that is not in memory yet it is empty.
    unread = value(evidence, "@")
    assert value(evidence, "@", "/known/path") + unread == everywhere and unread <= 2
    assert value(evidence, "@by_number") >= everywhere
    assert value(evidence, "@calls") == everywhere
    assert value(evidence, "@total") == truth["total"] + sum(2 * (i % 7) for i in range(truth["in_child"]))
    assert sum(bucket.count for bucket in rows(evidence, "@sizes")[0].buckets) == everywhere
    assert [row.value for row in rows(evidence, "@who")] == [truth["calls"], truth["in_child"]]
    assert rows(evidence, "@who")[0].key == str(two[0].pid)
    assert str(two[1].pid) not in {row.key for row in rows(evidence, "@all")}
    assert len(rows(evidence, "@all")) == 2  # it and its child
    collection = evidence.collections["custom"]
    assert collection.backend == "bpftrace" and collection.exact
    assert collection.lost == collection.not_understood == 0
    assert collection.warnings == (
        "every process that uses the same file pays about a microsecond per call of a probed function",
    )
    assert evidence.window.partial == "the target ended"
    assert evidence.custom is not None and "uprobe" in evidence.custom.program


async def test_without_children_only_the_process_is_seen(two: list[Workload]) -> None:
    evidence, [truth, _] = await traced(*two, text=STATS, children=False)
    assert sum(row.value for row in rows(evidence, "@") if row.key in ("", "/known/path")) == truth["calls"]


CONFINED = {
    "every tracepoint": "tracepoint:raw_syscalls:sys_enter { @seen[pid] = count(); }",
    "its own filter": "tracepoint:raw_syscalls:sys_enter /1 || 1/ { @seen[pid] = count(); }",
    "against the filter": "tracepoint:raw_syscalls:sys_enter /pid != 0/ { @seen[pid] = count(); }",
    "samples": "profile:hz:499 { @seen[pid] = count(); }",
    "faults": "software:page-faults:1 { @seen[pid] = count(); }",
    "switches": "software:context-switches:1 { @seen[pid] = count(); }",
    "switches by tracepoint": "tracepoint:sched:sched_switch { @seen[pid] = count(); }",
    "a library that all have": "uprobe:libc:stat { @seen[pid] = count(); } uprobe:libc:read { @seen[pid] = count(); }",
}


@pytest.mark.parametrize("name", CONFINED)
async def test_nobody_else_is_seen(name: str, two: list[Workload]) -> None:
    evidence, _ = await traced(*two, text=CONFINED[name], children=False)
    assert {row.key for row in rows(evidence, "@seen")} <= {str(two[0].pid)}


async def test_the_memory_of_the_kernel_cannot_be_read(two: list[Workload]) -> None:
    address = next(
        f"0x{line.split()[0]}"
        for line in open("/proc/kallsyms", encoding="ascii")  # noqa: SIM115
        if line.split()[2] == "_text"
    )
    need(int(address, 16), "/proc/kallsyms must be readable")
    text = f"""tracepoint:syscalls:sys_enter_newfstatat {{
        @number = *(uint64*){address}; @text[str({address})] = count(); @bytes = buf({address}, 16);
        $t = (struct task_struct *){address}; @field = $t->pid; @deep = $t->parent->pid;
        @element = ((uint64*){address})[1];
        @own = *(uint8*)args->filename;
    }}"""
    evidence, _ = await traced(two[0], text=text)
    assert value(evidence, "@own") == ord("/")
    assert [value(evidence, name) for name in ("@number", "@field", "@deep", "@element")] == [0, 0, 0, 0]
    assert [row.key for row in rows(evidence, "@text")] == [""]
    assert set(str(value(evidence, "@bytes"))) <= set("\\x0")


CALLS_AN_ADDRESS = """
import ctypes, os, time
print("ready", flush=True)
while True:
    ctypes.CDLL(None).syscall(ctypes.c_long({number}))  # there is no such call; the event shows its number all the same
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {{}}), 0)
    time.sleep(0.05)
"""


async def test_a_number_that_the_target_chose_is_no_address_of_the_kernel() -> None:
    """But text that the event holds itself is read."""
    functions = (line.split() for line in Path("/proc/kallsyms").read_text().splitlines())
    kernel = int(next(words[0] for words in functions if words[2] == "vfs_read"), 16)
    need(kernel, "/proc/kallsyms must be readable")
    code = CALLS_AN_ADDRESS.format(number=(kernel & 0xFFFFFFFF) - (1 << 32))
    text = """
    tracepoint:raw_syscalls:sys_enter /args->id < 0/ { @seen = count(); @text[str(args->id)] = count(); }
    tracepoint:sched:sched_process_exec { @ran[str(args->filename)] = count(); }"""
    async with await anyio.open_process([sys.executable, "-c", code], stderr=None) as program:
        try:
            assert program.stdout is not None and (await program.stdout.receive()).startswith(b"ready")
            evidence = await custom.measure(HOST, find_target(HOST, program.pid), seconds=1, program=text)
        finally:
            program.kill()
    assert value(evidence, "@seen") > 3
    assert [row.key for row in rows(evidence, "@text")] == [""]
    assert [row.key for row in rows(evidence, "@ran")] == ["/bin/true"]


async def test_a_flood_is_cut_and_counted(two: list[Workload]) -> None:
    text = """tracepoint:syscalls:sys_enter_newfstatat {
        $i = 0;
        while ($i < 60) { printf("%d a line that says so little and is so long that nobody would read\\n", $i); $i++; }
    }"""
    evidence, [truth] = await traced(two[0], text=text)
    output = evidence.custom
    assert output is not None
    assert len(output.lines) <= MOST_LINES and sum(map(len, output.lines)) <= MOST_TEXT + 1000
    collection = evidence.collections["custom"]
    printed = len(output.lines) + output.cut_lines
    assert output.cut_lines > 1000 and output.cut_bytes > 10_000
    assert printed + collection.lost == 60 * (truth["calls"] + truth["in_child"])
    assert collection.exact == (collection.lost == 0)


async def test_a_program_without_end_of_output_ends_the_window() -> None:
    async with workload("call_storm.c") as program:
        text = 'tracepoint:raw_syscalls:sys_enter { printf("%s\\n", "x"); }'
        evidence = await custom.measure(HOST, find_target(HOST, program.pid), seconds=4, program=text)
        assert "TracerPid:\t0" in HOST.read_file(f"/proc/{program.pid}/status").decode()
    assert evidence.custom is not None
    assert evidence.custom.cut_lines > 0 and len(evidence.custom.lines) <= MOST_LINES


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("tracepoint:nope:nope { @ = count(); }", "tracepoint not found"),
        ("tracepoint:raw_syscalls:sys_enter { @ = args->nothing; }", "nothing"),
        ('tracepoint:raw_syscalls:sys_enter { printf("%d %d", 1); }', "printf"),
        ("tracepoint:raw_syscalls:sys_enter { @a = 1; @a = str(args->id); @a = comm; }", "Type mismatch"),
        ("uprobe:libc:no_such_function_here { @ = count(); }", "no_such_function"),
        ("uprobe:libc:malloc { @ = count(); } uprobe:libc:no_such_function_here { @ = count(); }", "1 of the program"),
        ("tracepoint:syscalls:sys_enter_* { @ = count(); }", "more than 100 probes"),
        ("tracepoint:raw_syscalls:sys_enter { $i = 0; while (1) { $i++; } }", ""),
    ],
)
async def test_what_does_not_compile_is_refused_in_bpftraces_words(text: str, word: str) -> None:
    async with workload("called_functions.c") as program:
        with pytest.raises(ProblemError) as raised:
            await custom.measure(HOST, find_target(HOST, program.pid), seconds=5, program=text)
    problem = raised.value.problem
    assert word in f"{problem.what} {problem.why}"
    assert problem.next_step and "RLIMIT" not in problem.why and "\n" not in problem.why and len(problem.why) < 700


async def test_it_may_end_by_itself() -> None:
    async with workload("called_functions.c") as program:
        target = find_target(HOST, program.pid)
        for text in ('BEGIN { printf("done\\n"); exit(); }', 'interval:ms:200 { printf("done\\n"); exit(); }'):
            began = time.monotonic()
            evidence = await custom.measure(HOST, target, seconds=40, program=text)
            assert time.monotonic() - began < 20
            assert evidence.custom is not None and evidence.custom.lines == ("done",)
            assert evidence.window.partial == "the program ended by itself"


async def test_cancelling_leaves_nothing() -> None:
    async with workload("call_storm.c") as program:
        target = find_target(HOST, program.pid)
        for wait_for_it in (True, False):  # while it measures, and while it compiles
            begun = anyio.Event()

            def progress(_elapsed: float, message: str, begun: anyio.Event = begun, late: bool = wait_for_it) -> None:
                if ("compiling" in message) != late:
                    begun.set()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lambda: custom.measure(HOST, target, seconds=40, progress=progress, program=STATS))
                await begun.wait()
                tasks.cancel_scope.cancel()
            assert not [one for one in psutil.Process().children(recursive=True) if "bpftrace" in one.name()]
        os.kill(program.pid, 0)
        assert "TracerPid:\t0" in HOST.read_file(f"/proc/{program.pid}/status").decode()


async def test_what_the_target_says_is_cleaned() -> None:
    async with workload("hostile.py") as program:
        text = """tracepoint:syscalls:sys_enter_newfstatat {
            printf("%s\\n", str(args->filename)); @[str(args->filename), comm] = count(); }"""
        evidence = await custom.measure(HOST, find_target(HOST, program.pid), seconds=1.5, program=text)
    output = evidence.custom
    assert output is not None and output.lines and output.maps
    for said in (*output.lines, *(row.key for one in output.maps for row in one.rows)):
        assert said.isprintable() and "hunter2" not in said, said


async def test_the_machine_is_open_only_where_asked(two: list[Workload]) -> None:
    text = "tracepoint:syscalls:sys_enter_newfstatat { @[pid] = count(); }"
    evidence, _ = await traced(*two, text=text, anywhere=True)
    assert {str(two[0].pid), str(two[1].pid)} <= {row.key for row in rows(evidence, "@")}
