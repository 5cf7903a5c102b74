"""Better, worse, the same, or nothing that can be said?

Two windows differ for three reasons: the code changed, the load changed, or chance. Only the first is an answer. And a
cost that only went elsewhere is not gone.
"""

from collections.abc import Sequence

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.matching import Pair
from perfdoctor.diagnosis.noise import COUNT_NOISE, TIME_NOISE, beyond
from perfdoctor.diagnosis.side import Side
from perfdoctor.diagnosis.side_effects import SideEffect, told
from perfdoctor.diagnosis.weight import percent, rate
from perfdoctor.schemas.comparison import Basis, MetricChange, Verdict
from perfdoctor.schemas.finding import Severity
from perfdoctor.schemas.ledger import State

WORK_GOES_ON = 0.6
"""The part of the rest of the work that must still be there, for a finding that is gone to mean more than less load."""
BLIND = 0.6
"""A comparison that would have missed a fall by more than half has seen nothing."""
DOUBTFUL = 0.15
"""Windows of single runs may differ by more without any change; but if there was one, they would look the same."""
Judgement = tuple[Verdict, str]


def by_unit(unit: str, metrics: tuple[MetricChange, ...], pairs: list[Pair]) -> Judgement:
    """A figure per unit of work is free of the load: it decides, and findings only where no figure does."""
    judged = [m for m in metrics if m.better is not None]
    # Time is what is felt; calls and bytes are means to it, and tip the scale only when no time moved.
    time = [m for m in judged if m.unit == "s"] or judged
    better, worse = [m for m in time if m.better], [m for m in time if m.better is False]
    gone, fresh = [p for p in pairs if p.grew_less_grave], [p for p in pairs if p.grew_grave]
    load = _load(metrics[0])
    if better and not worse and not fresh:
        also = f", and {gone[0].told()}" if gone else ""
        return Verdict.IMPROVED, f"{told(better[0])}{also}{load}."
    if worse and not better and not gone:
        also = f", and {fresh[0].told()}" if fresh else ""
        return Verdict.REGRESSED, f"{told(worse[0])}{also}{load}."
    if better:
        other = told(worse[0]) if worse else fresh[0].told()
        return Verdict.INCONCLUSIVE, f"{told(better[0])}, but {other}{load}."
    if worse:
        return Verdict.INCONCLUSIVE, f"{told(worse[0])}, but {gone[0].told()}{load}."
    if gone and fresh:
        return Verdict.INCONCLUSIVE, f"{gone[0].told()}, but {fresh[0].told()}; per {unit} nothing is beyond noise."
    if fresh:
        return Verdict.REGRESSED, f"{fresh[0].told()}, though no figure per {unit} is beyond noise yet{load}."
    costs = [m for m in metrics if m.unit == "s" and m.before > 0]
    if gone:
        if costs and all(_has_not_fallen(metric, gone[0]) for metric in costs):
            why = f"{gone[0].told()}, but {_stayed(costs[0])}: what it cost may now be spent elsewhere{load}."
            return Verdict.INCONCLUSIVE, why
        return Verdict.IMPROVED, f"{gone[0].told()}, though no figure per {unit} is beyond noise yet{load}."
    if wide := next((m for m in costs if _is_wide(m)), None):
        return Verdict.INCONCLUSIVE, f"Too little was seen to tell: {_blind(wide)}."
    if doubtful := next((m for m in costs if _is_doubtful(m)), None):
        why = (
            f"{told(doubtful)}, more than chance within these windows makes, but two runs of one program may differ so"
        )
        return Verdict.INCONCLUSIVE, f"{why}{load}. Five runs on each side would tell."
    seen = f"; {_sight(costs[0])} would have been seen" if costs and costs[0].detectable is not None else ""
    return Verdict.UNCHANGED, f"Per {unit} every figure is within noise{load}{seen}."


def by_findings(sides: tuple[Side, Side], pairs: list[Pair]) -> Judgement:
    """Without a unit of work only findings speak: their share of busy time does not depend on how much work came in,
    provided that the rest of the work went on."""
    rest = [_rest(side) for side in sides]
    rates = f"{rest[0]:.2f} s of it a second before, {rest[1]:.2f} after"
    gone, fresh = [p for p in pairs if p.grew_less_grave], [p for p in pairs if p.grew_grave]
    eased, worsened = [p for p in pairs if p.eased], [p for p in pairs if p.worsened]
    up, down = gone + [p for p in eased if p not in gone], fresh + [p for p in worsened if p not in fresh]
    if up and down:
        return Verdict.INCONCLUSIVE, f"{up[0].told()}, but {down[0].told()}."
    work = [side.rate(_work) for side in sides]
    if down:
        if work[1] < 0.5 * work[0]:
            why = f"{down[0].told()}, but the second window holds far less work than the first."
            return Verdict.INCONCLUSIVE, why
        return Verdict.REGRESSED, f"{down[0].told()}."
    if up:
        growth = up[0].before is not None and up[0].before.share is None
        # What a leak costs is no part of the work, and its page faults are gone with it: as many calls are as good.
        goes_on = (rest[1] >= WORK_GOES_ON * rest[0] and rest[1] > 0) or (growth and _calls_go_on(sides))
        if goes_on:
            return Verdict.IMPROVED, f"{up[0].told()} while the rest of the work goes on ({rates})."
        return (
            Verdict.INCONCLUSIVE,
            f"{up[0].told()}, but so is most of the other work ({rates}): the load may have changed, not the speed. "
            "Measure both under the same load.",
        )
    if beyond(work[0], work[1], TIME_NOISE) and max(work) > 0.02:
        return (
            Verdict.INCONCLUSIVE,
            f"The program did {work[0]:.2f} s of work a second before and {work[1]:.2f} after, with the same findings: "
            "no unit of work (connections, requests) is visible, so more load cannot be told from less speed.",
        )
    return Verdict.UNCHANGED, "The same findings, and no figure beyond noise."


def weighed(verdict: Verdict, why: str, effects: Sequence[SideEffect]) -> Judgement:
    """The verdict, with its price: what got worse beside something that got better, and the other way round. A cost
    that moved to memory is not gone, and a slower program that needs far less memory is not simply worse."""
    against = [effect for effect in effects if effect.worse is (verdict is Verdict.IMPROVED)]
    if not against or verdict not in (Verdict.IMPROVED, Verdict.REGRESSED):
        return verdict, why
    said = why.removesuffix(".")
    if any(effect.moved for effect in against):
        moved = next(effect for effect in against if effect.moved)
        return Verdict.INCONCLUSIVE, f"{said}, but {moved.told}: the cost moved, and which one matters is yours to say."
    return verdict, f"{said}; {'at the price that' if verdict is Verdict.IMPROVED else 'though'} {against[0].told}."


def _work(account: Account) -> float:
    """Busy seconds that are no pauses: a program that sleeps less does not do less."""
    quiet = (State.SLEEP, State.IDLE)
    return sum(row.seconds for row in account.ledger.rows if row.state not in quiet)


def _rest(side: Side) -> float:
    """Work per second beside what the findings cost: what the program does for its users."""
    waste = sum(finding.share or 0.0 for finding in side.findings if finding.severity is not Severity.INFO)
    work = side.total(_work)
    busy = side.total(lambda account: account.ledger.busy_seconds)
    # Findings may overlap, and a pause is no work: something is always left over.
    return max(work - waste * busy, 0.02 * work) / side.seconds


def _calls_go_on(sides: tuple[Side, Side]) -> bool:
    before, after = (side.rate(lambda account: sum(row.calls for row in account.calls)) for side in sides)
    return after >= WORK_GOES_ON * before > 0


def _load(units: MetricChange) -> str:
    if not beyond(units.before, units.after, COUNT_NOISE):
        return ""
    change = f"from {rate(units.before)} to {rate(units.after)} a second"
    return f" (the load changed {change}, which these figures do not depend on)"


def _has_not_fallen(metric: MetricChange, gone: Pair) -> bool:
    """Whether the whole interval of a cost lies above what it would be without half of the finding."""
    share = gone.before.share if gone.before else None
    return share is not None and metric.low is not None and metric.low > -share / 2 * metric.before


def _stayed(metric: MetricChange) -> str:
    low, high = metric.low or 0.0, metric.high or 0.0
    return f"{metric.metric} is within {percent(max(abs(low), abs(high)) / metric.before)} of what it was"


def _is_wide(metric: MetricChange) -> bool:
    if metric.detectable is not None:
        return metric.detectable > BLIND * metric.before
    return metric.low is not None and metric.high is not None and metric.high - metric.low > metric.before


def _is_doubtful(metric: MetricChange) -> bool:
    """Not beyond what runs of one program differ by, and not small either."""
    return metric.basis is not Basis.RUNS and beyond(metric.before, metric.after, DOUBTFUL)


def _sight(metric: MetricChange) -> str:
    assert metric.detectable is not None
    return f"a {metric.metric} lower by {percent(metric.detectable / metric.before)}"


def _blind(metric: MetricChange) -> str:
    if metric.detectable is None or metric.detectable >= metric.before:
        return f"no change of {metric.metric} could have been told from chance. Use longer windows, or five runs each"
    seen = percent(metric.detectable / metric.before)
    return f"{metric.metric} could have fallen by up to {seen} unseen. Use longer windows, or five runs on each side"
