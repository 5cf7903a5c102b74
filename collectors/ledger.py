"""Where did every thread's time go? All cheap questions at once, in one window."""

import anyio

from perfdoctor.collectors import cpu, network, syscalls
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.engine import Wanted
from perfdoctor.collectors.backends.bpf.sockets import SocketPart
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.java import by_engine_and_recorder
from perfdoctor.collectors.javascript import by_engine_and_v8
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.window import by_engine as by_engine_window
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.target import Target

BACKENDS = (bpf.NAME, "programs")
_HZ = 199
"""Prime, so that it does not beat with timers of the target; 99 would leave short windows thin."""


async def observe(
    host: Host,
    target: Target,
    *,
    seconds: float,
    backend: str = "auto",
    progress: Progress = silent,
) -> Evidence:
    """System calls, CPU samples, waits, page faults, threads, children, peers and memory of ``target`` over
    ``seconds``; of a Java machine also its locks.

    By the BPF engine all of it is one window. Without the engine the questions are asked of other programs one after
    the other,
    half of the time each, because some of them stop the target; the parts that only the engine can answer are None.
    """
    must_be_asked_well(BACKENDS, backend, seconds)

    async def by_engine() -> Evidence:
        by = {"node": by_engine_and_v8, "java": by_engine_and_recorder}.get(target.runtime, by_engine_window)

        async def window(part: SocketPart) -> Evidence:
            wanted = Wanted(calls=True, hz=_HZ, faults=True, part=part)
            return await by(host, target, seconds=seconds, wanted=wanted, memory=True, progress=progress)

        return await network.beside(host, target, window)

    async def by_programs() -> Evidence:
        return await _one_after_the_other(host, target, seconds, progress)

    rungs = (Rung(bpf.NAME, bpf.unavailable, by_engine), Rung("programs", lambda _host, _target: None, by_programs))
    return await climb(host, target, backend, rungs)


async def _one_after_the_other(host: Host, target: Target, seconds: float, progress: Progress) -> Evidence:
    from perfdoctor.collectors.memory import MemoryWatch

    half = seconds / 2
    watch = MemoryWatch(host, target)

    async def sample() -> None:
        began = anyio.current_time()
        while True:
            watch.sample(anyio.current_time() - began)
            await anyio.sleep(0.2)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sample)
        first = await cpu.trace_cpu(host, target, seconds=half, progress=progress)

        def later(elapsed: float, message: str) -> None:
            progress(half + elapsed, message)

        second = await syscalls.trace_syscalls(host, target, seconds=half, progress=later)
        tasks.cancel_scope.cancel()
    return first.model_copy(
        update={
            "syscalls": second.syscalls,
            "memory": watch.trend(),
            "collections": first.collections | second.collections,
        }
    )
