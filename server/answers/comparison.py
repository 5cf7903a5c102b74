"""Did it help: a comparison, cut to what fits, and what to do next."""

from collections.abc import Sequence
from math import ceil

from perfdoctor.schemas.comparison import CompareAnswer, Comparison, MetricChange, Verdict
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.recording import NextCall
from perfdoctor.server.answers.place import Cut

RUNS, MOST_RUNS = 5, 50
"""of each side: so many at least can show a difference, and so many at most can be compared"""
WORKLOAD_RUNS = 6
SMALL = 0.1
"""the change that a measurement should be able to show"""
_LONGEST = 30.0
"""seconds of a window that is asked for"""
Windows = Sequence[Evidence]


def compare_answer(
    before: Sequence[str],
    after: Sequence[str],
    sides: tuple[Windows, Windows],
    change: Comparison,
    *,
    rows: int,
    frames: int,
    undo: str | None = None,
) -> CompareAnswer:
    """``before`` and ``after`` are the recordings' ids, ``sides`` what they hold. ``undo``: the change of code that is
    being judged, where it was made by code-edit and can be taken back."""
    cut = Cut(frames, sides[1][-1].user_roots)
    stacks = tuple(s.model_copy(update={"stack": cut.of(s.stack)}) for s in change.stacks[:rows])
    shown = change.model_copy(update={"stacks": stacks})
    return CompareAnswer(
        before=", ".join(before),
        after=", ".join(after),
        verdict=change.verdict,
        summary=change.why,
        comparison=shown,
        omitted_stacks=len(change.stacks) - len(stacks),
        next=_next(before[-1], after[-1], sides, change, undo),
    )


def _next(
    before: str, after: str, sides: tuple[Windows, Windows], change: Comparison, undo: str | None
) -> tuple[NextCall, ...]:
    back: tuple[NextCall, ...] = ()
    if undo is not None:
        why = "take the change back, if it is not worth its price"
        if change.verdict in (Verdict.REGRESSED, Verdict.UNCHANGED):
            why = "take the change back: it did not help"
        back = (NextCall(tool="code-edit", arguments={"undo": undo}, why=why),)
    if change.verdict is Verdict.IMPROVED:
        return (NextCall(tool="diagnose", arguments={"recording": after}, why="see what is left to fix"),)
    if change.verdict is Verdict.REGRESSED:
        return *back, NextCall(tool="diagnose", arguments={"recording": after}, why="see what got worse")
    if change.verdict is Verdict.UNCHANGED:
        return *back, NextCall(tool="diagnose", arguments={"recording": before}, why="see again what the cause was")
    if _is_a_trade(change):
        why = "something got better and something worse: more measuring changes nothing in that; see what it costs now"
        return NextCall(tool="diagnose", arguments={"recording": after}, why=why), *back
    return _measure_again(sides, change), *back


def _is_a_trade(change: Comparison) -> bool:
    """Whether it is known well enough what happened, and only not whether that is good."""
    judged = [metric for metric in change.metrics if metric.better is not None]
    return bool(judged) or {"gone", "new"} <= {finding.change for finding in change.findings}


def _measure_again(sides: tuple[Windows, Windows], change: Comparison) -> NextCall:
    """What would decide it. The processes of the recordings may have ended: they are looked for anew."""
    old, new = sides
    runs = min(len({(one.target.pids, one.target.start_time) for one in side}) for side in sides)
    detectable, wanted = _sight(change)
    if runs < RUNS:
        needed, seconds = RUNS, min(_LONGEST, _longest(new))
        why = f"{RUNS} runs on each side, restarted each time, tell small changes from chance"
    else:
        # (what can be told shrinks with the root of the number of runs)
        factor = (detectable / wanted) ** 2 if detectable else 2.0
        needed = min(MOST_RUNS, max(runs + 1, ceil(runs * factor)))
        seconds = min(_LONGEST, 2 * _longest(new))
        longer = f", or windows of {seconds:.0f} s," if seconds > _longest(new) else ""
        why = f"about {needed} runs on each side{longer} would show a change by {wanted:.0%}"
    ran = old[-1].run, new[-1].run
    if ran[0] and ran[1]:
        arguments: dict[str, object] = {"name": ran[0].workload, "trace": ran[1].trace.value}
        if ran[0].variant:
            arguments["variant"] = ran[0].variant
        if ran[0].name != ran[1].name:
            arguments["against"] = ran[1].name
        arguments["repeats"] = max(WORKLOAD_RUNS, needed)
        return NextCall(tool="workload-run", arguments=arguments, why=f"{why}; it takes turns (A B B A) by itself")
    return NextCall(
        tool="proc-find",
        arguments={"query": new[-1].target.name},
        why=f"{why}: under the same load, old code and new in turns (A B B A), each restarted and measured by the same "
        f"tool for {seconds:.0f} s; then compare with all recordings of both sides",
    )


def _longest(side: Windows) -> float:
    return max(one.window.seconds for one in side)


def _sight(change: Comparison) -> tuple[float | None, float]:
    """What part of its cost a change must have had to be seen, and the part that should be seen: a tenth, or what it
    seems to be."""
    judged = next((m for m in change.metrics if m.detectable is not None and m.before > 0), None)
    if judged is None:
        return None, SMALL
    assert judged.detectable is not None
    return judged.detectable / judged.before, max(SMALL, _part(judged))


def _part(metric: MetricChange) -> float:
    return abs(metric.after - metric.before) / metric.before
