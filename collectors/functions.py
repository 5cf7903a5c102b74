"""How often is a function called, from where, how long does it take, and with what sizes?"""

from collections import defaultdict
from contextlib import suppress

from anyio import to_thread

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.functions import MOST_EVENTS, MOST_SHARE, NS_PER_EVENT, VALUES, FunctionsPart
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.backends.ltrace import backend as ltrace
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.runtimes.functions import find_functions, must_be_a_name, near_names
from perfdoctor.collectors.text import clean, quoted
from perfdoctor.collectors.window import by_engine as by_engine_window
from perfdoctor.schemas.cpu import CpuProfile
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.functions import FunctionKind, FunctionProfile, FunctionRow
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost
from perfdoctor.schemas.target import Target

BACKENDS = (bpf.NAME, ltrace.NAME)
_HZ = 499
_SAMPLED = ("the number of calls, and how long one takes: no probe sees a Python function",)


async def measure(
    host: Host,
    target: Target,
    *,
    seconds: float,
    function: str,
    value: str | None = None,
    backend: str = "auto",
    progress: Progress = silent,
    most_events: int = MOST_EVENTS,
    most_share: float = MOST_SHARE,
) -> Evidence:
    """Every call of a native function for ``seconds``, by caller, with its latency; ``value`` (arg0 to arg3, return)
    adds the distribution of that number. A Python function's time is estimated from samples. The evidence has
    ``functions``.

    Probes cost about 4.5 µs at each entry and return; ``most_events`` of them, or more than ``most_share`` of a core,
    end the window early, marked partial. ProblemError for a name that nothing has, with names that are near."""
    must_be_asked_well(BACKENDS, backend, seconds)
    must_be_a_name(function)
    if value is not None and value not in VALUES:
        raise ProblemError(
            f"There is no value '{clean(value, 40)}' of a call.",
            f"It is one of {', '.join(VALUES)}.",
            "Leave value out, or name one of these.",
        )
    try:
        places = await to_thread.run_sync(find_functions, host, target.pid, function)
    except OSError as error:
        raise ProblemError(
            f"The files of process {target.pid} cannot be read.",
            f"{error.strerror or error}.",
            "Check with proc-find that it still runs; root may look into every process.",
        ) from error
    if not places:
        return await _of_python(host, target, function, seconds=seconds, backend=backend, progress=progress)

    async def by_probes() -> Evidence:
        part = FunctionsPart(host, function, value, most_events=most_events, most_share=most_share)
        wanted = Wanted(calls=False, part=part)
        found = await by_engine_window(host, target, seconds=seconds, wanted=wanted, memory=False, progress=progress)
        how = _how_probed(found.collections["threads"], part)
        return found.model_copy(update={"collections": {**found.collections, "functions": how}})

    async def by_ltrace() -> Evidence:
        found = await ltrace.count_calls(host, target, places, seconds=seconds, asked=function, progress=progress)
        return Evidence(
            target=target,
            window=found.window,
            collections={"functions": found.collection},
            functions=found.profile,
        )

    rungs = (Rung(bpf.NAME, bpf.unavailable, by_probes), Rung(ltrace.NAME, ltrace.unavailable, by_ltrace))
    return await climb(host, target, backend, rungs)


def _how_probed(engine: Collection, part: FunctionsPart) -> Collection:
    warnings = [
        *engine.warnings,
        *(f"process {pid} is not probed: {why}" for pid, why in list(part.without.items())[:4]),
    ]
    if part.tallies["deep"]:
        warnings.append(f"{part.tallies['deep']:,} calls were too deep in others to be timed: they are counted")
    lacks = list(engine.lacks)
    unsafe = [place.name for place in part.places if not place.returns]
    if unsafe:
        lacks.append(f"the time of {', '.join(sorted(set(unsafe))[:4])}: its return cannot be probed safely")
    lacks.append("calls that the compiler inlined")
    events = engine.cost.events + part.tallies["events"]
    seconds = engine.cost.estimated_seconds + part.tallies["events"] * NS_PER_EVENT * 1e-9
    return engine.model_copy(
        update={
            "exact": engine.exact and not part.missed and not part.without,
            "lost": engine.lost + part.missed,
            "lacks": tuple(lacks),
            "warnings": tuple(warnings),
            "cost": TargetCost(kind="perturbs", events=events, estimated_seconds=seconds),
        }
    )


# ---- Python's own functions: samples --------------------------------------------------------------------------------


async def _of_python(
    host: Host, target: Target, function: str, *, seconds: float, backend: str, progress: Progress
) -> Evidence:
    if not target.runtime.startswith("python") or backend not in ("auto", bpf.NAME):
        raise await to_thread.run_sync(_unknown, host, target, function)
    refusal = bpf.unavailable(host, target)
    if refusal is not None:
        raise ProblemError(refusal.what, refusal.why, refusal.next_step)
    wanted = Wanted(calls=True, hz=_HZ)
    found = await by_engine_window(host, target, seconds=seconds, wanted=wanted, memory=False, progress=progress)
    rows = _sampled(found, function)
    if not rows:
        raise await to_thread.run_sync(_unknown, host, target, function, found)
    how = found.collections["cpu"].model_copy(
        update={"exact": False, "lacks": (*found.collections["cpu"].lacks, *_SAMPLED)}
    )
    names = sorted({f"{row.function} of {row.module}" for row in rows})
    profile = FunctionProfile(kind=FunctionKind.PYTHON, asked=function, functions=tuple(names[:32]), rows=rows)
    return found.model_copy(update={"functions": profile, "collections": {**found.collections, "functions": how}})


def _means(frame: Frame, asked: str) -> bool:
    """``total``, ``Cart.total``, or ``shop.cart.Cart.total`` with the module as its file says it."""
    if frame.kind is not FrameKind.PYTHON:
        return False
    name = frame.function.replace("<locals>.", "")
    module = (frame.file or "").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return f".{module}.{name}".endswith("." + asked.strip())


def _sampled(found: Evidence, asked: str) -> tuple[FunctionRow, ...]:
    """Inclusive: the function anywhere on the stack, once per sample; by its callers."""
    sums: defaultdict[tuple[int, str, str, Stack], list[float]] = defaultdict(lambda: [0.0, 0.0, 0])

    def charge(pid: int, stack: Stack, cpu: float, wait: float, samples: int) -> None:
        outermost = max((i for i, frame in enumerate(stack) if _means(frame, asked)), default=None)
        if outermost is not None:
            frame = stack[outermost]
            total = sums[pid, frame.function, frame.file or "", stack[outermost + 1 :]]
            total[0], total[1], total[2] = total[0] + cpu, total[1] + wait, total[2] + samples

    for sample in (found.cpu or CpuProfile()).rows:
        charge(sample.pid, sample.stack, sample.seconds, 0.0, sample.samples)
    for call in found.syscalls.rows if found.syscalls else ():
        charge(call.pid, call.stack, 0.0, call.blocked_seconds, 0)
    for wait in found.waits or ():
        charge(wait.pid, wait.stack, 0.0, wait.seconds, 0)
    rows = [
        FunctionRow(
            pid=pid, function=name, module=file, stack=stack, cpu_seconds=cpu, wait_seconds=wait, samples=int(samples)
        )
        for (pid, name, file, stack), (cpu, wait, samples) in sums.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.cpu_seconds - row.wait_seconds, row.function, str(row.stack))))


def _unknown(host: Host, target: Target, function: str, found: Evidence | None = None) -> ProblemError:
    near: list[str] = []
    if found is not None and found.cpu is not None:
        wanted = function.rpartition(".")[2].lower()
        seen = {f.function for row in found.cpu.rows for f in row.stack if f.kind is FrameKind.PYTHON}
        near += sorted((name for name in seen if wanted in name.lower()), key=len)[:3]
    with suppress(OSError):  # (it has ended meanwhile)
        near += near_names(host, target.pid, function)
    shown = ", ".join(quoted(name, 80) for name in dict.fromkeys(near))
    why = "No symbol of the program or its libraries has that name: it may be inlined, static, or stripped away."
    if found is not None:
        why = (
            f"{why} It was on none of {found.cpu.samples if found.cpu else 0} samples of Python's stacks either: it "
            "may be too quick, or was not called."
        )
    step = f"Names like it: {shown}." if shown else "Ask trace-cpu which functions run, and give one of those."
    return ProblemError(f"There is no function {quoted(function, 80)} in process {target.pid}.", why, step)
