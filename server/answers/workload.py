"""Runs of a workload: what each figure was, whether two variants differ, and what to ask next."""

from perfdoctor.collectors.workloads.declared import Declared
from perfdoctor.diagnosis.runs import compare_runs, spreads
from perfdoctor.schemas.recording import NextCall
from perfdoctor.schemas.runs import RunRow, RunsComparison, WorkloadAnswer
from perfdoctor.schemas.workload import Run, Trace
from perfdoctor.server.formatters.words import quantity
from perfdoctor.server.series import Kept

_COST_TOLD = 0.01
"""of the CPU time of a run, from which on it is said what the engine took of it"""


def workload_answer(sides: tuple[Declared, ...], kept: dict[str, list[Kept]], *, rows: int) -> WorkloadAnswer:
    runs = {title: [one.run for one in of] for title, of in kept.items()}
    metrics = {name: metric for side in sides for name, metric in side.workload.metrics.items()}
    higher = frozenset(name for name, metric in metrics.items() if metric.better == "higher")
    units = {name: metric.unit for name, metric in metrics.items()}
    comparison = None
    if len(sides) == 2:
        before, after = (runs[side.title] for side in sides)
        comparison = compare_runs(before, after, units, higher)
    turns = sorted((one for of in kept.values() for one in of), key=lambda one: one.run.repeat)
    shown = tuple(_row(one) for one in turns[:rows])
    return WorkloadAnswer(
        summary=_summary(runs, comparison),
        figures=tuple(spread for of in runs.values() for spread in spreads(of, units)),
        comparison=comparison,
        runs=shown,
        omitted_runs=len(turns) - len(shown),
        recordings={title: tuple(one.identity for one in of) for title, of in kept.items()},
        notes=_notes(turns),
        next=_next(sides, kept),
    )


def _row(one: Kept) -> RunRow:
    run = one.run
    return RunRow(
        recording=one.identity,
        workload=run.name,
        seconds=run.seconds,
        user_seconds=run.user_seconds,
        system_seconds=run.system_seconds,
        peak_bytes=run.peak_bytes,
        syscalls=run.syscalls,
        units=run.units,
        metrics=run.metrics,
        ended=run.ended,
    )


def _summary(runs: dict[str, list[Run]], comparison: RunsComparison | None) -> str:
    if comparison is not None:
        return f"{comparison.after} against {comparison.before}: {comparison.verdict}. {comparison.why}"
    ((title, of),) = runs.items()
    first, cpu = spreads(of, {})[:2]
    bounds = ""
    if first.low is not None and first.high is not None:
        bounds = f" ({quantity(first.low, 's')} to {quantity(first.high, 's')} at 95 %)"
    return (
        f"{title}, {len(of)} runs: {first.figure} {quantity(first.median, 's')}{bounds}, "
        f"{cpu.figure} {quantity(cpu.median, 's')}, medians."
    )


def _notes(turns: list[Kept]) -> tuple[str, ...]:
    notes: dict[str, int] = {}
    for one in turns:
        for note in (*one.run.notes, *(f"its output did not have the metric {name}" for name in one.run.missing)):
            notes[note] = notes.get(note, 0) + 1
    told = [note if times == len(turns) else f"{note} ({times} of {len(turns)} runs)" for note, times in notes.items()]
    shares = [
        one.cost.estimated_seconds / cpu for one in turns if (cpu := one.run.user_seconds + one.run.system_seconds) > 0
    ]
    if shares and max(shares) >= _COST_TOLD:
        told.append(f"the engine took about {max(shares):.0%} of the CPU time of a run: trace=none measures without it")
    return tuple(told)


def _next(sides: tuple[Declared, ...], kept: dict[str, list[Kept]]) -> tuple[NextCall, ...]:
    last = kept[sides[-1].title][-1]
    if last.run.trace is Trace.DIAGNOSE:
        why = "what costs it, and at which line"
        after = NextCall(tool="diagnose", arguments={"recording": last.identity}, why=why)
        if len(sides) == 1:
            return (after,)
        pair = [[one.identity for one in kept[side.title]] for side in sides]
        found = NextCall(
            tool="compare",
            arguments={"before": pair[0], "after": pair[1]},
            why="which findings are gone, and which stacks changed",
        )
        return found, after
    again: dict[str, object] = {"name": sides[-1].name, "repeats": 1, "trace": Trace.DIAGNOSE.value}
    if sides[-1].variant:
        again["variant"] = sides[-1].variant
    return (NextCall(tool="workload-run", arguments=again, why="record where its time goes, for diagnose"),)
