"""What came of all walks, as tables."""

from collections.abc import Callable, Iterable, Sequence

from loop_outcome import Outcome
from loop_programs import BAD_FIXES, PROGRAMS, BadFix, Program
from loop_walk import SETTLE, STOPWATCH_SECONDS
from machine import machine
from stopwatch import Interval, Timed

Figure = Callable[[Outcome], Interval | None]
Pair = tuple[Interval | None, Interval | None]
FIGURES: tuple[tuple[str, Figure, Figure], ...] = (
    ("CPU time per unit", lambda one: one.cost, lambda one: one.timed_cost),
    ("units a second", lambda one: one.rate, lambda one: one.timed_rate),
)


def report(outcomes: Sequence[Outcome]) -> list[str]:
    good = [(p, one) for p in PROGRAMS for one in outcomes if (one.source, one.what) == (p.source, Outcome.PREPARED)]
    bad = [(f, one) for f in BAD_FIXES for one in outcomes if (one.source, one.what) == (f.program.source, f.what)]
    both = [one for _, one in [*good, *bad]]
    fixed = [one for _, one in good]
    declared = [one for one in fixed if one.of_workload]
    found = [one for one in fixed if one.pattern]
    timed = max((len(one.before) for one in both), default=0)
    runs = sorted({len(one.sets["before"].split(", ")) for one in both if one.sets})
    ends = sum(len(one.dead_ends) for one in both)
    return [
        "# Does the loop hold, and is its proof true?",
        "",
        f"{machine()}, its cores shared with other work; made by `python bench/loop.py`.",
        f"Compare had {' or '.join(map(str, runs))} windows on each side, each of another run; the stopwatch {timed} "
        "other runs of "
        f"{STOPWATCH_SECONDS:g} s on each side,",
        f"without perfdoctor, between them; all in turns (A B B A), each after {SETTLE:g} s of warm-up. Each program "
        "is given its next unit of work",
        "as soon as it takes one (async_lookup.py has clients of its own): what it does a second is what it can do.",
        "",
        f"- The planted pattern was found in {len(found)} of {len(good)} programs, as the first finding in "
        f"{sum(one.rank == 1 for one in found)}, at a marked line in {sum(one.at_its_line for one in found)}.",
        f"- After the fix it was gone in {sum(one.finding == 'gone' for one in fixed)} of {len(good)}, and the verdict "
        f"was improved in {sum(one.verdict == 'improved' for one in fixed)} "
        f"(by one window on each side alone: in {sum(one.first_verdict == 'improved' for one in fixed)}).",
        _agreement("the size of the fix (CPU time per unit; units a second of what waits)", map(_size, good)),
        *(_agreement(name, [(ours(one), theirs(one)) for one in fixed]) for name, ours, theirs in FIGURES),
        _of_workloads(declared),
        f"- The verdict was right on {sum(is_right(fix, one) for fix, one in bad)} of {len(bad)} fixes that are none.",
        f"- Steps that no `next` led to: {ends} of {sum(one.calls for one in both)} calls.",
        "",
        "## Programs and their prepared fixes",
        "",
        "Changes are factors, after by before, with 95 % bounds. CPU time per unit is what compare judges. Agree: the",
        "intervals overlap; (in): compare's own figure lies within the stopwatch's interval too.",
        "",
        "| program | language | planted, found | finding after | verdict (one window each) | unit | "
        + " | ".join(f"{name}, compare | {name}, stopwatch | agree" for name, _, _ in FIGURES)
        + " | dead ends | calls | seconds |",
        f"|{'---|' * 15}",
        *(row(program, one) for program, one in good),
        "",
        "## The same as a declared workload",
        "",
        "| program | verdict of workload-run | compare of its recordings | wall time per unit | stopwatch | agree |",
        f"|{'---|' * 6}",
        *(_declared_row(one) for one in declared),
        "",
        "## Fixes that are none",
        "",
        "| program | the fix | allowed | verdict (one window each) | right | side effects named | finding after | "
        "CPU time per unit, compare | CPU time per unit, stopwatch | agree | dead ends | calls | seconds |",
        f"|{'---|' * 13}",
        *(bad_row(fix, one) for fix, one in bad),
        "",
        "## What compare said",
        "",
        *(f"- {_who(one)}: {one.sets['summary']}" for one in both if one.sets),
        "",
        "## Under the stopwatch, run by run",
        "",
        "Units a second, and CPU microseconds of each.",
        "",
        *(f"- {_who(one)}: {_runs(one.before)} before; {_runs(one.after)} after" for one in both),
        *_failures(both),
    ]


def _of_workloads(declared: Sequence[Outcome]) -> str:
    told = [_agree(one.wall, _slowness(one)) for one in declared]
    by_run = sum(_said(one.by_workload) == "improved" for one in declared)
    by_compare = sum(_said(one.of_workload) == "improved" for one in declared)
    overlap, within = sum(one.startswith("yes") for one in told), sum(one.endswith("(in)") for one in told)
    return (
        f"- Of {len(declared)} that are declared workloads too, workload-run said improved of {by_run}, compare of its "
        f"recordings of {by_compare}; its interval of the wall time per unit and the stopwatch's overlap in {overlap}, "
        f"its own figure lies within in {within}."
    )


def is_right(fix: BadFix, outcome: Outcome) -> bool:
    named = not fix.named or any(fix.named in effect for effect in outcome.effects)
    return outcome.verdict in fix.allowed and named


def row(program: Program, one: Outcome) -> str:
    where = "" if not one.rank else f", {'first' if one.rank == 1 else f'as number {one.rank}'}"
    line = "" if not one.rank else ", at its line" if one.at_its_line else ", at another line"
    return _cells(
        one.source,
        program.language,
        f"{program.pattern}: {'yes' if one.pattern else 'NO'}{where}{line}",
        one.finding,
        f"{one.verdict} ({one.first_verdict})",
        one.per,
        *(cell for _, ours, theirs in FIGURES for cell in _pair(ours(one), theirs(one))),
        str(len(one.dead_ends)),
        str(one.calls),
        f"{one.seconds:.0f}",
    )


def bad_row(fix: BadFix, one: Outcome) -> str:
    return _cells(
        one.source,
        fix.what,
        " or ".join(fix.allowed) + (f", {fix.named} named" if fix.named else ""),
        f"{one.verdict} ({one.first_verdict})",
        "yes" if is_right(fix, one) else "NO",
        "; ".join(one.effects) or "none",
        one.finding,
        *_pair(one.cost, one.timed_cost),
        str(len(one.dead_ends)),
        str(one.calls),
        f"{one.seconds:.0f}",
    )


def _declared_row(one: Outcome) -> str:
    return _cells(
        one.source,
        _said(one.by_workload),
        _said(one.of_workload),
        *_pair(one.wall, _slowness(one)),
    )


def _slowness(one: Outcome) -> Interval | None:
    """The time from one unit to the next, by the stopwatch."""
    rate = one.timed_rate
    return Interval(1 / rate.factor, 1 / rate.high, 1 / rate.low) if rate else None


def _said(answer: dict[str, object] | None) -> str:
    """The verdict, which workload-run has within its comparison."""
    if answer is None:
        return "none"
    verdict = answer.get("verdict")
    inner = answer.get("comparison")
    return str(verdict or (inner["verdict"] if isinstance(inner, dict) else "none"))


def _size(walk: tuple[Program, Outcome]) -> Pair:
    """What the fix gained, by compare and by the stopwatch: less CPU time per unit, or, of what waits, more units."""
    program, one = walk
    return (one.cost, one.timed_cost) if program.computes else (one.rate, one.timed_rate)


def _agreement(name: str, pairs: Iterable[Pair]) -> str:
    pairs = list(pairs)
    told = [_agree(*pair) for pair in pairs]
    overlapping, within = sum(one.startswith("yes") for one in told), sum(one.endswith("(in)") for one in told)
    held = sum(ours.holds(theirs.factor) for ours, theirs in pairs if ours and theirs)
    return (
        f"- {name[0].upper()}{name[1:]}: the intervals of compare and of the stopwatch overlap in {overlapping} of "
        f"{len(told)}; compare's own figure lies within the stopwatch's interval in {within}, the stopwatch's within "
        f"compare's in {held}. (Of two measures as sure as each other, one lies in the other's interval in five of six "
        "cases.)"
    )


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _pair(ours: Interval | None, theirs: Interval | None) -> tuple[str, str, str]:
    return _cell(ours), _cell(theirs), _agree(ours, theirs)


def _cell(interval: Interval | None) -> str:
    return str(interval) if interval else "none"


def _agree(ours: Interval | None, theirs: Interval | None) -> str:
    if ours is None or theirs is None:
        return "-"
    overlap = "yes" if ours.overlaps(theirs) else "NO"
    return overlap + (" (in)" if theirs.holds(ours.factor) else "")


def _who(one: Outcome) -> str:
    return f"{one.source}, {one.what}"


def _runs(runs: Sequence[Timed]) -> str:
    return ", ".join(f"{run.rate:,.4g} ({1e6 * run.cost:,.4g})" for run in runs) or "none"


def _failures(outcomes: Sequence[Outcome]) -> list[str]:
    failed = [f"- {_who(one)}: {one.failed}" for one in outcomes if one.failed]
    ends = [f"- {_who(one)}: {end}" for one in outcomes for end in one.dead_ends]
    return [
        *(["", "## Ended early", "", *failed] if failed else []),
        *(["", "## Dead ends", "", *ends] if ends else []),
    ]
