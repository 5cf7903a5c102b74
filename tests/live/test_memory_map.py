"""What memory is made of: real processes whose pages and blocks are known."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import anyio
import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.memory_map import measure
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.memory_map import AllocatorUse, KindUse, MappingUse, MemoryKind, MemoryMap
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
from perfdoctor.server.answers.memory_map import memory_answer
from perfdoctor.server.formatters.memory_map import say
from tests.live.need import need
from tests.live.workload import C_FLAGS, WORKLOADS, Workload, python_interpreters, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]

HOST = LocalHost()
PAGE = 4096


async def looked_at(pid: int, *, seconds: float = 0.3, children: bool = False, **options: Any) -> Evidence:
    need(os.geteuid() == 0, "memory of other processes needs root")
    return await measure(HOST, find_target(HOST, pid, children=children), seconds=seconds, **options)


def inside(evidence: Evidence) -> MemoryMap:
    found = evidence.memory_map
    assert found is not None
    assert evidence.collections["memory_map"].not_understood == 0
    return found


def kinds(found: MemoryMap) -> dict[MemoryKind, KindUse]:
    return {row.kind: row for row in found.kinds}


def named(found: MemoryMap, part: str) -> MappingUse:
    rows = [row for row in found.mappings if part in row.name]
    assert len(rows) == 1, [row.name for row in found.mappings]
    return rows[0]


async def truth(program: Workload) -> dict[str, int]:
    await program.tell("tell")
    told: dict[str, int] = json.loads(await program.line())
    return told


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


def sums(allocator: AllocatorUse, *which: str) -> list[int]:
    heaps = [heap for heap in allocator.arenas if heap.kind in which]
    return [sum(getattr(heap, name) for heap in heaps) for name in ("size", "used", "free", "top", "unread")]


async def test_the_inside_of_malloc_is_what_malloc_says() -> None:
    async with workload("memory_parts.c") as program:
        told = await truth(program)
        [allocator] = inside(await looked_at(program.pid)).allocators
    assert allocator.allocator.startswith("glibc 2.") and allocator.not_understood == 0
    assert [heap.kind for heap in allocator.arenas].count("thread") == 3
    size, used, free, top, unread = sums(allocator, "main", "thread")
    assert (size, unread) == (told["arena"], 0)
    assert (used, free + top) == (told["used"] + told["fast"], told["free"] - told["fast"])
    # Every second of 499 blocks of 2,000 bytes, in chunks of 2,016, and of three times 101 blocks of 3,000.
    assert allocator.holes[10] == 249 and allocator.holes[11] == 3 * 50
    assert allocator.free >= 249 * 2016 + 150 * 3008
    mapped = next(heap for heap in allocator.arenas if heap.kind == "mapped")
    assert (mapped.used_blocks, mapped.used) == (told["mapped"], told["mapped_bytes"])


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


async def test_looking_does_not_bring_pages_in() -> None:
    async with workload("memory_parts.c") as program:
        first = inside(await looked_at(program.pid))
        again = inside(await looked_at(program.pid))
    assert first.total.anonymous == again.total.anonymous
    assert kinds(first)[MemoryKind.HEAP].rss == kinds(again)[MemoryKind.HEAP].rss


async def test_a_static_program_has_a_heap_too(tmp_path: Path) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    need(compiler, "a C compiler")
    source, output = WORKLOADS / "memory_parts.c", tmp_path / "static"
    subprocess.run([str(compiler), *C_FLAGS, "-static", str(source), "-o", str(output)], check=True)
    started = await anyio.open_process([str(output)], cwd=tmp_path)
    assert started.stdin is not None and started.stdout is not None
    try:
        while b"\n" not in await started.stdout.receive():
            pass
        [allocator] = inside(await looked_at(started.pid)).allocators
        await started.stdin.send(b"tell\n")
        told = json.loads(await started.stdout.receive())
    finally:
        started.kill()
        await started.aclose()
    assert allocator.allocator == "glibc (static)" and allocator.not_understood == 0
    _, _, free, top, unread = sums(allocator, "main", "thread")
    assert unread == 0 and free + top == told["free"] - told["fast"]
    assert allocator.holes[10] == 249 and allocator.holes[11] == 150


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
    text = say(memory_answer("r-x", evidence, rows=50), full=True)
    assert "\x1b" not in text and "line\nbreak" not in text


@pytest.mark.parametrize("version", [v for v in python_interpreters() if 8 <= int(v.partition(".")[2]) <= 14])
async def test_small_objects_of_python_are_counted(version: str) -> None:
    async with workload("small_objects.py", interpreter=python_interpreters()[version]) as program:
        before = inside(await looked_at(program.pid)).runtimes[0]
        await program.tell("go")
        blocks = int(await program.line())
        after = inside(await looked_at(program.pid)).runtimes[0]
    grown = after.counters["blocks"] - before.counters["blocks"]
    assert (
        blocks <= grown <= blocks + 200
    )  # the list that holds them is larger than a block; reading a line is not free
    assert after.spaces[0].used - before.spaces[0].used == pytest.approx(blocks * 304, rel=0.01)
    capacity = after.spaces[0].capacity
    assert capacity is not None and after.spaces[0].used < capacity <= after.counters["arenas"] * (1 << 20)


async def test_a_java_machine_tells_its_heap(tmp_path: Path) -> None:
    java = shutil.which("java")
    need(java, "java")
    source = tmp_path / "Holds.java"
    source.write_text(
        "class Holds { public static void main(String[] a) throws Exception { byte[][] b = new byte[17][];"
        "for (int i = 0; i < 17; i++) b[i] = new byte[1 << 20]; System.gc(); System.out.println(b.length);"
        "System.in.read(); System.gc(); System.out.println(b.length); System.in.read(); } }"
    )
    command = [str(java), "-XX:+UseSerialGC", "-Xmx64m", str(source)]
    started = await anyio.open_process(command, cwd=tmp_path)
    assert started.stdin is not None and started.stdout is not None
    try:
        with anyio.fail_after(60):
            await started.stdout.receive()
        async with anyio.create_task_group() as tasks:

            async def collect() -> None:
                await anyio.sleep(0.3)
                assert started.stdin is not None and started.stdout is not None
                await started.stdin.send(b"x")
                with anyio.fail_after(30):
                    await started.stdout.receive()

            tasks.start_soon(collect)
            evidence = await looked_at(started.pid, seconds=3)
    finally:
        started.kill()
        await started.aclose()
    [heap] = inside(evidence).runtimes
    assert heap.source == "hsperfdata"
    assert sum(space.used for space in heap.spaces) >= 17 << 20
    old = next(space for space in heap.spaces if space.name.startswith("old"))
    assert old.capacity is not None and 17 << 20 <= old.used <= old.capacity <= 64 << 20
    assert heap.counters["classes"] > 100 and heap.counters["threads"] >= 1
    assert sum(value for name, value in heap.grown.items() if name.endswith(": times")) == 1


async def test_v8_is_said_to_be_missing() -> None:
    node = shutil.which("node")
    need(node, "node")
    started = await anyio.open_process([str(node), "-e", "console.log('ready'); setInterval(() => 0, 1000)"])
    assert started.stdout is not None
    try:
        await started.stdout.receive()
        evidence = await looked_at(started.pid)
    finally:
        started.kill()
        await started.aclose()
    assert any("V8" in what for what in evidence.collections["memory_map"].lacks)


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
