"""Inside allocators and runtimes: real processes whose blocks are known."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from perfdoctor.schemas.memory_map import AllocatorUse, MemoryKind
from tests.live.memory import inside, kinds, looked_at, truth
from tests.live.need import need
from tests.live.workload import C_FLAGS, WORKLOADS, python_interpreters, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]

RESTLESS = """
print("ready", flush=True)
while True:
    for many in range(5003):
        [bytes(600 + size % 997) for size in range(many)]
"""


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


async def test_a_heap_that_changes_all_the_time_keeps_its_sums() -> None:
    started = await anyio.open_process([sys.executable, "-c", RESTLESS])
    assert started.stdout is not None
    try:
        await started.stdout.receive()
        evidence = await looked_at(started.pid, seconds=0.5)
    finally:
        started.kill()
        await started.aclose()
    assert evidence.memory_map is not None
    [allocator] = evidence.memory_map.allocators
    assert allocator.arenas
    assert evidence.collections["memory_map"].not_understood == allocator.not_understood
    for heap in allocator.arenas:
        assert heap.used + heap.free + heap.top + heap.unread == heap.size
