"""Asks perf: which code takes page faults?"""

from collections import Counter
from collections.abc import Callable
from tempfile import TemporaryDirectory

from anyio import to_thread

from perfdoctor.collectors.backends.perf import backend, command
from perfdoctor.collectors.backends.perf.parse import ScriptReader
from perfdoctor.collectors.exact_cpu import CpuWatch
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.host.follow import words
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.runtimes.file_names import FileNames
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.waits import FaultRow

_SECONDS_PER_FAULT = 1.9e-6
"""What a sample with its stack adds to each page fault (bench/memory.py)."""


async def trace_faults(
    host: Host, target: Target, *, seconds: float, also: Callable[[float], object], progress: Progress
) -> Measured[tuple[FaultRow, ...]]:
    """Every page fault of the target, by frame pointers: native functions and lines, never Python's. ``also`` is called
    four times a second with the seconds that have passed. Ends early, marked partial, when the target exits.
    ProblemError when perf cannot attach."""
    watch = CpuWatch(host, target)
    pids = await to_thread.run_sync(tree, host, target)

    def tell(elapsed: float, message: str) -> None:
        if elapsed:
            also(elapsed)
        progress(elapsed, message)

    with TemporaryDirectory(prefix="perfdoctor-") as folder:
        recorded = f"{folder}/perf.data"
        asked = command.record_faults(pids, recorded)
        async with host.run(asked, extra_environment=command.ENVIRONMENT) as program:
            went = await backend.follow_perf(host, program, watch, seconds, tell)
        reader = ScriptReader()
        async with host.run(command.script(recorded), extra_environment=command.ENVIRONMENT) as program:
            async for chunk in program.output():
                await to_thread.run_sync(reader.feed, chunk)
            code = await program.wait()
            complaint = await words(program)
    reader.close()
    if code != 0 or (not reader.samples and reader.not_understood):
        raise backend.failed(f"{went.errors}; {complaint}")
    window = backend.window_of(went, watch)
    return await to_thread.run_sync(lambda: _faults(target, reader, window))


def _faults(target: Target, reader: ScriptReader, window: Window) -> Measured[tuple[FaultRow, ...]]:
    names = FileNames()
    merged: Counter[tuple[int, Stack]] = Counter()
    missing = truncated = 0
    try:
        for sample, taken in reader.samples.items():
            pid = sample.pid if sample.pid > 0 else target.pid
            if pid != target.pid and not target.children:
                continue
            stack, cut = backend.user_stack(names, sample._replace(pid=pid))
            missing += 0 if stack else taken
            truncated += taken if cut else 0
            merged[pid, stack] += taken
    finally:
        names.close()
    rows = tuple(FaultRow(pid=pid, stack=stack, faults=taken) for (pid, stack), taken in merged.most_common())
    total = sum(row.faults for row in rows)
    python = target.runtime.startswith("python")
    collection = Collection(
        backend=backend.NAME,
        exact=reader.lost == 0,
        lost=reader.lost,
        truncated_stacks=truncated,
        missing_stacks=missing,
        not_understood=reader.not_understood,
        lacks=(
            "calls that map and give back memory",
            "callers of code without frame pointers",
            "faults of the first milliseconds",
            *(("Python lines",) if python else ()),
        ),
        cost=TargetCost(kind="perturbs", events=total, estimated_seconds=total * _SECONDS_PER_FAULT),
    )
    return Measured(rows, collection, window)
