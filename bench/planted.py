"""Programs with a planted problem, their repaired twins, healthy ones: what must be said of each, and what was."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asking import ROOT, Answer

WORKLOADS = ROOT / "tests" / "workloads"
FOLDERS = ("problems", "repaired", "healthy")
LATER = ("fresh", *(f"fresh{number}" for number in range(2, 30)))
"""Folders of programs that were written by somebody who knew no detector, after the detectors, one after the other."""
PARTS = ("development", "held-out", *LATER)
"""Of programs that are in none of the later folders, a hash of the name decides."""
AMONG = 3
_PATTERN = re.compile(r"expect: pattern=([\w-]+)")
_COST = re.compile(r"(?:#|//) <- cost\b.*$")


@dataclass(frozen=True, slots=True)
class Planted:
    """One program. ``pattern`` is what must be found, at one of ``lines`` (none: anywhere); None for a healthy one."""

    source: Path
    pattern: str | None
    lines: frozenset[int]

    @property
    def name(self) -> str:
        return str(self.source.relative_to(WORKLOADS))

    @property
    def part(self) -> str:
        """One of PARTS. Only those for development are looked at while detectors are written; others are measured."""
        if self.source.parent.parent.name in LATER:
            return self.source.parent.parent.name
        return PARTS[hashlib.sha256(self.source.stem.encode()).digest()[0] & 1]

    @property
    def language(self) -> str:
        return self.source.suffix[1:]

    def is_right(self, finding: dict[str, Any]) -> bool:
        """The planted pattern, at a line that costs."""
        return finding["pattern"] == self.pattern and self.is_at(finding)

    def is_at(self, finding: dict[str, Any]) -> bool:
        if not self.lines:
            return True
        at = finding["location"] or {}
        return Path(at.get("file") or "").name == self.source.name and at.get("line") in self.lines


@dataclass(slots=True)
class Outcome:
    """``skipped`` and ``failed`` say why there is no answer. ``same`` is None when it was not asked offline."""

    program: Planted
    answer: Answer | None = None
    tokens: int = 0
    same: bool | None = None
    skipped: str = ""
    failed: str = ""
    wrong: str = field(init=False, default="")

    @property
    def alarms(self) -> list[dict[str, Any]]:
        return self.answer.alarms if self.answer else []

    @property
    def first(self) -> bool:
        return any(finding["pattern"] == self.program.pattern for finding in self.alarms[:1])

    @property
    def among(self) -> bool:
        return any(finding["pattern"] == self.program.pattern for finding in self._top)

    @property
    def at_its_line(self) -> bool:
        named = [finding for finding in self._top if finding["pattern"] == self.program.pattern]
        return bool(named) and self.program.is_at(named[0])

    @property
    def is_good(self) -> bool:
        return self.first and self.at_its_line if self.program.pattern else not self.alarms

    @property
    def _top(self) -> list[dict[str, Any]]:
        """A note among the first three is no alarm: nobody would act on it."""
        found = self.answer.findings[:AMONG] if self.answer else []
        return [finding for finding in found if finding["severity"] != "info"]


def planted(folders: Iterable[str] = FOLDERS) -> list[Planted]:
    """Every program that says in its first lines what to expect of it, by part, folder and name."""
    parts = [WORKLOADS, *(WORKLOADS / part for part in LATER)]
    found = [path for part in parts for folder in folders for path in sorted((part / folder).iterdir())]
    return [_read(path) for path in found if path.is_file()]


def _read(source: Path) -> Planted:
    lines = source.read_text().splitlines()
    named = _PATTERN.search("\n".join(lines[:3]))
    if source.parent.name == "problems" and not named:
        raise SystemExit(f"{source} does not say what to expect")
    costs = frozenset(number for number, line in enumerate(lines, 1) if _COST.search(line))
    return Planted(source, named[1] if named else None, costs if named else frozenset())
