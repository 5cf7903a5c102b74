"""Source code, with what each line costs beside it."""

from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall


class SourceLine(Model):
    """One line of a file. ``cpu_seconds``, ``calls`` (system calls), ``wait_seconds`` (blocked in them) and ``faults``
    are charged to it because it was the innermost line of this file on the stack; None where they were not measured."""

    number: int
    text: str
    cpu_seconds: float | None = None
    calls: int | None = None
    wait_seconds: float | None = None
    faults: int | None = None


class Neighbour(Model):
    """A line that calls the function, or that it calls, and the share of the function's cost that goes through it."""

    location: Location
    share: float


class LastChange(Model):
    """The newest commit that touched the file; ``when`` is Unix time."""

    commit: str
    when: float
    author: str
    subject: str


class CodeAnswer(Model):
    """``cost`` says what shares are of: CPU seconds, or waiting where there are no CPU samples, or calls."""

    recording: str
    file: str
    function: str | None
    summary: str
    warning: str | None
    lines: tuple[SourceLine, ...]
    total_lines: int
    cost: str
    callers: tuple[Neighbour, ...]
    callees: tuple[Neighbour, ...]
    omitted_neighbours: int
    changed: LastChange | None
    next: tuple[NextCall, ...]


class Match(Model):
    """One line that was found."""

    file: str
    line: int
    text: str


class SearchAnswer(Model):
    summary: str
    warning: str | None = None
    matches: tuple[Match, ...]
    total: int
    omitted: int
    files: int
    """read; ``skipped`` were too large, not text, or beyond the limit"""
    skipped: int
    next: tuple[NextCall, ...]
