"""Are the runs of one variant better than those of another, and how far do the runs of one scatter?"""

from collections.abc import Sequence
from math import comb
from statistics import median

from perfdoctor.diagnosis.ranks import outermost
from perfdoctor.diagnosis.samples import SURE, compare_samples
from perfdoctor.schemas.comparison import Verdict
from perfdoctor.schemas.runs import FigureChange, RunsComparison, Spread
from perfdoctor.schemas.workload import FOR_SO_LONG, Run

TIME, CPU, MEMORY = "wall time", "CPU time", "peak memory"
SMALLEST = 0.01
"""of the value before: where a program's code and its environment lie in memory moves its time by as much"""
SMALLEST_MEMORY = 0.05
"""of the value before: allocators take memory in large steps, and at another moment in each run"""
TELLING = 0.1
"""Runs that could not have shown a difference of a tenth do not say that there is none."""
_NO_UNIT = (
    "Both ran for as long as was asked, and nothing tells how much they did in that time: declare a unit of work or a "
    "metric, or a workload that ends when its work is done."
)
_Figures = dict[str, tuple[str, list[float], bool]]
"""by name: unit, values, whether higher is better"""


def spreads(runs: Sequence[Run], units: dict[str, str]) -> tuple[Spread, ...]:
    """The figures of runs of one workload, those that every run has; ``units`` are those of the declared metrics."""
    found = []
    for name, (unit, values, _) in _figures(runs, frozenset(), units).items():
        low, high = median_bounds(values) or (None, None)
        found.append(
            Spread(
                workload=runs[0].name,
                figure=name,
                unit=unit,
                median=median(values),
                low=low,
                high=high,
                values=len(values),
            )
        )
    return tuple(found)


def median_bounds(values: Sequence[float]) -> tuple[float, float] | None:
    """95 % bounds of the median, of any distribution: by the binomial distribution of how many values lie below it.
    None below six values, which cannot bound it."""
    ordered, n = sorted(values), len(values)
    outside, below = 0, 0.0
    while 2 * (below + comb(n, outside) / 2**n) <= 1 - 0.95:
        below += comb(n, outside) / 2**n
        outside += 1
    return (ordered[outside - 1], ordered[-outside]) if outside else None


def compare_runs(
    before: Sequence[Run], after: Sequence[Run], units: dict[str, str], higher: frozenset[str] = frozenset()
) -> RunsComparison:
    """``units`` are the units of the declared metrics, ``higher`` those of which more is better.

    Wall time, CPU time, peak memory and the declared metrics decide, each where the rank test finds it so sure that
    equal programs are called improved in at most one of 100 comparisons, all figures together."""
    one, two = _figures(before, higher, units), _figures(after, higher, units)
    both = [name for name in one if name in two]
    judged = (MEMORY,) if _only_so_long([*before, *after]) else (TIME, CPU, MEMORY)
    deciding = [name for name in both if name.split(" per ")[0] in judged or name in units]
    # Of equal programs a figure is better by chance in SURE / 2 of the comparisons, and worse in as many.
    sure = min(SURE, 2 * SURE / max(1, len(deciding)))
    changes = []
    for name in both:
        unit, old, up = one[name]
        change = compare_samples(old, two[name][1])
        least = (SMALLEST_MEMORY if name == MEMORY else SMALLEST) * abs(change.before)
        differs = change.p <= sure and abs(change.difference) >= least and change.difference != 0
        better = (change.difference > 0) == up if differs else None
        changes.append(FigureChange(**change.model_dump(), figure=name, unit=unit, better=better))
    verdict, why = _verdict(changes, deciding, outermost(len(before), len(after), sure) > 0)
    if _only_so_long([*before, *after]) and not any(
        change.better is not None and change.figure in units for change in changes
    ):
        verdict, why = Verdict.INCONCLUSIVE, _NO_UNIT
    return RunsComparison(before=before[0].name, after=after[0].name, verdict=verdict, why=why, changes=tuple(changes))


def _only_so_long(runs: Sequence[Run]) -> bool:
    """Whether all were looked at for a time that somebody chose, and none tells how much it did in it."""
    return all(run.ended.endswith(FOR_SO_LONG) and not run.units for run in runs)


def _verdict(changes: list[FigureChange], deciding: list[str], can_show: bool) -> tuple[Verdict, str]:
    judged = [change for change in changes if change.figure in deciding]
    main = [change for change in judged if change.figure != MEMORY]
    better, worse = [c for c in main if c.better], [c for c in main if c.better is False]
    memory = next((c for c in judged if c.figure == MEMORY and c.better is not None), None)
    beside = f", and {_told(memory)}" if memory else ""
    if memory and memory.better is not (bool(better) and not worse):
        beside = f", but {_told(memory)}"
    if better and worse:
        return Verdict.INCONCLUSIVE, f"{_told(better[0])}, but {_told(worse[0])}."
    if better:
        return Verdict.IMPROVED, f"{_told(better[0])}{beside}."
    if worse:
        return Verdict.REGRESSED, f"{_told(worse[0])}{beside}."
    if memory:
        return (Verdict.IMPROVED if memory.better else Verdict.REGRESSED), f"{_told(memory)}; no time changed."
    if not can_show:
        return Verdict.INCONCLUSIVE, "So few runs can show nothing, however different they are: ask for more repeats."
    time = next((c for c in main if c.figure.startswith(TIME)), main[0] if main else None)
    if time is None or time.detectable is None or time.before <= 0 or time.detectable > TELLING * time.before:
        seen = (
            f"below {time.detectable / time.before:.0%}" if time and time.detectable and time.before else "of any size"
        )
        return (
            Verdict.INCONCLUSIVE,
            f"No figure differs beyond chance, but a difference {seen} would not have been seen.",
        )
    return (
        Verdict.UNCHANGED,
        f"No figure differs beyond chance; of the {time.figure}, {time.detectable / time.before:.1%} would have shown.",
    )


def _told(change: FigureChange) -> str:
    word = "fell" if change.difference < 0 else "rose"
    share = f" by {abs(change.difference / change.before):.1%}" if change.before else ""
    return (
        f"{change.figure} {word}{share} ({_value(change.before, change.unit)} to {_value(change.after, change.unit)})"
    )


def _value(value: float, unit: str) -> str:
    if unit == "s":
        return f"{value:.3g} s" if value >= 1 else f"{1000 * value:.3g} ms"
    if unit == "bytes":
        return f"{value / (1 << 20):,.1f} MiB"
    return f"{value:,.4g} {unit}".rstrip()


def _figures(runs: Sequence[Run], higher: frozenset[str], units: dict[str, str]) -> _Figures:
    """What all of them have, per unit of work where they tell how many there were."""
    per = f" per {runs[0].unit}" if all(run.units for run in runs) else ""
    # (the rates themselves follow the load: they are told, and decide nothing)
    divisor = [run.units or 1.0 for run in runs] if per else [1.0] * len(runs)
    found: _Figures = {
        f"{TIME}{per}": ("s", [r.seconds / d for r, d in zip(runs, divisor, strict=True)], False),
        f"{CPU}{per}": (
            "s",
            [(r.user_seconds + r.system_seconds) / d for r, d in zip(runs, divisor, strict=True)],
            False,
        ),
        f"user time{per}": ("s", [r.user_seconds / d for r, d in zip(runs, divisor, strict=True)], False),
        f"system time{per}": ("s", [r.system_seconds / d for r, d in zip(runs, divisor, strict=True)], False),
    }
    peaks = [run.peak_bytes for run in runs if run.peak_bytes is not None]
    if len(peaks) == len(runs):
        found[MEMORY] = ("bytes", [float(peak) for peak in peaks], False)
    calls = [run.syscalls for run in runs if run.syscalls is not None]
    if len(calls) == len(runs):
        found[f"system calls{per}"] = ("", [c / d for c, d in zip(calls, divisor, strict=True)], False)
    ready = [run.ready_seconds for run in runs if run.ready_seconds is not None]
    if len(ready) == len(runs):
        found["time to ready"] = ("s", ready, False)
    if per:
        found[f"{runs[0].unit}s a second"] = ("1/s", [r.units / r.seconds for r in runs if r.units and r.seconds], True)
    for name in runs[0].metrics:
        values = [run.metrics[name] for run in runs if name in run.metrics]
        if len(values) == len(runs):
            found[name] = (units.get(name, ""), values, name in higher)
    return found
