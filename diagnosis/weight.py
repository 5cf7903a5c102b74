"""How much a finding weighs, by one rule for all patterns."""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.schemas.finding import Fact, Finding, Severity
from perfdoctor.schemas.frame import Stack

NOTICEABLE_SHARE = 0.02
"""Below this part of busy time nothing is reported: nobody could measure the gain."""
WARNING_SHARE = 0.15
CRITICAL_SHARE = 0.40
WARNING_SECONDS = 0.02
"""Seconds per second of window. A program that is nearly idle has no time to win, whatever its busy moments hold."""

LITTLE = Threshold(0.05, "of a core, or in line for one", "most of very little is little to win")
"""of patterns that are told by CPU time"""

MUCH_WORK = Threshold(0.25, "of a core", "so much is worth a look, however long other threads sleep beside it")
MOST_WORK = Threshold(0.4, "of all CPU time", "as much again may be what the program is for")
_ORDER = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


def _severity(share: float, a_second: float, at_least: Severity, at_most: Severity) -> Severity:
    found = at_least
    if share >= WARNING_SHARE and a_second >= WARNING_SECONDS:
        found = Severity.CRITICAL if share >= CRITICAL_SHARE else Severity.WARNING
    return min(found, at_most, key=_ORDER.index)


def weigh(
    account: Account,
    pattern: str,
    *,
    title: str,
    seconds: float,
    place: Place | None,
    stack: Stack,
    facts: tuple[Fact, ...],
    fix: str,
    verify: str,
    confidence: float,
    at_least: Severity = Severity.INFO,
    at_most: Severity = Severity.CRITICAL,
    beside: float = 0.0,
    works: bool = False,
) -> list[Finding]:
    """The finding that costs ``seconds`` of the window, or none when nobody would notice. ``beside``: seconds in which
    something waits that holds no thread (a goroutine), these among them: busy time, which is the threads', lacks them.
    ``works``: it is CPU time that it costs. ``at_least``: where most of what it costs does not show here (at the other
    side, say)."""
    share = _share(account, seconds, beside)
    if works and _is_most_work(account, seconds):
        at_least = max(at_least, Severity.WARNING, key=_ORDER.index)
    if share < NOTICEABLE_SHARE:
        return []
    return [
        Finding(
            pattern=pattern,
            title=title,
            severity=_severity(share, seconds / account.seconds, at_least, at_most),
            share=round(share, 4),
            confidence=confidence,
            location=place.location if place else None,
            stack=stack,
            evidence=facts,
            fix=fix,
            verify=verify,
        )
    ]


def _is_most_work(account: Account, seconds: float) -> bool:
    cpu = account.evidence.cpu.cpu_seconds if account.evidence.cpu else 0.0
    return seconds >= MUCH_WORK.value * account.seconds and seconds >= MOST_WORK.value * cpu


def _share(account: Account, seconds: float, beside: float) -> float:
    if not beside:
        return account.share(seconds)
    return min(1.0, seconds / (account.ledger.busy_seconds + beside))


def again(account: Account, what: str, before: str, after: str, tool: str = "diagnose") -> str:
    """The sentence that says how to prove a fix: measure the same way, under the same load, and look at one figure."""
    seconds = f"{account.seconds:.0f}" if account.seconds >= 1 else "5"
    return (
        f"Under the same load, run {tool} again for {seconds} s and compare with this recording: {what} should go "
        f"from {before} to {after}."
    )


def rate(value: float) -> str:
    """A number as a person would say it."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def size(value: float) -> str:
    """Bytes as a person would say them."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= factor:
            return f"{value / factor:.1f} {unit}"
    return f"{value:.0f} B"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"
