"""What is wrong, where, and what it would gain to fix it."""

from enum import StrEnum

from pydantic import Field

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.ledger import Ledger
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import Collection, NextCall, Window
from perfdoctor.schemas.target import Target


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Location(Model):
    """The line that its owner would change. ``library``: no code of the user's own was on the stack, and this is the
    innermost place of a library, an interpreter or the system."""

    file: str | None = None
    line: int | None = None
    function: str | None = None
    library: bool = Field(default=False, exclude_if=lambda library: not library)


class Fact(Model):
    """One measured number: what, how much, in which unit, by which tool."""

    what: str
    value: float
    unit: str
    tool: str


class Finding(Model):
    """One problem. ``share`` is the part of busy time that it holds (None: it costs no time, and is ranked by rate);
    ``confidence`` is how likely it is that the named cause is the right one."""

    pattern: str
    title: str
    severity: Severity
    share: float | None = Field(default=None, ge=0, le=1)
    confidence: float = Field(ge=0, le=1)
    location: Location | None = None
    stack: Stack = ()
    evidence: tuple[Fact, ...] = ()
    fix: str
    verify: str
    related: tuple[str, ...] = ()


class NotChecked(Model):
    """A pattern that could not be judged, why, and what would enable it."""

    pattern: str
    why: str
    enable: str


class Diagnosis(Model):
    """``findings`` in order of importance. Empty: every pattern that is not in ``not_checked`` was checked and is
    clear."""

    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    ledger: Ledger | None


class DiagnoseAnswer(Model):
    """What ``diagnose`` returns. ``recording`` and ``recording_id`` are the same value."""

    recording: str
    recording_id: str
    target: Target
    window: Window
    collections: dict[str, Collection]
    summary: str
    findings: tuple[Finding, ...]
    omitted_findings: int = 0
    not_checked: tuple[NotChecked, ...]
    ledger: Ledger | None
    next: tuple[NextCall, ...]
