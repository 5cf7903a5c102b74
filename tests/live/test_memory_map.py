"""What memory is made of: real processes whose pages are known."""

import json
import os
import sys
import time
from pathlib import Path

import anyio
import pytest

from perfdoctor.collectors.memory_map import measure
from perfdoctor.collectors.progress import silent
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.memory_map import MemoryKind
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
from perfdoctor.server.answers.memory_map import memory_answer
from perfdoctor.server.formatters.memory_map import say
from perfdoctor.server.instruments import ThisMachine
from tests.live.memory import HOST, PAGE, inside, kinds, looked_at, named, truth
from tests.live.need import need
from tests.live.workload import workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]


async def test_every_kind_has_its_pages() -> None:
    async with workload("memory_parts.c") as program:
        told = await truth(program)
        evidence = await looked_at(program.pid)
        found = inside(evidence)
    by_kind = kinds(found)
    assert sum(row.rss for row in found.kinds) == found.total.rss
    anonymous = next(row for row in found.mappings if row.start == told["anonymous"])
    assert (anonymous.size, anonymous.rss, anonymous.kind) == (2003 * PAGE, 1009 * PAGE, MemoryKind.ANONYMOUS)
    assert anonymous.private_dirty == anonymous.anonymous == 1009 * PAGE
    private, shared = named(found, "/private.bin"), named(found, "/shared.bin")
    assert (private.kind, private.size, private.anonymous) == (MemoryKind.FILE_PRIVATE, 211 * PAGE, 97 * PAGE)
    assert (shared.kind, shared.size, shared.anonymous) == (MemoryKind.FILE_SHARED, 307 * PAGE, 0)
    assert 101 * PAGE <= shared.rss <= 307 * PAGE  # the kernel maps neighbours that it has in memory
    memfd = named(found, "/memfd:prime memory")
    # All of it is a child's too: half is ours.
    assert (memfd.kind, memfd.rss, memfd.pss // 1024) == (MemoryKind.SHARED_MEMORY, 401 * PAGE, 401 * PAGE // 2 // 1024)
    assert named(found, "/SYSV").rss == 53 * PAGE
    assert named(found, "/dev/zero").rss == 61 * PAGE
    assert by_kind[MemoryKind.SHARED_MEMORY].rss == (401 + 53 + 61) * PAGE
    assert by_kind[MemoryKind.JIT].rss == 5 * PAGE
    assert found.total.locked == 13 * PAGE
    assert by_kind[MemoryKind.THREAD_STACK].mappings == 4 and by_kind[MemoryKind.MAIN_STACK].mappings == 1
    assert by_kind[MemoryKind.ARENA].mappings >= 1 and by_kind[MemoryKind.CODE].rss > 0
    assert evidence.memory is not None and evidence.memory.samples
    text = say(memory_answer("r-x", evidence, rows=10))
    assert "shared-memory" in text and "glibc 2." in text and len(text) < 6000


async def test_shared_pages_are_counted_once_in_a_family() -> None:
    async with workload("memory_parts.c") as program:
        alone = inside(await looked_at(program.pid))
        family = inside(await looked_at(program.pid, children=True))
    assert [row.name for row in family.processes] == ["memory_parts"] * 2
    assert sum(row.pss for row in family.processes) == family.total.pss
    memfd = named(family, "/memfd:")
    assert (memfd.processes, memfd.rss, memfd.pss) == (2, 2 * 401 * PAGE, 2 * named(alone, "/memfd:").pss)
    assert {row.pid for row in family.allocators} == {row.pid for row in family.processes}


async def test_what_grows_is_named_with_its_rate() -> None:
    async with workload("memory_parts.c") as program:
        still = await looked_at(program.pid, seconds=0.6)
        await program.tell("grow")
        evidence = await looked_at(program.pid, seconds=2)
        await program.tell("halt")
        told = json.loads(await program.line())
    assert still.memory is not None and still.memory.confidence < 0.5
    assert abs(inside(still).grown) < 1 << 20
    found, trend = inside(evidence), evidence.memory
    assert trend is not None and trend.confidence > 0.7
    assert trend.bytes_per_second == pytest.approx(told["bytes"] / told["seconds"], rel=0.2)
    most = max(found.mappings, key=lambda row: row.grown)
    # The kernel joins what lies side by side: it may have become one with a thread's heap.
    assert most.kind in (MemoryKind.ANONYMOUS, MemoryKind.ARENA) and most.size >= 1 << 30
    assert most.grown == pytest.approx(trend.bytes_per_second * evidence.window.seconds, rel=0.3)
    assert kinds(found)[most.kind].grown >= most.grown * 0.9
    assert "It grows by" in memory_answer("r-x", evidence, rows=3).summary


async def test_the_working_set_is_what_the_window_uses() -> None:
    async with workload("memory_parts.c") as program:
        before = inside(await looked_at(program.pid))
        evidence = await looked_at(program.pid, working_set=True)
        found = inside(evidence)
    assert kinds(before)[MemoryKind.ANONYMOUS].referenced >= 1009 * PAGE
    assert found.working_set and found.total.referenced < before.total.referenced / 2
    assert evidence.collections["memory_map"].cost.kind == "perturbs"


async def test_ten_thousand_mappings() -> None:
    async with workload("many_mappings.c") as program:
        began = time.monotonic()
        evidence = await looked_at(program.pid)
        assert time.monotonic() - began < 30
        found = inside(evidence)
    assert kinds(found)[MemoryKind.ANONYMOUS].mappings >= 10_007
    assert kinds(found)[MemoryKind.ANONYMOUS].rss >= 10_007 * PAGE
    assert len(found.mappings) == 512 and found.omitted_mappings == found.rows - 512 > 9_000
    answer = memory_answer("r-x", evidence, rows=5)
    assert answer.omitted_mappings == found.rows - 5


async def test_names_cannot_mislead() -> None:
    async with workload("hostile_names.py") as program:
        evidence = await looked_at(program.pid)
    found = inside(evidence)
    mine = [row for row in found.mappings if "perfdoctor-workload-" in row.name]
    assert len(mine) == 7
    assert all(row.size == 17 * PAGE and row.kind is MemoryKind.FILE_SHARED for row in mine)
    assert all(row.name.isprintable() and len(row.name) <= 256 for row in mine)
    assert sum(row.name == "[heap]" for row in found.mappings) <= 1
    assert Evidence.model_validate_json(evidence.model_dump_json()) == evidence
    text = say(memory_answer("r-x", evidence, rows=50), full=True)
    assert "\x1b" not in text and "line\nbreak" not in text


async def test_a_program_whose_first_thread_has_left() -> None:
    async with workload("leader_left.c") as program:
        while "Z" not in Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()[0]:
            await anyio.sleep(0.01)
        found = inside(await looked_at(program.pid))
    assert kinds(found)[MemoryKind.ANONYMOUS].rss >= 997 * PAGE
    assert kinds(found)[MemoryKind.THREAD_STACK].mappings == 1


async def test_huge_pages_are_told() -> None:
    enabled = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    need(enabled.exists() and "[never]" not in enabled.read_text(), "transparent huge pages")
    code = (
        "import mmap\nm = mmap.mmap(-1, 16 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
        "m.madvise(mmap.MADV_HUGEPAGE)\nfor at in range(0, len(m), 4096): m[at] = 1\nprint(1, flush=True)\ninput()"
    )
    started = await anyio.open_process([sys.executable, "-c", code])
    assert started.stdout is not None
    try:
        await started.stdout.receive()
        truth = Path(f"/proc/{started.pid}/smaps_rollup").read_text()
        evidence = await looked_at(started.pid)
    finally:
        started.kill()
        await started.aclose()
    [line] = [line for line in truth.splitlines() if line.startswith("AnonHugePages")]
    assert inside(evidence).total.huge == int(line.split()[1]) << 10 > 0
    assert "in huge pages" in say(memory_answer("r-x", evidence, rows=3))


async def test_cancelling_ends_it_at_once() -> None:
    async with workload("memory_parts.c") as program:
        began = time.monotonic()
        with anyio.move_on_after(0.5):
            await looked_at(program.pid, seconds=40)
        assert time.monotonic() - began < 10
        assert inside(await looked_at(program.pid)).total.rss


async def test_the_server_asks_it_and_compares_what_it_kept() -> None:
    async with workload("memory_parts.c") as program:
        asked = ThisMachine()
        target = await asked.find_target(program.pid, children=True)
        before = await asked.measure("memory_map", target, seconds=0.5, backend="auto", progress=silent)
        await program.tell("grow")
        after = await asked.measure("memory_map", target, seconds=0.5, backend="proc", progress=silent)
    changes = {metric.metric: metric for metric in asked.compare(before, after).metrics}
    assert changes["growth of memory"].after > changes["growth of memory"].before


async def test_a_kernel_thread_has_no_memory() -> None:
    with pytest.raises(ProblemError) as raised:
        await measure(HOST, Target(pid=2, start_time=_started(2), name="kthreadd"), seconds=0.2)
    assert "no memory" in raised.value.problem.what


def _started(pid: int) -> float:
    from perfdoctor.collectors.backends.proc import stat

    return stat.read(HOST, pid).started


async def test_a_target_that_ends_gives_what_was_seen() -> None:
    async with workload("memory_parts.c") as program:
        target = find_target(HOST, program.pid, children=False)
        async with anyio.create_task_group() as tasks:

            async def end() -> None:
                await anyio.sleep(0.4)
                await program.stop()

            tasks.start_soon(end)
            evidence = await measure(HOST, target, seconds=20)
    assert evidence.window.partial == "the target ended" and evidence.window.seconds < 15
    assert inside(evidence).total.rss > 1009 * PAGE


async def test_another_backend_and_another_window_are_refused() -> None:
    target = find_target(HOST, os.getpid())
    for options in ({"backend": "bpf", "seconds": 1.0}, {"seconds": 0.0}):
        with pytest.raises(ProblemError):
            await measure(HOST, target, **options)  # type: ignore[arg-type]
