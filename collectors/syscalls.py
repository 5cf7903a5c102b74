"""What does a process ask of the kernel, from which line, how often, and how long does it wait?"""

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.backends.bpftrace import backend as bpftrace
from perfdoctor.collectors.backends.perf import backend as perf
from perfdoctor.collectors.backends.strace import backend as strace
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.java import by_engine_and_recorder
from perfdoctor.collectors.javascript import by_engine_and_v8
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.window import by_engine as by_engine_window
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.syscalls import SyscallProfile
from perfdoctor.schemas.target import Target

BACKENDS = (bpf.NAME, bpftrace.NAME, perf.NAME, strace.NAME)


async def trace_syscalls(
    host: Host,
    target: Target,
    *,
    seconds: float,
    backend: str = "auto",
    stacks: bool = True,
    progress: Progress = silent,
) -> Evidence:
    """Every system call of ``target`` for ``seconds``: calls, errors, bytes, latency and waiting time, by source line.

    The evidence has ``syscalls``; from the BPF engine also ``threads``, ``waits`` and ``children``. The other backends
    give counts without source lines; strace stops the target twice at every call. ``stacks=False`` leaves the lines
    out, for the
    lowest cost. ProblemError when no backend can answer; ends early, marked partial, when the target exits.
    """
    must_be_asked_well(BACKENDS, backend, seconds)

    async def by_engine() -> Evidence:
        wanted = Wanted(calls=True, stacks=stacks)
        if stacks and target.runtime == "node":
            return await by_engine_and_v8(host, target, seconds=seconds, wanted=wanted, memory=False, progress=progress)
        if stacks and target.runtime == "java":
            return await by_engine_and_recorder(
                host, target, seconds=seconds, wanted=wanted, memory=False, progress=progress
            )
        return await by_engine_window(host, target, seconds=seconds, wanted=wanted, memory=False, progress=progress)

    async def by_bpftrace() -> Evidence:
        return _evidence(target, await bpftrace.trace_syscalls(host, target, seconds=seconds, progress=progress))

    async def by_perf() -> Evidence:
        return _evidence(target, await perf.trace_syscalls(host, target, seconds=seconds, progress=progress))

    async def by_strace() -> Evidence:
        return _evidence(target, await strace.trace_syscalls(host, target, seconds=seconds, progress=progress))

    rungs = (
        Rung(bpf.NAME, bpf.unavailable, by_engine),
        Rung(bpftrace.NAME, bpftrace.unavailable, by_bpftrace),
        Rung(perf.NAME, perf.unavailable_for_syscalls, by_perf),
        Rung(strace.NAME, strace.unavailable, by_strace),
    )
    return await climb(host, target, backend, rungs)


def _evidence(target: Target, measured: Measured[SyscallProfile]) -> Evidence:
    return Evidence(
        target=target,
        window=measured.window,
        collections={"syscalls": measured.collection},
        syscalls=measured.profile,
    )
