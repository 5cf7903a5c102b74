"""Asks the engine a question: one window, from the first look at the target to the finished evidence."""

import contextlib
import os
import time
from collections.abc import Callable

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.bpf import report
from perfdoctor.collectors.backends.bpf.engine import OBJECT, Engine, Seen
from perfdoctor.collectors.backends.bpf.libbpf import LibraryMissingError, library
from perfdoctor.collectors.backends.bpf.pace import Pace
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.host.permission import CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, capable
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.schemas.cpu import CpuProfile
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import Problem
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.target import Target

NAME = "bpf"
_BTF = "/sys/kernel/btf/vmlinux"
_POLL_SECONDS = 0.05
_TELL_SECONDS = 0.25
_LAUNCH_SECONDS = 0.3
_LAUNCH_POLL_SECONDS = 0.005
"""A program maps its libraries and sets up its interpreter when it starts: its stacks are named as soon as they are."""
_ALSO_SECONDS = 0.2
_NAME_SECONDS = 0.1
_PACE_SECONDS = 0.2
"""A window of 5 s has 25 blocks: enough to see how its work scattered."""
_NS_PER_EVENT = {False: 250e-9, True: 900e-9}
"""What one handled event costs the target, without and with its stack (bench/overhead.py)."""
_NS_PER_FAULT = 500e-9
"""A page fault costs less: it is handled in the kernel already, and most come from the line before. Measured on a
program that makes 130,000 a second, by its CPU time for a unit of work with the engine and without."""
_NS_PER_MIXED_SAMPLE = 25_000e-9
"""And what a sample costs more whose native stack is walked to its end: 0.7 us a frame, as the kernel counts the run
time of the program (bpf_stats_enabled)."""
_DOUBT = 0.5
"""How wrong that may be: it was 0.5 to 1 us a call where CPU time for a unit of work was compared with and without."""


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why the engine cannot run here; None when it can. Looks only, loads nothing."""
    if not OBJECT.exists():
        return Problem(
            what="The BPF engine is not available.",
            why="Its compiled program is missing from this installation.",
            next_step="Reinstall perfdoctor, or run: python collectors/backends/bpf/build.py",
        )
    try:
        host.read_file(_BTF, 16)
    except OSError:
        return Problem(
            what="The BPF engine cannot run on this kernel.",
            why=f"{_BTF} is missing: the kernel was built without BTF (CONFIG_DEBUG_INFO_BTF).",
            next_step="Use backend strace, perf or py-spy, or a kernel with BTF (most distributions since 2021).",
        )
    if host.helper is not None:
        return host.helper.unavailable()
    if not capable(host, CAP_SYS_ADMIN) and not (capable(host, CAP_BPF) and capable(host, CAP_PERFMON)):
        return Problem(
            what="The BPF engine may not be loaded by this process.",
            why="It needs root, or the capabilities CAP_BPF and CAP_PERFMON.",
            next_step="Install the helper as root (perfdoctor helper install), run perfdoctor as root, or use backend "
            "py-spy or strace on your own processes.",
        )
    try:
        library()
    except LibraryMissingError:
        return Problem(
            what="The BPF engine cannot be loaded.",
            why="libbpf.so was not found on this machine.",
            next_step="Install it: apt-get install libbpf1 (Debian, Ubuntu), dnf install libbpf (Fedora, RHEL).",
        )
    return None


async def observe(
    host: Host,
    target: Target,
    *,
    seconds: float,
    wanted: Wanted,
    also: Callable[[float], object] | None = None,
    progress: Progress,
) -> Evidence:
    """One window of ``seconds``; ends early, marked partial, when the target exits. OSError when the engine cannot
    start.

    ``also`` is called five times a second, in a worker thread, with the seconds that have passed: for readings that
    belong to the same window. Cancelling detaches at once and leaves nothing behind."""
    engine = Engine(host, target, wanted)
    try:
        pids = await to_thread.run_sync(tree, host, target)
        began_wall = time.time()
        await to_thread.run_sync(engine.start, pids)
        if wanted.launch:
            began_wall = time.time()
            await wanted.launch()
        began = time.monotonic()
        pace = Pace(host, target, engine)
        await to_thread.run_sync(pace.begin)
        progress(0.0, "attached")
        failed: OSError | None = None
        async with anyio.create_task_group() as beside:
            beside.start_soon(_every, _NAME_SECONDS, engine.stacks.name_compiled)
            beside.start_soon(_every, _POLL_SECONDS, engine.tick)
            beside.start_soon(_every, _PACE_SECONDS, lambda: pace.read(time.monotonic() - began))
            if also:
                beside.start_soon(_every, _ALSO_SECONDS, lambda: also(time.monotonic() - began))
            try:
                await _follow(engine, began, seconds, progress, wanted)
            except OSError as error:
                failed = error  # (raised in here it would come out as a group)
            beside.cancel_scope.cancel()
        if failed:
            raise failed
        await to_thread.run_sync(pace.read, time.monotonic() - began)
        evidence = await to_thread.run_sync(_conclude, host, target, engine, wanted, began_wall)
        return evidence.model_copy(update={"pace": pace.readings()})
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(engine.close)


async def _follow(engine: Engine, began: float, seconds: float, progress: Progress, wanted: Wanted) -> None:
    """Take what the kernel sends, at once, until the window is over or the target is; or the first look ends it."""
    told = 0.0
    looked = False
    look = wanted.look
    while (elapsed := time.monotonic() - began) < seconds and not engine.over:
        poll = _LAUNCH_POLL_SECONDS if wanted.launch and elapsed < _LAUNCH_SECONDS else _POLL_SECONDS
        with anyio.move_on_after(min(poll, seconds - elapsed)):
            await anyio.wait_readable(engine.news)
        await to_thread.run_sync(engine.drain)
        elapsed = time.monotonic() - began
        if look and not looked and elapsed >= look.at:
            looked = True
            waits = await to_thread.run_sync(report.lock_waits_so_far, engine)
            if look.judge(waits, elapsed):
                look.ended = True
                return
        if elapsed - told >= _TELL_SECONDS:
            told = elapsed
            progress(elapsed, await to_thread.run_sync(engine.so_far))


async def _every(seconds: float, do: Callable[[], object]) -> None:
    while True:
        await to_thread.run_sync(do)
        await anyio.sleep(seconds)


def _conclude(
    host: Host,
    target: Target,
    engine: Engine,
    wanted: Wanted,
    began_wall: float,
) -> Evidence:
    seen = engine.finish()
    length = (engine.ended_ns - engine.began_ns) * 1e-9
    syscalls = report.syscall_profile(engine, seen) if wanted.calls else None
    faults = report.faults(engine, seen) if wanted.faults else None
    faulted = sum(row.faults for row in faults or ())
    collection = _collection(engine, wanted, seen, syscalls.calls if syscalls else 0, faulted)
    cpu = report.cpu_profile(engine, seen, wanted) if wanted.hz else None
    cost = collection.cost
    if cpu is not None:
        traced = sum(row.seconds for row in cpu.rows if row.is_tracing)
        cost = cost.model_copy(update={"estimated_seconds": _weighed(cost.estimated_seconds, traced, cpu.hz)})
        collection = collection.model_copy(update={"cost": cost})
    parts = {"threads": collection, "waits": collection}
    if syscalls is not None:
        parts["syscalls"] = collection
    if cpu is not None:
        if wanted.mixed:
            more = cpu.samples * _NS_PER_MIXED_SAMPLE
            cost = cost.model_copy(update={"estimated_seconds": cost.estimated_seconds + more})
        words = (*collection.warnings, *_unplaced(cpu))
        parts["cpu"] = collection.model_copy(update={"exact": False, "warnings": words, "cost": cost})
    if wanted.faults:
        parts["faults"] = collection
    evidence = Evidence(
        target=target,
        window=Window(started=began_wall, seconds=length, partial=engine.over),
        cores=_cores(target.pid),
        collections=parts,
        syscalls=syscalls,
        cpu=cpu,
        waits=report.waits(engine, seen),
        faults=faults,
        threads=report.thread_times(engine),
        children=report.children(engine),
        loops=report.loops(engine, seen) if wanted.calls and wanted.hz and wanted.stacks else None,
    )
    return evidence.model_copy(update=wanted.part.evidence(engine, seen)) if wanted.part else evidence


def _weighed(estimated: float, sampled: float, hz: int) -> float:
    """What the engine took, in seconds: by its events, which half as much or more may be on this machine, and by the
    samples that found it at work. Each counts by how sure it is, so many samples beat the estimate."""
    tick = 1 / hz
    of_estimate, of_samples = (_DOUBT * estimated) ** 2, max(sampled, tick) * tick
    return (estimated * of_samples + sampled * of_estimate) / (of_samples + of_estimate)


def _unplaced(cpu: CpuProfile) -> tuple[str, ...]:
    if not cpu.unplaced:
        return ()
    return (
        f"{cpu.unplaced:,} of {cpu.samples:,} samples: the native and the Python stack do not fit together (one was "
        "not read to its end), so only the innermost native frames are shown, before the Python lines",
    )


def _cores(pid: int) -> int:
    """How many CPUs the target may run on; ours where it has ended."""
    with contextlib.suppress(OSError):
        return len(os.sched_getaffinity(pid))
    return len(os.sched_getaffinity(0))


def _collection(engine: Engine, wanted: Wanted, seen: Seen, calls: int, faults: int) -> Collection:
    counters = seen.counters
    warnings = list(engine.warnings)
    if counters["lost_rows"]:
        warnings.append(
            f"{counters['lost_rows']:,} events found a full table: they are counted, without their stack and object"
        )
    if counters["reused_stacks"]:
        warnings.append(
            f"{counters['reused_stacks']:,} calls of one loop came too fast to walk each: they carry the stack of the "
            "call before, which is looked at again every 64 calls"
        )
    if counters["raised"]:
        warnings.append(
            f"{counters['raised']:,} processes or threads were let go: they are not the target's user's alone, or"
            " gained privilege by executing a program"
        )
    replaced = sum(names.replaced_code for names in engine.lives.names.values())
    if replaced:
        warnings.append(f"{replaced} code objects were freed in the window: their lines may stand for later ones")
    events = counters["events"] + calls + sum(t.voluntary + t.involuntary for t in engine.threads)
    seconds = (events - faults) * _NS_PER_EVENT[wanted.stacks] + faults * _NS_PER_FAULT
    cost = TargetCost(kind="perturbs", events=events, estimated_seconds=seconds)
    lacks = () if wanted.stacks else ("stacks",)
    missing = counters["no_stack"] + counters["partial_stacks"] + counters["lost_stacks"] + engine.stacks.unresolved
    return Collection(
        backend=NAME,
        exact=counters["lost_events"] == 0,
        lost=counters["lost_events"],
        truncated_stacks=counters["truncated_stacks"],
        missing_stacks=missing,
        lacks=lacks,
        cost=cost,
        warnings=tuple(warnings),
    )
