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


class Basis(StrEnum):
    """What an interval rests on."""

    RUNS = "ranks of runs"
    """one value for each run: exact rank test, shift of Hodges and Lehmann"""
    BLOCKS = "time blocks"
    """how each window scattered over its own time: studentised bootstrap on blocks"""
    COUNTS = "counts"
    """events that come at random, in bursts: no more is known of windows without a pace"""
    NONE = "nothing"


class MetricChange(Model):
    """One figure before and after. ``low`` and ``high`` bound the difference ``after - before`` at 95 %, by ``basis``;
    None where nothing bounds it. ``better`` is true when the change is beyond noise in the wanted direction (at 99 %),
    false when beyond noise in the other, None when neither can be said. ``detectable`` is the smallest change that
    would have been called one in 8 of 10 tries; None for figures that are not judged."""

    metric: str
    unit: str
    before: float
    after: float
    low: float | None = None
    high: float | None = None
    better: bool | None = None
    detectable: float | None = None
    basis: Basis = Basis.NONE


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
    """Two recordings held against each other, or two sets. ``per`` says what the figures are divided by (``second`` or
    a unit of work), ``method`` by which statistics. ``side_effects`` are what else got worse, or better, than what the
    verdict is about."""

    verdict: Verdict
    why: str
    per: str
    method: str = ""
    side_effects: tuple[str, ...] = ()
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
