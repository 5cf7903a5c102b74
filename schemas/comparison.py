"""Did it help?"""

from enum import StrEnum

from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall


class Verdict(StrEnum):
    IMPROVED = "improved"
    REGRESSED = "regressed"
    UNCHANGED = "unchanged"
    INCONCLUSIVE = "inconclusive"


class MetricChange(Model):
    """One figure before and after. ``low`` and ``high`` bound the difference ``after - before`` at 95 %, None where
    one pair of windows cannot bound it. ``better`` is true when the change is beyond noise in the wanted direction,
    false when beyond noise in the other, None when neither can be said."""

    metric: str
    unit: str
    before: float
    after: float
    low: float | None = None
    high: float | None = None
    better: bool | None = None


class FindingChange(Model):
    """A finding that is ``gone``, ``kept`` or ``new``; shares of busy time before and after."""

    change: str
    pattern: str
    location: Location | None
    before: float | None
    after: float | None


class StackChange(Model):
    """Seconds per second of window that one stack gained (+) or lost (-)."""

    stack: Stack
    what: str
    before: float
    after: float


class Comparison(Model):
    """Two recordings held against each other. ``per`` says what the figures are divided by (``second`` or a unit of
    work)."""

    verdict: Verdict
    why: str
    per: str
    metrics: tuple[MetricChange, ...]
    findings: tuple[FindingChange, ...]
    stacks: tuple[StackChange, ...]


class CompareAnswer(Model):
    before: str
    after: str
    verdict: Verdict
    summary: str
    comparison: Comparison
    omitted_stacks: int = 0
    """stacks that changed less than those in ``comparison`` and are left out"""
    next: tuple[NextCall, ...]
