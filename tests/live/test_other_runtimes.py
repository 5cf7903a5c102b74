"""Runtimes whose own lines nobody reads from outside: exact counts, whole native stacks, and a plain statement."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import anyio
import pytest

from perfdoctor.collectors import ledger, locks
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.runtimes import own_lines
from perfdoctor.collectors.syscalls import trace_syscalls
from perfdoctor.collectors.system import check_tools
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import FrameKind, Stack
from tests.live.need import need
from tests.live.workload import Workload, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
JIT = ("-dopcache.enable_cli=1", "-dopcache.jit_buffer_size=64M", "-dopcache.jit=function", "-dopcache.jit_debug=16")


async def all_of_it(program: Workload) -> tuple[Evidence, dict[str, Any]]:
    """One window of every cheap question: attach, let the program work once, and end it, which closes the window. It
    lives on until the next word of progress: code is named while the process is there to be asked."""
    target = find_target(HOST, program.pid)
    heard, found = anyio.Event(), list[Evidence]()

    def hear(_elapsed: float, _words: str) -> None:
        nonlocal heard
        heard.set()
        heard = anyio.Event()

    async def ask() -> None:
        found.append(await ledger.observe(HOST, target, seconds=60, progress=hear))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await heard.wait()
        truth = await program.work()
        await heard.wait()
        await program.stop()
    return found[0], truth


def counts_are_exact(evidence: Evidence, truth: dict[str, Any]) -> None:
    profile = evidence.syscalls
    assert profile is not None and evidence.collections["syscalls"].exact
    calls = dict[str, int]()
    for row in profile.rows:
        if row.object == truth["file"]:
            calls[row.syscall] = calls.get(row.syscall, 0) + row.calls
    assert calls["openat"] == truth["opens"]
    # (whoever opens asks once for the size or the kind)
    assert calls.get("newfstatat", 0) + calls.get("statx", 0) == truth["stats"] + truth["opens"]


def stacks_are_whole(evidence: Evidence, innermost: str) -> None:
    """All that were not cut for their depth (and are counted so) reach the first function of the thread."""
    profile, how = evidence.cpu, evidence.collections["cpu"]
    assert profile is not None and how.backend == "bpf" and how.missing_stacks == 0
    stacks = [(native_frames(row.stack or row.native), row.samples) for row in profile.rows]
    own = [(names, samples) for names, samples in stacks if any(innermost in name for name in names)]
    assert sum(samples for _, samples in own) > 0.5 * profile.samples
    whole = sum(samples for names, samples in own if any("libc_start" in name for name in names))
    assert whole > 0.9 * sum(samples for _, samples in own)


def calls_have_native_stacks(evidence: Evidence, truth: dict[str, Any], innermost: str) -> None:
    assert evidence.syscalls is not None
    own = [row for row in evidence.syscalls.rows if row.object == truth["file"]]
    named = [row for row in own if any(innermost in name for name in native_frames(row.stack))]
    assert sum(row.calls for row in named) == sum(row.calls for row in own) >= truth["stats"] + truth["opens"]


def native_frames(stack: Stack) -> list[str]:
    assert all(frame.kind is FrameKind.NATIVE for frame in stack)
    return [frame.function for frame in stack]


def stated(evidence: Evidence, *words: str) -> None:
    for part in evidence.collections.keys() & {"cpu", "syscalls", "locks"}:
        said = [text for text in evidence.collections[part].warnings if "cannot be read" in text]
        assert len(said) == 1 and all(word in said[0] for word in words), said


@pytest.mark.parametrize(
    ("source", "runtime", "innermost", "words"),
    [
        ("known_ruby.rb", "ruby", "rb_vm_exec", ("Ruby", "--yjit-perf", "rbspy")),
        ("known_php.php", "php", "zend_execute", ("PHP", "opcache.jit_debug", "phpspy")),
        ("known_perl.pl", "perl", "perl_run", ("Perl", "NYTProf")),
    ],
)
async def test_an_interpreter_is_counted_exactly_and_said_to_be_unread(
    source: str, runtime: str, innermost: str, words: tuple[str, ...]
) -> None:
    async with workload(source) as program:
        target = find_target(HOST, program.pid)
        assert target.runtime == runtime
        # Whatever is asked, by whatever backend:
        stated(await locks.measure(HOST, target, seconds=0.2), *words)
        stated(await trace_syscalls(HOST, target, seconds=0.2, backend="strace"), *words)
        here = await check_tools(HOST)
        assert any(text.startswith(runtime) and "native functions only" in text for text in here.runtimes)
        evidence, truth = await all_of_it(program)
    counts_are_exact(evidence, truth)
    stacks_are_whole(evidence, innermost)
    calls_have_native_stacks(evidence, truth, innermost)
    stated(evidence, *words)


async def test_functions_that_php_compiled_are_named() -> None:
    need(shutil.which("php"), "needs php")
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout
    need("OPcache" in modules, "needs PHP's opcache")
    async with workload("known_php.php", c_flags=JIT) as program:
        evidence, truth = await all_of_it(program)
    counts_are_exact(evidence, truth)
    stated(evidence, "PHP", "perf map")
    assert evidence.cpu is not None
    hot = sum(row.samples for row in evidence.cpu.rows if (row.stack or row.native)[0].function == "JIT$hot")
    assert hot > 0.5 * evidence.cpu.samples


async def test_erlang_without_its_perf_map_says_what_is_needed() -> None:
    async with workload("known_erlang.escript") as program:
        assert find_target(HOST, program.pid).runtime == "erlang"
        evidence, truth = await all_of_it(program)
    counts_are_exact(evidence, truth | {"stats": truth["stats"] + truth["opens"]})
    stated(evidence, "Erlang", "+JPperf true")
    assert evidence.cpu is not None
    names = [frame.function for row in evidence.cpu.rows for frame in row.stack or row.native]
    assert not any("squares" in name for name in names), "no function of Erlang can be named"


async def test_erlang_functions_are_named_by_its_perf_map() -> None:
    async with workload("known_erlang.escript", environment={"ERL_FLAGS": "+JPperf true"}) as program:
        path = Path(f"/tmp/perf-{program.pid}.map")
        try:
            need(path.exists(), "this Erlang has no compiler of machine code")
            evidence, _ = await all_of_it(program)
        finally:
            path.unlink(missing_ok=True)
    stated(evidence, "Erlang", "perf map")
    assert evidence.cpu is not None
    named = [
        (tuple(frame.function.rpartition(":")[2] for frame in row.stack or row.native), row.samples)
        for row in evidence.cpu.rows
    ]
    hot = sum(samples for names, samples in named if names[:2] == ("squares/2", "hot/2") and "work/2" in names)
    assert hot > 0.5 * evidence.cpu.samples
    assert not any(name.startswith("$") and "/" in name for names, _ in named for name in names)


async def test_a_child_in_another_language_is_said_too() -> None:
    ruby = ("sh", "-c", 'ruby -e "STDOUT.sync = true; puts %(ready #{Process.pid}); STDIN.gets"; true')
    async with await anyio.open_process(ruby) as shell:
        try:
            assert shell.stdout is not None
            assert (await shell.stdout.receive()).startswith(b"ready")
            evidence = await trace_syscalls(HOST, find_target(HOST, shell.pid), seconds=0.3)
        finally:
            assert shell.stdin is not None
            await shell.stdin.send(b"stop\n")
    assert own_lines.statement("ruby", mapped=False) in evidence.collections["syscalls"].warnings
