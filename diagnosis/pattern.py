"""What a pattern is made of: a page, thresholds with their reasons, a check, and examples that prove it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from perfdoctor.diagnosis.account import Account
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, NotChecked


class Focus(StrEnum):
    CPU = "cpu"
    IO = "io"
    MEMORY = "memory"
    NETWORK = "network"
    CONCURRENCY = "concurrency"


class Threshold(NamedTuple):
    value: float
    unit: str
    why: str


class Example(NamedTuple):
    """A window in which the pattern must be found (``fires``), or a near miss in which it must not."""

    name: str
    fires: bool
    because: str
    evidence: Evidence


Check = Callable[[Account], list[Finding]]
Blind = Callable[[Account], tuple[NotChecked, ...]]


def _sees_all(_account: Account) -> tuple[NotChecked, ...]:
    return ()


class Hindrance(NamedTuple):
    """Why a pattern cannot be judged by a window, and what would enable it."""

    why: str
    enable: str


def _nothing_hinders(_account: Account) -> Hindrance | None:
    return None


@dataclass(frozen=True, slots=True)
class Pattern:
    """``needs`` names the parts of Evidence without which it cannot be judged. ``beats`` names the patterns that, at
    the same place, say the same less precisely: they become ``related`` of this one's finding. ``cannot`` says why this
    window cannot tell, although its parts are there; ``blind`` what of it was not looked into, asked where nothing was
    found. ``causes`` names the patterns that are mostly its consequences in the same process: they come after it."""

    id: str
    title: str
    sees: str
    costs: str
    fix: str
    fine: str
    thresholds: tuple[Threshold, ...]
    needs: tuple[str, ...]
    focus: frozenset[Focus]
    check: Check
    examples: Callable[[], tuple[Example, ...]]
    beats: tuple[str, ...] = field(default=())
    causes: tuple[str, ...] = field(default=())
    blind: Blind = _sees_all
    cannot: Callable[[Account], Hindrance | None] = _nothing_hinders

    def page(self) -> str:
        """The pattern as a page of Markdown: what ``pattern://{id}`` and docs/patterns show."""
        limits = "\n".join(f"- {t.value:g} {t.unit}: {t.why}" for t in self.thresholds)
        examples = self.examples()
        found = "\n".join(f"- {e.name}: {e.because}" for e in examples if e.fires)
        missed = "\n".join(f"- {e.name}: {e.because}" for e in examples if not e.fires)
        sections = (
            ("What it sees", self.sees),
            ("Why it costs", self.costs),
            ("Fix", self.fix),
            ("When it is fine", self.fine),
            ("Thresholds", limits),
            ("Found in", found),
            ("Not found in", missed),
        )
        body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections)
        focus = ", ".join(sorted(self.focus))
        return f"# {self.id}: {self.title}\n\nFocus: {focus}. Judged from: {', '.join(self.needs)}.\n\n{body}\n"
