"""Which finding of one window is which of another?"""

from dataclasses import dataclass
from math import log, sqrt
from statistics import median

from perfdoctor.diagnosis.user_code import basename
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.comparison import FindingChange
from perfdoctor.schemas.finding import Finding, Severity

OTHER_SHAPE = 0.3
"""A confidence that differs by this much stands for another cause at the same place: a search became plain work."""
FEW_SAMPLES = 100.0
"""What a share is taken to rest on, when nothing tells how many events it was made of: a share moves by some points
between windows of the same program."""
_SURE = 2.576
"""two-sided 99 % of a normal distribution: a finding decides as a figure does"""
_GRAVITY = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


@dataclass(frozen=True, slots=True)
class Pair:
    """One problem in two windows; None where it was not found."""

    before: Finding | None
    after: Finding | None

    @property
    def name(self) -> str:
        finding = self.before or self.after
        assert finding is not None
        at = finding.location
        return (
            f"{finding.pattern} at {quoted(f'{basename(at.file)}:{at.line} ({at.function})')}"
            if at
            else finding.pattern
        )

    @property
    def grew_less_grave(self) -> bool:
        """It was a warning, and is none any more: gone, or so much less that noise cannot be the reason."""
        return _is_grave(self.before) and not _is_grave(self.after) and self._differs()

    @property
    def grew_grave(self) -> bool:
        return _is_grave(self.after) and not _is_grave(self.before) and self._differs()

    @property
    def eased(self) -> bool:
        """Still a warning, but beyond noise at most half of what it was, relative to all other work."""
        return _is_grave(self.before) and self._odds_ratio() < -log(2)

    @property
    def worsened(self) -> bool:
        return _is_grave(self.after) and self._odds_ratio() > log(2)

    def told(self) -> str:
        """What happened to it, as a sentence without a full stop."""
        if self.after is None:
            return f"{self.name} is gone"
        if self.before is None:
            return f"{self.name} is new"
        shares = self.before.share, self.after.share
        if self._became_plain:
            left = "" if shares[1] is None else f" ({100 * shares[1]:.0f} % of busy time)"
            return f"{self.name} is gone: what is left there{left} shows no sign of waste"
        if shares[0] is None or shares[1] is None or abs(shares[0] - shares[1]) < 0.01:
            return f"{self.name} is {'no longer' if _is_grave(self.before) else 'now'} more than the work itself"
        return f"{self.name} went from {100 * shares[0]:.0f} % to {100 * shares[1]:.0f} % of busy time"

    def change(self) -> FindingChange:
        finding = self.after or self.before
        assert finding is not None
        return FindingChange(
            change="new" if self.before is None else "gone" if self.after is None or self._became_plain else "kept",
            pattern=finding.pattern,
            location=finding.location,
            before=self.before.share if self.before else None,
            after=self.after.share if self.after else None,
        )

    @property
    def _became_plain(self) -> bool:
        """The problem is no more; what is found at its place is a remark of another shape (a search that became plain
        work), however much of the time it holds now."""
        return self._has_other_shape and _is_grave(self.before) and not _is_grave(self.after)

    @property
    def _has_other_shape(self) -> bool:
        if self.before is None or self.after is None:
            return False
        return abs(self.before.confidence - self.after.confidence) >= OTHER_SHAPE

    def _differs(self) -> bool:
        if self.before is None or self.after is None:
            return True
        if self._has_other_shape:
            return True
        return abs(self._odds_ratio()) > log(2)

    def _odds_ratio(self) -> float:
        """Logarithm of how much more the problem costs, relative to the rest, than before; the part beyond noise."""
        if self.before is None or self.after is None or self.before.share is None or self.after.share is None:
            return 0.0
        shares = [min(0.995, max(0.005, share)) for share in (self.before.share, self.after.share)]
        moved = log(shares[1] / (1 - shares[1])) - log(shares[0] / (1 - shares[0]))
        spread = _SURE * sqrt(sum(1 / (FEW_SAMPLES * share * (1 - share)) for share in shares))
        return 0.0 if abs(moved) < spread else moved


def matched(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> list[Pair]:
    """Findings by pattern, file and function: a line that moved is the same place, and so is a file that moved. One
    whose place is unknown is any of its pattern."""
    left = list(after)
    pairs = []
    for finding in before:
        match = next((other for same in (_place, _moved, _unplaced) for other in left if same(finding, other)), None)
        if match is not None:
            left.remove(match)
        pairs.append(Pair(finding, match))
    return pairs + [Pair(None, finding) for finding in left]


def _is_grave(finding: Finding | None) -> bool:
    return finding is not None and finding.severity is not Severity.INFO


def _place(a: Finding, b: Finding) -> bool:
    if a.pattern != b.pattern or a.location is None or b.location is None:
        return False
    return (a.location.file, a.location.function) == (b.location.file, b.location.function)


def _moved(a: Finding, b: Finding) -> bool:
    if a.pattern != b.pattern or a.location is None or b.location is None:
        return False
    return (basename(a.location.file), a.location.function) == (basename(b.location.file), b.location.function)


def _unplaced(a: Finding, b: Finding) -> bool:
    return a.pattern == b.pattern and (a.location is None or b.location is None)


def gathered(windows: list[tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """The findings that more than half of the windows have, each with the median of its shares (0 where it was not
    found) and of its severities."""
    if len(windows) == 1:
        return windows[0]
    groups: list[list[Finding]] = []
    for found in windows:
        free = list(groups)
        for finding in found:
            group = next(
                (other for same in (_place, _moved, _unplaced) for other in free if same(other[0], finding)), None
            )
            if group is None:
                groups.append([finding])
            else:
                free.remove(group)
                group.append(finding)
    return tuple(_usual(group, len(windows)) for group in groups if 2 * len(group) > len(windows))


def _usual(group: list[Finding], windows: int) -> Finding:
    absent = windows - len(group)
    grave = sorted([*(_GRAVITY.index(finding.severity) for finding in group), *[0] * absent])
    shares = [finding.share for finding in group if finding.share is not None]
    middle = sorted(group, key=lambda finding: finding.share or 0.0)[len(group) // 2]
    return middle.model_copy(
        update={
            "severity": _GRAVITY[grave[(windows - 1) // 2]],
            "share": median([*shares, *[0.0] * absent]) if shares else None,
        }
    )
