"""Did it help?"""

from collections import defaultdict
from collections.abc import Sequence

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.figures import basis_of, figures
from perfdoctor.diagnosis.matching import matched
from perfdoctor.diagnosis.measures import busy, cpu, engine
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.side import Side
from perfdoctor.diagnosis.side_effects import side_effects
from perfdoctor.diagnosis.user_code import basename
from perfdoctor.diagnosis.verdict import by_findings, by_unit, weighed
from perfdoctor.diagnosis.work import too_few, unit_of
from perfdoctor.schemas.comparison import Basis, Comparison, StackChange, Verdict
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack

_STACKS = 10
_TAKEN_TOLD = 0.02


def compare(before: Evidence | Sequence[Evidence], after: Evidence | Sequence[Evidence]) -> Comparison:
    """Hold two windows against each other, or two sets of windows; ``verdict.py`` says what counts as an answer.
    ValueError for an empty set."""
    sides = old, new = _side(before), _side(after)
    pairs = matched(old.findings, new.findings)
    unit = unit_of(old, new)
    metrics = tuple(figures(old, new, unit))
    effects = side_effects(old, new, metrics)
    idle = next((name for name, side in (("first", old), ("second", new)) if side.total(_activity) <= 0), None)
    if idle:
        verdict, why = Verdict.INCONCLUSIVE, f"The {idle} window shows no work at all: there is nothing to compare."
    elif unit:
        verdict, why = weighed(*by_unit(unit.name, metrics, pairs), effects)
    else:
        verdict, why = weighed(*by_findings(sides, pairs), effects)
        if verdict is Verdict.UNCHANGED and (few := too_few(old, new)):
            verdict = Verdict.INCONCLUSIVE
            why = f"Too little work to tell what a piece of it costs: {few}. Measure for longer, or under more load."
    return Comparison(
        verdict=verdict,
        why=why[0].upper() + why[1:] if unit else why,
        per=unit.name if unit else "second",
        method=_method(old, new, basis_of(metrics)) + (_taken_off(old, new) if unit else ""),
        side_effects=tuple(effect.told for effect in effects),
        metrics=metrics,
        findings=tuple(pair.change() for pair in pairs),
        stacks=tuple(_stacks(old, new)),
    )


def _side(windows: Evidence | Sequence[Evidence]) -> Side:
    side = Side((windows,) if isinstance(windows, Evidence) else windows)
    if not side.accounts:
        raise ValueError("a side of a comparison has at least one window")
    return side


def _activity(account: Account) -> float:
    return cpu(account) + busy(account)


def _method(old: Side, new: Side, basis: Basis) -> str:
    """By which statistics, in a sentence."""
    windows = " and ".join(_counted(side) for side in (old, new))
    if basis is Basis.RUNS:
        return f"exact rank test of the runs ({windows}); a difference counts at 1 %, intervals are of 95 %"
    if basis is Basis.BLOCKS:
        return (
            f"studentised bootstrap on blocks of time within the windows ({windows}); a difference counts at 1 % and "
            "beyond what restarts of one program make, intervals are of 95 %"
        )
    if basis is Basis.COUNTS:
        return f"counts taken to come at random and in bursts ({windows}): no reading over the window's time was kept"
    return f"the findings alone ({windows})"


def _taken_off(old: Side, new: Side) -> str:
    """What measuring itself took of the time per unit, where that is worth a word."""
    shares = [side.total(engine) / side.total(cpu) if side.total(cpu) > 0 else 0.0 for side in (old, new)]
    if max(shares) < _TAKEN_TOLD:
        return ""
    before, after = (f"{share:.0%}" for share in shares)
    return f"; what measuring took (about {before} of the CPU time before, {after} after) is not in the time per unit"


def _counted(side: Side) -> str:
    windows, runs = len(side.accounts), len(side.runs)
    if windows == 1:
        return "1 window"
    return f"{windows} windows of {runs} run{'s' if runs > 1 else ''}"


# -- stacks --------------------------------------------------------------------------------------------------------


def _stacks(old: Side, new: Side) -> list[StackChange]:
    """The lines that gained or lost most, in seconds per second of window, each with its heaviest stack."""
    gathered: list[dict[tuple[str, Place | None], float]] = []
    top: dict[tuple[str, Place | None], tuple[float, Stack]] = {}
    for side in (old, new):
        at: dict[tuple[str, Place | None], float] = defaultdict(float)
        for account in side.accounts:
            pairs = [("CPU", row.stack, row.seconds) for row in account.samples]
            pairs += [(f"asleep in {row.syscall}", row.stack, row.blocked_seconds) for row in account.calls]
            for what, stack, seconds in pairs:
                place = account.place(stack)
                # Without its line, so that one that moved is still the same.
                key = (what, Place(basename(place.file), place.function, None) if place else None)
                at[key] += seconds / side.seconds
                if key not in top or seconds > top[key][0]:
                    top[key] = (seconds, stack)
        gathered.append(at)
    one, two = gathered
    changes = [
        StackChange(stack=top[key][1], what=key[0], before=one.get(key, 0.0), after=two.get(key, 0.0))
        for key in top
        if abs(two.get(key, 0.0) - one.get(key, 0.0)) > 0.01
    ]
    return sorted(changes, key=lambda change: -abs(change.after - change.before))[:_STACKS]
