"""What is wrong, where, and what would it gain to fix it?"""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.catalogue import PATTERNS
from perfdoctor.diagnosis.pattern import Focus, Pattern
from perfdoctor.diagnosis.record import most_sure
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Diagnosis, Finding, Location, NotChecked, Severity

_WEIGHT = {Severity.CRITICAL: 2, Severity.WARNING: 1, Severity.INFO: 0}
_ENABLE = {
    "syscalls": "trace system calls too: diagnose without a backend argument; tools-check says what this machine "
    "lacks for it",
    "cpu": "sample the CPU too: diagnose without a backend argument; tools-check says what this machine lacks for it",
    "children": "follow child processes: the BPF engine does (root, or CAP_BPF and CAP_PERFMON), with children=true",
    "network": "watch its sockets too: diagnose does by the BPF engine (root, or CAP_BPF and CAP_PERFMON)",
    "loops": "follow its event loops: diagnose does by the BPF engine (root, or CAP_BPF and CAP_PERFMON)",
    "threads": "follow its threads: diagnose does by the BPF engine (root, or CAP_BPF and CAP_PERFMON)",
    "memory": "diagnose, or proc-watch, which read how memory moves",
    "memory_map": "diagnose without a backend argument, or proc-memory, and diagnose with its recording",
}


def diagnose(evidence: Evidence, focus: str = "auto") -> Diagnosis:
    """Judge one window by every pattern whose parts are there; the others are ``not_checked``.

    ``focus`` is ``auto`` for all patterns, or one of cpu, io, memory, network, concurrency; a ValueError otherwise.
    Findings come in order of importance: severity, then what they cost. Two that explain the same time at one place
    are one, the more specific, with the other in its ``related``.
    """
    wanted = set(Focus) if focus == "auto" else {Focus(focus)}
    account = Account(evidence)
    found: list[Finding] = []
    unchecked: list[NotChecked] = []
    for pattern in PATTERNS.values():
        if not pattern.focus & wanted:
            why = f"it is outside of the focus {focus}"
            unchecked.append(
                NotChecked(pattern=pattern.id, why=why, enable="diagnose the same recording with focus auto")
            )
        elif missing := _missing(pattern, evidence):
            unchecked.append(missing)
        elif hindrance := pattern.cannot(account):
            unchecked.append(NotChecked(pattern=pattern.id, why=hindrance.why, enable=hindrance.enable))
        else:
            here = [_as_sure(finding, _seen(pattern, evidence)) for finding in pattern.check(account)]
            found += here
            unchecked += () if here else pattern.blind(account)
    complete = evidence.threads is not None
    return Diagnosis(
        findings=_causes_first(sorted(_merged(found), key=_importance)),
        not_checked=tuple(unchecked),
        ledger=account.ledger if complete else None,
    )


def _as_sure(finding: Finding, seen: float) -> Finding:
    """As sure as its detector is and its pattern was right before; less where a part of the events was not ``seen``."""
    sure = min(finding.confidence, most_sure(finding.pattern)) * seen
    return finding.model_copy(update={"confidence": round(sure, 2)})


def _importance(finding: Finding) -> tuple[float, ...]:
    return -_WEIGHT[finding.severity], -(finding.share if finding.share is not None else 0.0), -finding.confidence


def _causes_first(findings: list[Finding]) -> tuple[Finding, ...]:
    """What is worth acting on comes before what it causes: its cost is the consequence's."""
    ordered = list(findings)
    for finding in findings:
        if finding.severity is Severity.INFO:
            continue
        after = [i for i, other in enumerate(ordered) if _causes(finding, other)]
        at = ordered.index(finding)
        if after and after[0] < at:
            ordered.insert(after[0], ordered.pop(at))
    return tuple(ordered)


def _causes(finding: Finding, other: Finding) -> bool:
    """Whether ``other`` is mostly a consequence of it. What costs time where it stands is so of what is seen there and
    below; what has no share (memory that grows) is so of the whole process."""
    if other.pattern not in PATTERNS[finding.pattern].causes:
        return False
    if finding.share is None:
        return True
    # (what costs much less has not caused all the rest)
    enough = 2 * finding.share >= (other.share or 0.0)
    return enough and finding.location is not None and _leads_through(other, finding.location)


def _missing(pattern: Pattern, evidence: Evidence) -> NotChecked | None:
    for part in pattern.needs:
        if getattr(evidence, part) is None:
            collection = evidence.collections.get(part)
            why = f"this window has no {part}" + (f": {collection.reason}" if collection and collection.reason else "")
            return NotChecked(pattern=pattern.id, why=why, enable=_ENABLE[part])
    if (
        "cpu" in pattern.needs
        and evidence.cpu is not None
        and not evidence.cpu.samples
        and evidence.cpu.cpu_seconds > 0.1
    ):
        return NotChecked(
            pattern=pattern.id,
            why="no CPU sample was taken although the target ran",
            enable="a longer window, or another backend",
        )
    return None


def _seen(pattern: Pattern, evidence: Evidence) -> float:
    """The part of the events that the figures rest on: what was lost takes from the confidence."""
    shares = [1.0]
    collection = evidence.collections.get("syscalls")
    if "syscalls" in pattern.needs and collection is not None and evidence.syscalls is not None and collection.lost:
        shares.append(evidence.syscalls.calls / (evidence.syscalls.calls + collection.lost))
    return min(shares)


def _merged(findings: list[Finding]) -> list[Finding]:
    """Leave out what a more specific finding at the same place explains."""
    related: dict[int, list[str]] = {id(finding): [] for finding in findings}
    dropped: set[int] = set()
    for finding in findings:
        winners = [other for other in findings if other is not finding and _explains(other, finding)]
        winner = max(winners, key=lambda other: other.share or 0.0, default=None)
        if winner is not None:
            dropped.add(id(finding))
            related[id(winner)].append(finding.pattern)
    return [
        finding.model_copy(update={"related": tuple(dict.fromkeys((*finding.related, *related[id(finding)])))})
        for finding in findings
        if id(finding) not in dropped
    ]


def _leads_through(finding: Finding, at: Location) -> bool:
    """Whether the function of a place, at whatever line, is on the way to what was found."""
    return any((frame.file, frame.function) == (at.file, at.function) for frame in finding.stack)


def _is_elsewhere(finding: Finding) -> bool:
    """Whether it is told at a place that its stack does not lead through."""
    return finding.location is not None and not _leads_through(finding, finding.location)


def _explains(winner: Finding, loser: Finding) -> bool:
    if loser.pattern not in PATTERNS[winner.pattern].beats or winner.share is None or loser.share is None:
        return False
    if winner.location is None or loser.location is None:
        return winner.location is loser.location
    at, other = winner.location, loser.location
    # (or at a caller of it, on the same way to the same call; a pool is told where it was made, far from its workers)
    down, up = _leads_through(loser, at), _leads_through(winner, other)
    through = (down and (up or _is_elsewhere(loser))) or (up and _is_elsewhere(winner))
    if (at.file, at.function) != (other.file, other.function) and not through:
        return False
    # Of much less time, even at the same line, it is no explanation: the loser has a cost of its own.
    return winner.share >= (0.25 if winner.location.line == loser.location.line else 0.75) * loser.share
