"""Where did every thread's time go? All cheap questions at once, in one window."""

from collections.abc import Callable

import anyio
from anyio import to_thread

from perfdoctor.collectors import arguments, cpu, locks, network, syscalls, task_waits
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.sockets import SocketPart
from perfdoctor.collectors.backends.bpf.wanted import FirstLook, Wanted
from perfdoctor.collectors.golang import by_engine_and_goroutines
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.java import by_engine_and_recorder
from perfdoctor.collectors.javascript import by_engine_and_v8
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.looking import with_sampled
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.source_text.algorithms.recurring import with_recurring
from perfdoctor.collectors.source_text.asking.asking_lines import with_asking
from perfdoctor.collectors.source_text.asking.guards import with_guards
from perfdoctor.collectors.source_text.asking.lent_lines import with_lent
from perfdoctor.collectors.source_text.asking.looped import with_repeated
from perfdoctor.collectors.source_text.asking.pool_makers import with_pools
from perfdoctor.collectors.source_text.asking.semaphores import with_sizes
from perfdoctor.collectors.source_text.asking.statement_lines import with_said
from perfdoctor.collectors.source_text.keeping.keepers import with_kept
from perfdoctor.collectors.source_text.keeping.native_makers import with_native_makers
from perfdoctor.collectors.source_text.pausing.pauses import with_pauses
from perfdoctor.collectors.source_text.pausing.shared_syncs import with_shared_syncs
from perfdoctor.collectors.source_text.shapes.java_copies import with_copies
from perfdoctor.collectors.source_text.shapes.line_shapes import with_shapes
from perfdoctor.collectors.source_text.sources import SourcesOfAll
from perfdoctor.collectors.window import by_engine as by_engine_window
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.locks import LockProfile, Waiting
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.syscalls import SyscallRow
from perfdoctor.schemas.target import Target

BACKENDS = (bpf.NAME, "programs")
_BESIDE = {"node": by_engine_and_v8, "java": by_engine_and_recorder, "go": by_engine_and_goroutines}
"""runtimes that are asked, or looked at, beside the engine"""
Closer = Callable[[tuple[SyscallRow, ...], float], bool]
"""whether waits for locks, in so many seconds, are worth a closer look"""
_TOLD_BY_SOURCES = (
    with_recurring,
    with_asking,
    with_repeated,
    with_kept,
    with_native_makers,
    with_sizes,
    with_guards,
    with_pools,
    with_pauses,
    with_shared_syncs,
    with_lent,
    with_said,
)
_FIRST = 0.7
"""of the time: what all shares rest on is the first window"""
_WORTH_TWO = 2.0
_SHORTEST_SECOND = 0.3
"""seconds: below that a second window sees too little"""
_HZ = 199
"""Prime, so that it does not beat with timers of the target; 99 would leave short windows thin."""


async def observe(
    host: Host,
    target: Target,
    *,
    seconds: float,
    backend: str = "auto",
    progress: Progress = silent,
    closer: Closer | None = None,
) -> Evidence:
    """System calls, CPU samples, waits, page faults, threads, children, peers and memory of ``target`` over
    ``seconds``; of a Java machine also its locks.

    ``closer`` is shown the waits for locks when most of the time has passed. If it says so, the window ends there, and
    what is left of ``seconds`` is a second one that tells who holds the locks: ``locks``, beside the first's parts.

    By the BPF engine all of it is one window. Without the engine the questions are asked of other programs one after
    the other,
    half of the time each, because some of them stop the target; the parts that only the engine can answer are None.
    """
    must_be_asked_well(BACKENDS, backend, seconds)

    async def by_engine() -> Evidence:
        by = _BESIDE.get(target.runtime, by_engine_window)

        # (the runtimes of the others tell of their locks themselves, or have none)
        adapts = closer is not None and by is by_engine_window and seconds >= _WORTH_TWO
        look = FirstLook(_FIRST * seconds, closer) if adapts and closer else None

        async def window(part: SocketPart) -> Evidence:
            wanted = Wanted(calls=True, hz=_HZ, faults=True, part=part, look=look)
            return await by(host, target, seconds=seconds, wanted=wanted, memory=True, progress=progress)

        async def with_peers() -> Evidence:
            return await network.beside(host, target, window)

        async def with_tasks() -> Evidence:
            return await task_waits.beside(host, target, with_peers)

        is_python = task_waits.may_have_tasks(target)
        evidence = await (arguments.beside(host, target, with_tasks) if is_python else with_peers())
        if look and look.ended:
            evidence = await _with_locks(host, target, evidence, seconds, progress)
        return await to_thread.run_sync(_with_sources, host, evidence)

    async def by_programs() -> Evidence:
        return await _one_after_the_other(host, target, seconds, progress)

    rungs = (Rung(bpf.NAME, bpf.unavailable, by_engine), Rung("programs", lambda _host, _target: None, by_programs))
    return await climb(host, target, backend, rungs)


def _with_sources(host: Host, evidence: Evidence) -> Evidence:
    """What the text of the target's files says of the lines that were seen. Blocks."""
    sources = SourcesOfAll(host)
    evidence = with_copies(sources, evidence)
    if evidence.cpu:
        evidence = evidence.model_copy(update={"cpu": with_shapes(sources, evidence.cpu)})
    for told in _TOLD_BY_SOURCES:
        evidence = told(sources, evidence)
    return evidence


async def _with_locks(host: Host, target: Target, first: Evidence, seconds: float, progress: Progress) -> Evidence:
    """The second window: who holds the locks that the first saw threads wait for."""
    spent = first.window.seconds

    def later(elapsed: float, message: str) -> None:
        progress(spent + elapsed, message)

    left = max(_SHORTEST_SECOND, seconds - spent)
    try:
        second = await locks.measure(host, target, seconds=left, backend=bpf.NAME, progress=later)
    except ProblemError as refusal:
        # (the target has ended meanwhile, mostly) What the first window says holds without it.
        how = first.collections["syscalls"]
        warning = f"a second window, for the holders of locks, was not possible: {refusal.problem.why}"
        told = how.model_copy(update={"warnings": (*how.warnings, warning)})
        return first.model_copy(update={"collections": first.collections | {"syscalls": told}})
    how = second.collections["locks"]
    said = (
        f"measured in a second window of {second.window.seconds:.1f} s, after the first: its threads waited for locks"
    )
    told = how.model_copy(update={"warnings": (*how.warnings, said)})
    profile = second.locks or LockProfile()
    if first.locks is not None:
        # What its tasks waited for was seen in the first window, as all that shares are told of.
        profile = profile.of(lock for lock in profile.locks if lock.who is Waiting.THREADS)
        without = first.model_copy(update={"locks": profile, "collections": {"locks": told}})
        profile, told = with_sampled(without, first.locks, first.collections["locks"], of="locks of asyncio")
    return first.model_copy(
        update={"locks": profile, "collections": first.collections | {"locks": told}},
    )


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
