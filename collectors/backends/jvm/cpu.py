"""Which lines of Java hold the CPU time: Flight Recorder's samples, scaled to the exact CPU time of each thread."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable

from perfdoctor.collectors.backends.jvm.backend import Told, trace
from perfdoctor.collectors.backends.jvm.native_time import Ran, by_thread, placed
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.progress import Progress
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.target import Target

RUNS, NATIVE = "jdk.ExecutionSample", "jdk.NativeMethodSample"
_PERIOD = 0.01
"""seconds between two looks at the threads that run Java: the least that the machine does"""
EVENTS = {RUNS: {"period": "10 ms"}, NATIVE: {"period": "20 ms"}}
LACKS = (
    "kernel frames of Java threads",
    "time in the machine's own routines (digests, copies of arrays): Flight Recorder cannot walk out of them",
    "samples outside of safe places: a machine without -XX:+DebugNonSafepoints names the next place it noted",
)


async def trace_cpu(
    host: Host,
    target: Target,
    *,
    seconds: float,
    progress: Progress,
    beside: Callable[[], Awaitable[Evidence]] | None = None,
) -> Evidence:
    """``cpu`` with frames of Java; from ``beside``, where given, all that it measured, and the threads that run no
    Java (collection of garbage, compilers). OSError where the machine cannot record."""
    told = await trace(host, target, EVENTS, seconds=seconds, progress=progress, beside=beside)
    return evidence(target, told)


def evidence(target: Target, told: Told) -> Evidence:
    profile, without = _profile(target, told)
    warnings = []
    if told.beside is None and any(one.name == NATIVE for one in told.heard):
        warnings.append("without the engine beside, how much of a thread's time is native code is a rough estimate")
    if without and told.beside is None:
        warnings.append(f"{without:.2f} s of CPU time are of threads that run no Java (garbage collection, compilers)")
    how = told.collection(lacks=LACKS, warnings=tuple(warnings))
    if told.beside is None:
        return Evidence(target=target, window=told.window, collections={"cpu": how}, cpu=profile)
    update = {"cpu": profile, "collections": told.beside.collections | {"cpu": how}}
    return told.beside.model_copy(update=update)


def _profile(target: Target, told: Told) -> tuple[CpuProfile, float]:
    """And the CPU seconds of threads that Flight Recorder does not sample."""
    samples: defaultdict[int, dict[str, Counter[Stack]]] = defaultdict(lambda: {RUNS: Counter(), NATIVE: Counter()})
    for one in told.heard:
        if one.name in EVENTS and one.stack:
            samples[one.own_tid][one.name][one.stack] += 1
    rows: list[CpuRow] = []
    rest: dict[str, float] = {}
    sampled: set[str] = set()
    used, looked = 0.0, 0
    beside = told.beside.cpu if told.beside else None
    ran = by_thread(beside.rows, target.pid) if beside else {}
    for thread in (*told.threads.threads.values(), *told.threads.replaced):
        used += thread.running
        mine = samples.get(thread.own_tid) if thread.pid == target.pid else None
        if mine is None or not (mine[RUNS] or (mine[NATIVE] and thread.running > _PERIOD)):
            rest[thread.name] = rest.get(thread.name, 0.0) + thread.running
            continue
        sampled.add(thread.name)
        known = ran.get(thread.name)
        shared = (
            _known(mine[RUNS], mine[NATIVE], thread.running, known)
            if known and (known.java or known.native)
            else _shared(mine[RUNS], mine[NATIVE], thread.running)
        )
        for stack, (taken, seconds) in shared.items():
            looked += taken
            rows.append(CpuRow(pid=target.pid, thread=thread.name, stack=stack, samples=taken, seconds=seconds))
    if beside is not None:
        others = [row for row in beside.rows if row.pid != target.pid or row.thread not in sampled]
        rows += others
        looked += sum(row.samples for row in others)
        used = beside.cpu_seconds
    else:
        rows += [
            CpuRow(pid=target.pid, thread=name, samples=0, seconds=seconds) for name, seconds in rest.items() if seconds
        ]
    total = sum(row.seconds for row in rows)
    if total > 0 and used > 0:
        rows = [row.model_copy(update={"seconds": row.seconds * used / total}) for row in rows]
    rows.sort(key=lambda row: (-row.seconds, row.thread, str(row.stack)))
    hz = round(1 / _PERIOD)
    profile = CpuProfile(
        rows=tuple(rows), hz=hz, samples=looked, cpu_seconds=used, sampled_seconds=looked / hz, events=()
    )
    return profile, sum(rest.values())


def _known(runs: Counter[Stack], native: Counter[Stack], used: float, ran: Ran) -> dict[Stack, tuple[int, float]]:
    """(samples, seconds) by stack, where the engine knows how much of the thread's time native code took. Its own
    native stack stands where no sample of Flight Recorder tells who called it."""
    in_native = used * (ran.native_share if runs else 1.0)
    shared = {stack: (taken, (used - in_native) * taken / runs.total()) for stack, taken in runs.items()}
    inside, without = placed(ran, native)
    counted = sum(inside.values()) + sum(without.values())
    if not counted:
        return shared or _shared(runs, native, used)
    for stack, part in (*inside.items(), *without.items()):
        before = shared.get(stack, (0, 0.0))
        shared[stack] = before[0] + native.get(stack, round(part)), before[1] + in_native * part / counted
    return shared


def _shared(runs: Counter[Stack], native: Counter[Stack], used: float) -> dict[Stack, tuple[int, float]]:
    """The same without the engine. A sample in native code does not tell whether the thread slept there: those share
    what the samples of Java leave of the thread's CPU time, if that is enough to be no error of theirs."""
    in_java = min(used, runs.total() * _PERIOD) if native else used
    if not runs:
        in_java = 0.0
    elif in_java > 0.8 * used:
        in_java, native = used, Counter()
    shared: dict[Stack, tuple[int, float]] = {
        stack: (taken, in_java * taken / runs.total()) for stack, taken in runs.items()
    }
    for stack, taken in native.items():
        before = shared.get(stack, (0, 0.0))
        shared[stack] = before[0] + taken, before[1] + (used - in_java) * taken / native.total()
    return shared
