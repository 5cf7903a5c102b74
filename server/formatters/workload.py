"""workload-run in few words."""

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.runs import FigureChange, Spread, WorkloadAnswer
from perfdoctor.server.formatters.words import count, follow, quantity, table

_BETTER = {True: "better", False: "worse", None: "no difference"}


def say(answer: WorkloadAnswer, *, runs: bool) -> str:
    lines = [f"**{answer.summary}**"]
    if answer.comparison is not None:
        head = ("figure", answer.comparison.before, answer.comparison.after, "95 % of the difference", "p", "")
        lines += table(head, [_change(change) for change in answer.comparison.changes])
    else:
        lines += table(("figure", "median", "95 %", "runs"), [_spread(spread) for spread in answer.figures])
    if runs:
        columns = ("recording", "workload", "wall", "user", "system", "peak", "system calls", "ended")
        rows = [
            (
                run.recording,
                run.workload,
                quantity(run.seconds, "s"),
                quantity(run.user_seconds, "s"),
                quantity(run.system_seconds, "s"),
                "?" if run.peak_bytes is None else quantity(run.peak_bytes, "bytes"),
                "?" if run.syscalls is None else count(run.syscalls),
                clean(run.ended, 60),
            )
            for run in answer.runs
        ]
        lines += table(columns, rows, answer.omitted_runs)
    lines += [f"- {clean(note, 300)}" for note in answer.notes]
    return "\n".join([*lines, *follow(answer.next)])


def _change(change: FigureChange) -> tuple[str, ...]:
    interval = "?"
    if change.low is not None and change.high is not None:
        interval = f"{quantity(change.low, change.unit)} to {quantity(change.high, change.unit)}"
    return (
        change.figure,
        quantity(change.before, change.unit),
        quantity(change.after, change.unit),
        interval,
        f"{change.p:.2g}",
        _BETTER[change.better],
    )


def _spread(spread: Spread) -> tuple[str, ...]:
    bounds = "?"
    if spread.low is not None and spread.high is not None:
        bounds = f"{quantity(spread.low, spread.unit)} to {quantity(spread.high, spread.unit)}"
    return spread.figure, quantity(spread.median, spread.unit), bounds, count(spread.values)
