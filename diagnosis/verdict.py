"""Better, worse, the same, or nothing that can be said?

Two windows differ for three reasons: the code changed, the load changed, or chance. Only the first is an answer.
"""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.matching import Pair
from perfdoctor.diagnosis.noise import COUNT_NOISE, TIME_NOISE, beyond
from perfdoctor.diagnosis.weight import rate
from perfdoctor.schemas.comparison import MetricChange, Verdict
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.ledger import State

WORK_GOES_ON = 0.6
"""The part of the rest of the work that must still be there, for a finding that is gone to mean more than less load."""
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
        return Verdict.IMPROVED, f"{_told(better[0])}{also}{load}."
    if worse and not better:
        also = f", and {fresh[0].told()}" if fresh else ""
        return Verdict.REGRESSED, f"{_told(worse[0])}{also}{load}."
    if better:
        other = _told(worse[0]) if worse else fresh[0].told()
        return Verdict.INCONCLUSIVE, f"{_told(better[0])}, but {other}{load}."
    if gone and fresh:
        return Verdict.INCONCLUSIVE, f"{gone[0].told()}, but {fresh[0].told()}; per {unit} nothing is beyond noise."
    if fresh:
        return Verdict.REGRESSED, f"{fresh[0].told()}, though no figure per {unit} is beyond noise yet{load}."
    if gone:
        return Verdict.IMPROVED, f"{gone[0].told()}, though no figure per {unit} is beyond noise yet{load}."
    wide = next((m for m in metrics if m.unit == "s" and _is_wide(m)), None)
    if wide:
        return (
            Verdict.INCONCLUSIVE,
            f"Too few units of work to tell: {wide.metric} may have changed by half. Use longer windows.",
        )
    return Verdict.UNCHANGED, f"Per {unit} every figure is within noise{load}."


def by_findings(
    accounts: tuple[Account, Account], findings: tuple[tuple[Finding, ...], tuple[Finding, ...]], pairs: list[Pair]
) -> Judgement:
    """Without a unit of work only findings speak: their share of busy time does not depend on how much work came in,
    provided that the rest of the work went on."""
    rest = [_rest(account, found) for account, found in zip(accounts, findings, strict=True)]
    rates = f"{rest[0]:.2f} s of it a second before, {rest[1]:.2f} after"
    gone, fresh = [p for p in pairs if p.grew_less_grave], [p for p in pairs if p.grew_grave]
    eased, worsened = [p for p in pairs if p.eased], [p for p in pairs if p.worsened]
    up, down = gone + [p for p in eased if p not in gone], fresh + [p for p in worsened if p not in fresh]
    if up and down:
        return Verdict.INCONCLUSIVE, f"{up[0].told()}, but {down[0].told()}."
    work = [_work(account) / account.seconds for account in accounts]
    if down:
        if work[1] < 0.5 * work[0]:
            why = f"{down[0].told()}, but the second window holds far less work than the first."
            return Verdict.INCONCLUSIVE, why
        return Verdict.REGRESSED, f"{down[0].told()}."
    if up:
        growth = up[0].before is not None and up[0].before.share is None
        # What a leak costs is no part of the work, and its page faults are gone with it: as many calls are as good.
        goes_on = (rest[1] >= WORK_GOES_ON * rest[0] and rest[1] > 0) or (growth and _calls_go_on(accounts))
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


def _work(account: Account) -> float:
    """Busy seconds that are no pauses: a program that sleeps less does not do less."""
    quiet = (State.SLEEP, State.IDLE)
    return sum(row.seconds for row in account.ledger.rows if row.state not in quiet)


def _rest(account: Account, findings: tuple[Finding, ...]) -> float:
    """Work per second beside what the findings cost: what the program does for its users."""
    waste = sum(finding.share or 0.0 for finding in findings if finding.severity is not Severity.INFO)
    work = _work(account)
    # Findings may overlap, and a pause is no work: something is always left over.
    return max(work - waste * account.ledger.busy_seconds, 0.02 * work) / account.seconds


def _calls_go_on(accounts: tuple[Account, Account]) -> bool:
    before, after = (sum(row.calls for row in account.calls) / account.seconds for account in accounts)
    return after >= WORK_GOES_ON * before > 0


def _told(metric: MetricChange) -> str:
    word = "fell" if metric.after < metric.before else "rose"
    values = metric.before, metric.after
    before, after = (f"{1000 * v:.3g} ms" if metric.unit == "s" else f"{v:,.4g} {metric.unit}" for v in values)
    return f"{metric.metric} {word} from {before} to {after}"


def _load(units: MetricChange) -> str:
    if not beyond(units.before, units.after, COUNT_NOISE):
        return ""
    change = f"from {rate(units.before)} to {rate(units.after)} a second"
    return f" (the load changed {change}, which these figures do not depend on)"


def _is_wide(metric: MetricChange) -> bool:
    return metric.low is not None and metric.high is not None and metric.high - metric.low > metric.before > 0
