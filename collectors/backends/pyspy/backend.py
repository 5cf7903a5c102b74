"""Asks py-spy: on which lines of Python does CPU time go, by sampling from outside."""

import contextlib
import re
from collections import Counter, defaultdict
from tempfile import TemporaryDirectory

from anyio import to_thread

from perfdoctor.collectors.backends.pyspy import command
from perfdoctor.collectors.backends.pyspy.parse import Place, RawReader, Sample
from perfdoctor.collectors.exact_cpu import CpuWatch, share_out
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.host.follow import Followed, follow
from perfdoctor.collectors.host.permission import may_attach
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.target import Target

NAME = "py-spy"
_SAMPLING = b"Sampling process"
_MOST_SAID = 64 << 10
# py-spy> Wrote raw flamegraph data to 'x'. Samples: 684 Errors: 0
_ERRORS = re.compile(r"Samples: \d{1,12} Errors: (\d{1,12})")
# py-spy> 1.02s behind in sampling, results may be inaccurate. Try reducing the sampling rate
_BEHIND = "behind in sampling"


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why py-spy cannot run here, or not on this target; None when it can. Looks only."""
    if host.which("py-spy") is None:
        return Problem(
            what="py-spy is not available.",
            why="The program py-spy is not installed, neither on PATH nor beside our own interpreter.",
            next_step="Install it: pip install py-spy",
        )
    if target is None:
        return None
    if target.others:
        return Problem(
            what=f"py-spy cannot sample the {len(target.pids)} processes called {target.name} together.",
            why="It samples one process and its children.",
            next_step="Give the pid of one of them, or use backend bpf or perf.",
        )
    if not target.runtime.startswith("python"):
        return Problem(
            what=f"py-spy cannot sample process {target.pid}.",
            why=f"It reads the stacks of Python, and this one is run by something else: {clean(target.runtime, 32)}.",
            next_step="Use backend bpf or perf for native code.",
        )
    if not may_attach(host, target.pid):
        return Problem(
            what=f"py-spy may not read process {target.pid}.",
            why="That needs CAP_SYS_PTRACE, or a process of our own user with kernel.yama.ptrace_scope at 0.",
            next_step="Run perfdoctor as root, or as the user of that process with: sysctl kernel.yama.ptrace_scope=0",
        )
    return None


async def trace_cpu(
    host: Host, target: Target, *, seconds: float, hz: int, progress: Progress, gil: bool = False
) -> Measured[CpuProfile]:
    """Samples of the Python threads that were on a core, ``hz`` times a second, by line of Python.

    ``gil``: of the threads that held the interpreter lock instead.

    The target is not stopped: py-spy reads its memory. Ends early, marked partial, when the target exits. OSError with
    py-spy's words when it cannot begin, ProblemError when it hands back nothing."""
    watch = CpuWatch(host, target)
    said = bytearray()
    with TemporaryDirectory(prefix="perfdoctor-") as folder:
        output = f"{folder}/stacks"
        asked = command.record(target.pid, hz, output, children=target.children, gil=gil)
        async with host.run(asked, extra_environment=command.ENVIRONMENT) as program:

            async def attached() -> bool:
                sampling = _SAMPLING in said
                if sampling:
                    await to_thread.run_sync(watch.begin)
                return sampling

            def hear(chunk: bytes) -> None:
                said.extend(chunk[: _MOST_SAID - len(said)])

            def tell(elapsed: float) -> None:
                watch.look_at(elapsed)
                doing = f"is sampling; the target used {watch.seconds:.2f} s of CPU so far" if elapsed else "attaches"
                progress(elapsed, f"py-spy {doing}")

            went = await follow(program, hear, seconds=seconds, attached=attached, tell=tell)
        reader = RawReader()
        written = False
        with contextlib.suppress(FileNotFoundError):
            reader.feed(await to_thread.run_sync(host.read_file, output))
            written = True
    reader.close()
    if not written or (not reader.samples and reader.not_understood):
        raise ProblemError(
            "py-spy did not sample the target.",
            f"It said: {went.errors}",
            "Check with proc-find that the process still runs, or use backend bpf or perf.",
        )
    return _profile(target, reader, watch, went, hz=hz, said=said.decode("utf-8", "replace"))


def _profile(
    target: Target, reader: RawReader, watch: CpuWatch, went: Followed, *, hz: int, said: str
) -> Measured[CpuProfile]:
    samples: Counter[Sample] = Counter()
    per_process: dict[int, int] = defaultdict(int)
    missing = 0
    for sample, taken in reader.samples.items():
        pid = target.pid if sample.pid is None else sample.pid
        samples[sample._replace(pid=pid)] += taken
        per_process[pid] += taken
        missing += 0 if sample.places else taken
    cpu_seconds, weight = share_out(per_process, watch, hz)
    rows = [
        CpuRow(
            pid=sample.pid,
            thread=clean(sample.thread, 32),
            stack=tuple(map(_frame, sample.places)),
            samples=taken,
            seconds=taken * weight[sample.pid],
        )
        for sample, taken in samples.items()
        if sample.pid is not None and taken
    ]
    rows.sort(key=lambda row: (-row.seconds, row.pid, row.thread))
    total = sum(per_process.values())
    failed = _ERRORS.search(said)
    warnings = []
    if _BEHIND in said + went.errors:
        warnings.append("py-spy could not keep up with the rate: the samples are fewer than asked")
    collection = Collection(
        backend=NAME,
        exact=False,
        lost=int(failed[1]) if failed else 0,
        missing_stacks=missing,
        not_understood=reader.not_understood,
        lacks=("native frames", "kernel frames", "waiting time", "children that are not Python"),
        cost=TargetCost(kind="reads"),
        warnings=tuple(warnings),
    )
    partial = "the target ended" if went.by_itself or watch.ended else None
    return Measured(
        CpuProfile(rows=tuple(rows), hz=hz, samples=total, cpu_seconds=cpu_seconds, sampled_seconds=total / hz),
        collection,
        Window(started=went.started, seconds=went.seconds, partial=partial),
    )


def _frame(place: Place) -> Frame:
    return Frame(kind=FrameKind.PYTHON, function=clean(place.function), file=clean(place.file), line=place.line or None)
