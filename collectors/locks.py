"""Who waits for which lock, from which line, and who holds it?"""

from anyio import to_thread

from perfdoctor.collectors import golang, task_waits
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.locks import LACKS, LockPart
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.backends.bpftrace import backend as bpftrace
from perfdoctor.collectors.backends.bpftrace import locks as by_address
from perfdoctor.collectors.backends.jvm import backend as jvm
from perfdoctor.collectors.backends.jvm.locks import trace_locks as trace_java_locks
from perfdoctor.collectors.backends.perf import backend as perf
from perfdoctor.collectors.backends.perf import locks as in_all
from perfdoctor.collectors.backends.pyspy import backend as pyspy
from perfdoctor.collectors.backends.pyspy import gil
from perfdoctor.collectors.backends.strace import backend as strace
from perfdoctor.collectors.backends.strace import locks as by_stopping
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.lock_names import named
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.locks import LockProfile
from perfdoctor.schemas.target import Target

BACKENDS = (bpf.NAME, jvm.NAME, bpftrace.NAME, strace.NAME, perf.NAME, pyspy.NAME)


async def measure(
    host: Host, target: Target, *, seconds: float, backend: str = "auto", progress: Progress = silent
) -> Evidence:
    """Every wait of ``target`` for a lock in ``seconds``: which lock, where, for how long, and who let go of it.

    The evidence has ``locks``; from the BPF engine also ``syscalls``, ``threads``, ``waits`` and ``children``. bpftrace
    and strace tell locks apart by address and know no lines; perf has one sum; py-spy sees who holds Python's
    interpreter lock, and no waits. The engine's window has the goroutines of a Go program, and the tasks of a Python
    program, that wait too, sampled. ProblemError when no backend can answer; ends early, marked partial, when the
    target exits. A Java machine is asked itself, by Flight Recorder.
    """
    must_be_asked_well(BACKENDS, backend, seconds)

    async def by_engine() -> Evidence:
        part = LockPart(host)
        try:
            evidence = await bpf.observe(host, target, seconds=seconds, wanted=Wanted(part=part), progress=progress)
        finally:
            part.gil.stop()
        how = evidence.collections["syscalls"].model_copy(update={"lacks": LACKS})
        return evidence.model_copy(update={"collections": {**evidence.collections, "locks": how}})

    async def with_goroutines() -> Evidence:
        return await golang.beside(host, target, by_engine)

    async def with_tasks() -> Evidence:
        return await task_waits.beside(host, target, by_engine)

    async def by_bpftrace() -> Evidence:
        measured = await by_address.trace_locks(host, target, seconds=seconds, progress=progress)
        return _evidence(target, await to_thread.run_sync(named, host, target, measured))

    async def by_strace() -> Evidence:
        measured = await by_stopping.trace_locks(host, target, seconds=seconds, progress=progress)
        return _evidence(target, await to_thread.run_sync(named, host, target, measured))

    async def by_perf() -> Evidence:
        return _evidence(target, await in_all.trace_locks(host, target, seconds=seconds, progress=progress))

    async def by_pyspy() -> Evidence:
        return _evidence(target, await gil.trace_gil(host, target, seconds=seconds, progress=progress))

    async def by_jvm() -> Evidence:
        return await trace_java_locks(host, target, seconds=seconds, progress=progress)

    by_bpf = by_engine
    if target.runtime == "go":
        by_bpf = with_goroutines
    elif task_waits.may_have_tasks(target):
        by_bpf = with_tasks
    rungs: tuple[Rung, ...] = (
        Rung(bpf.NAME, bpf.unavailable, by_bpf),
        Rung(bpftrace.NAME, bpftrace.unavailable, by_bpftrace),
        Rung(strace.NAME, strace.unavailable, by_strace),
        Rung(perf.NAME, perf.unavailable_for_syscalls, by_perf),
        Rung(pyspy.NAME, pyspy.unavailable, by_pyspy),
    )
    if target.runtime == "java" or backend == jvm.NAME:
        rungs = (Rung(jvm.NAME, jvm.unavailable, by_jvm), *rungs)
    return await climb(host, target, backend, rungs)


def _evidence(target: Target, measured: Measured[LockProfile]) -> Evidence:
    return Evidence(
        target=target,
        window=measured.window,
        collections={"locks": measured.collection},
        locks=measured.profile,
    )
