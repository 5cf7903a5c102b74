"""Asks Node.js itself: by the profilers of V8, through the inspector, which is opened for the window and closed again.

It samples the main thread. Node.js prints a few lines on the target's standard error when its inspector opens, and
listens on a port of its loopback address meanwhile.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import NamedTuple, TypeVar

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.node import reach
from perfdoctor.collectors.backends.node.heap import read_heap
from perfdoctor.collectors.backends.node.inspector import Inspector, attached, made_for_us, threads_of
from perfdoctor.collectors.backends.node.profile import CpuTree, read_cpu
from perfdoctor.collectors.backends.proc import schedstat
from perfdoctor.collectors.exact_cpu import CpuWatch
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.runtimes.source_maps import SourceMaps
from perfdoctor.collectors.source_text.asking.call_sites import CallSites
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.target import Target

NAME = "node"
_LOOK_SECONDS = 0.2
LACKS = (
    "worker threads and child processes (their JavaScript is not sampled)",
    "the line inside a calling function where its source does not tell it: where the function begins is named",
)
NOT_JAVASCRIPT = (Frame(kind=FrameKind.NATIVE, function="[threads without JavaScript]", module="node"),)
TAKEN_FOR_IDLE = (Frame(kind=FrameKind.NATIVE, function="(taken for idle by V8)", module="node"),)
"""its event loop, and callbacks of that"""
_NS_PER_SAMPLE = 12_000
"""What one sample of V8 costs the thread: a signal, and a walk of its stack."""
INTERVAL_US = 1000
_HEAP_WITHIN = 1.0
"""seconds after which V8 is taken to be too busy to say how much its heap holds"""
SMALL_HEAP = 64 << 20
"""bytes of a heap that V8 collects in some 50 ms, as it does by itself now and then: it is asked to at the begin too"""
MOST_HEAP = 256 << 20
"""the same of some 0.2 s; for samples of a larger one, at whose end V8 collects it, a target is not held still"""
T = TypeVar("T")
COARSE_HEAP_INTERVAL = 128 << 10
"""bytes between two samples of the heap beside other questions: a program that allocates 500 MB/s is asked 4,000 times
a second, at some microseconds each"""


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why this process cannot be asked through its inspector; None when it can. Looks only."""
    if target is not None:
        return reach.refusal(host, target)
    if host.attach_runtimes and host.which("node") is None:
        return Problem(
            what="There is no Node.js to be asked.",
            why="The program node is not on PATH here.",
            next_step="Nothing is needed: a program that runs by a Node.js of its own can be asked all the same.",
        )
    return None if host.attach_runtimes else reach.forbidden("The inspector of Node.js is not opened.")


class HeapLook(NamedTuple):
    """When (monotonic), what the heap held, and what was reserved for it; ``collected``: right after a collection that
    was asked for, at both ends or at none."""

    at: float
    used: int
    reserved: int
    collected: bool = False


@dataclass(slots=True)
class Profiled:
    """What the profiler of V8 saw while it ran, once it has ended. ``quiet`` are the threads that it ran on. ``living``
    bytes by stack were allocated meanwhile and live on (by those of the first half), where its heap was ``sampled``;
    ``heap``: what it held when; ``small``: so little that V8 was asked to collect it at both ends."""

    interval_us: int
    quiet: tuple[int, ...] = ()
    tree: CpuTree = field(default_factory=CpuTree)
    living: dict[Stack, int] = field(default_factory=dict)
    heap: list[HeapLook] = field(default_factory=list)
    sampled: bool = False
    small: bool = False
    inspector: Inspector | None = None


@asynccontextmanager
async def profiled(
    host: Host, target: Target, *, interval_us: int = INTERVAL_US, heap: bool = False
) -> AsyncIterator[Profiled]:
    """The main thread is sampled while the context is; ``tree`` is there when it was left without an error. ``heap``:
    what it allocates and keeps, too."""
    before = await to_thread.run_sync(threads_of, host, target.pid)
    found = Profiled(interval_us)
    async with attached(host, target) as inspector:
        with_inspector = await to_thread.run_sync(threads_of, host, target.pid)
        # (what V8 collects for us at both ends is no work of the program's: its CPU profile begins later, ends sooner)
        if heap:
            await _begin_with_heap(found, inspector)
        await inspector.ask("Profiler.enable")
        await inspector.ask("Profiler.setSamplingInterval", interval=interval_us)
        await inspector.ask("Profiler.start")
        after = await to_thread.run_sync(threads_of, host, target.pid)
        for one, next_one in pairwise((before, with_inspector, after)):
            found.quiet += tuple(await to_thread.run_sync(made_for_us, host, target.pid, one, next_one))
        yield found
        taken = (await inspector.ask("Profiler.stop")).get("profile")
        kept = await _end_with_heap(found, inspector) if found.sampled else None
    maps, sites = SourceMaps(host, target.pid), CallSites(host, target.pid)
    if isinstance(taken, dict):
        found.tree = await to_thread.run_sync(read_cpu, taken, target.pid, maps, sites)
    if isinstance(kept, dict):
        read = partial(read_heap, survivors=True)
        found.living = await to_thread.run_sync(read, kept, maps, sites)


async def _begin_with_heap(found: Profiled, inspector: Inspector) -> None:
    found.inspector = inspector
    await _look_at_heap(found, inspector)
    used = found.heap[0].used if found.heap else MOST_HEAP + 1
    found.sampled, found.small = used <= MOST_HEAP, used <= min(SMALL_HEAP, MOST_HEAP)
    if found.sampled:
        await inspector.ask("HeapProfiler.enable")
        await inspector.ask("HeapProfiler.startSampling", samplingInterval=COARSE_HEAP_INTERVAL)
    if found.small:
        await inspector.ask("HeapProfiler.getSamplingProfile")  # (V8 collects garbage for it)
        await _look_at_heap(found, inspector, collected=True)


async def _end_with_heap(found: Profiled, inspector: Inspector) -> object:
    kept = (await inspector.ask("HeapProfiler.stopSampling")).get("profile")  # (and for this)
    if found.small:
        await _look_at_heap(found, inspector, collected=True)
    return kept


async def beside_heap(found: Profiled, ask: Callable[[], Awaitable[T]]) -> T:
    """The result of ``ask``, during which V8 is asked how much its heap holds."""
    over = anyio.Event()
    failed: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_follow_heap, found, over)
        try:
            result = await ask()
        except (OSError, ProblemError) as error:
            failed = error  # (raised in here it would come out as a group)
        finally:
            over.set()
    if failed:
        raise failed
    return result


async def _follow_heap(found: Profiled, over: anyio.Event) -> None:
    while found.inspector and not over.is_set():
        if not await _look_at_heap(found, found.inspector):
            return
        with anyio.move_on_after(_LOOK_SECONDS):
            await over.wait()


async def _look_at_heap(found: Profiled, inspector: Inspector, *, collected: bool = False) -> bool:
    """False where it does not answer (busy, or gone): what was heard stands."""
    try:
        told = await inspector.ask("Runtime.getHeapUsage", within=_HEAP_WITHIN)
    except OSError:
        return False
    used, total = (told.get(name) for name in ("usedSize", "totalSize"))
    if isinstance(used, int | float) and 0 <= used < 1 << 62:
        reserved = int(total) if isinstance(total, int | float) and used <= total < 1 << 62 else 0
        found.heap.append(HeapLook(time.monotonic(), int(used), reserved, collected))
    return True


async def trace_cpu(host: Host, target: Target, *, seconds: float, hz: int, progress: Progress) -> Measured[CpuProfile]:
    """Samples of the main thread by line of JavaScript, ``hz`` times a second, scaled to its exact CPU time; the CPU
    time of the other threads is one row. Ends early, marked partial, when the target exits."""
    watch = CpuWatch(host, target)
    async with profiled(host, target, interval_us=max(100, 1_000_000 // hz)) as found:
        await to_thread.run_sync(watch.begin)
        main_before = await to_thread.run_sync(_main_seconds, host, target.pid)
        started, began = time.time(), time.monotonic()
        progress(0.0, "attached")
        main = main_before
        while (elapsed := time.monotonic() - began) < seconds:
            await anyio.sleep(min(_LOOK_SECONDS, seconds - elapsed))
            main = await to_thread.run_sync(_main_seconds, host, target.pid) or main
            await to_thread.run_sync(watch.look)
            progress(time.monotonic() - began, f"V8 is sampling; the target used {watch.seconds:.2f} s of CPU so far")
            if not await to_thread.run_sync(reach.is_there, host, target):
                break
        length = time.monotonic() - began
    tree = found.tree
    rows = cpu_rows(tree, target, max(0.0, main - main_before))
    others = max(0.0, watch.seconds - (main - main_before))
    if others:
        rows.append(CpuRow(pid=target.pid, thread="(others)", stack=NOT_JAVASCRIPT, samples=0, seconds=others))
    rows.sort(key=lambda row: -row.seconds)
    total = sum(row.seconds for row in rows)
    return Measured(
        CpuProfile(rows=tuple(rows), hz=hz, samples=tree.busy, cpu_seconds=total, sampled_seconds=tree.busy / hz),
        collection(tree),
        Window(started=started, seconds=length),
    )


def cpu_rows(tree: CpuTree, target: Target, cpu_seconds: float) -> list[CpuRow]:
    """The main thread's samples, scaled to the CPU time that it used. V8 takes a thread for idle while it is in its
    event loop, however busy it is there: what was used beyond the time of the other samples was used in the loop."""
    each = tree.seconds_each
    sampled = min(cpu_seconds, tree.busy * each) if each else cpu_seconds
    rows = [
        CpuRow(pid=target.pid, thread="main", stack=stack, samples=n, seconds=sampled * n / tree.busy)
        for stack, n in tree.ticks.most_common()
    ]
    in_loop = cpu_seconds - sampled
    if in_loop > 0:
        samples = min(tree.idle, round(in_loop / each))
        rows.append(CpuRow(pid=target.pid, thread="main", stack=TAKEN_FOR_IDLE, samples=samples, seconds=in_loop))
    return rows


def collection(tree: CpuTree) -> Collection:
    taken = tree.busy + tree.idle
    return Collection(
        backend=NAME,
        exact=False,
        truncated_stacks=tree.truncated,
        not_understood=tree.not_understood,
        lacks=LACKS,
        cost=TargetCost(kind="perturbs", events=taken, estimated_seconds=taken * _NS_PER_SAMPLE * 1e-9),
    )


def _main_seconds(host: Host, pid: int) -> float:
    """CPU seconds of the main thread; 0 when it has ended."""
    try:
        return schedstat.read(host, pid, pid)[0]
    except (OSError, ValueError):
        return 0.0


@dataclass(frozen=True, slots=True)
class HeapSample:
    """Bytes by stack of the objects that were allocated in the window and were alive at its end."""

    living: dict[Stack, int]
    window: Window


HEAP_INTERVAL = 16 << 10
"""bytes between two samples, on average"""


async def sample_heap(host: Host, target: Target, *, seconds: float, progress: Progress) -> HeapSample:
    """What the main thread allocates and keeps, sampled by V8, which forgets the samples of objects it has collected.
    ProblemError or OSError when it cannot be asked."""
    async with attached(host, target) as inspector:
        await inspector.ask("HeapProfiler.enable")
        await inspector.ask("HeapProfiler.startSampling", samplingInterval=HEAP_INTERVAL)
        started, began = time.time(), time.monotonic()
        progress(0.0, "attached")
        while (elapsed := time.monotonic() - began) < seconds:
            await anyio.sleep(min(_LOOK_SECONDS, seconds - elapsed))
            progress(time.monotonic() - began, "V8 samples allocations")
        taken = (await inspector.ask("HeapProfiler.stopSampling")).get("profile")
        length = time.monotonic() - began
    maps, sites = SourceMaps(host, target.pid), CallSites(host, target.pid)
    living = await to_thread.run_sync(read_heap, taken if isinstance(taken, dict) else {}, maps, sites)
    return HeapSample(living, Window(started=started, seconds=length))
