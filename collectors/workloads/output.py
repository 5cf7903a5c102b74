"""What does a workload say of itself? Its output, line by line while it comes: the word that it is ready, figures by
regular expressions, and its last words in case it fails.

All of it is hostile: lines are cut, only so much is looked at, and no expression may search a line for long.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import regex

from perfdoctor.collectors.redact import redact
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.workload import Take

LONGEST_LINE = 2000
"""characters of a line that are looked at"""
MOST_BYTES = 32 << 20
"""of each stream that are looked at; the rest is read, so that nobody waits for us, and only counted"""
_KEPT_LINES, _KEPT_CHARACTERS = 6, 200
_SEARCH_SECONDS = 0.05
"""for one line; an expression that takes longer on a line is not asked again"""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number to be read: ``pattern`` has it in its first group."""

    name: str
    pattern: str
    take: Take


def compiled(name: str, pattern: str, *, groups: int) -> "regex.Pattern[str]":
    """ProblemError when it is no regular expression, or has not so many groups."""
    try:
        made = regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ProblemError(
            f"The pattern of {name} is not a regular expression.",
            f"{clean(str(error), 200)}.",
            "Correct it where the workload is declared.",
        ) from error
    if made.groups < groups:
        raise ProblemError(
            f"The pattern of {name} has no group.",
            "The number is read from its first group.",
            r"Put the number in parentheses where the workload is declared: served (\d+).",
        )
    return made


class Output:
    """``feed`` is called from two threads, one for each stream. ``heard`` is called (in those) when ``ready`` has been
    seen."""

    def __init__(
        self, figures: tuple[Figure, ...] = (), ready: str | None = None, heard: Callable[[], object] = lambda: None
    ) -> None:
        self._figures = [(figure, compiled(figure.name, figure.pattern, groups=1)) for figure in figures]
        self._ready = compiled("ready", ready, groups=0) if ready is not None else None
        self._heard = heard
        self._lock = Lock()
        self._rest = {1: b"", 2: b""}
        self._cutting = {1: False, 2: False}
        self._looked = {1: 0, 2: 0}
        self._last: deque[str] = deque(maxlen=_KEPT_LINES)
        self._values: dict[str, float] = {}
        self.ready_at: float | None = None
        self.cut_lines = self.unread_bytes = 0
        self.slow: set[str] = set()
        """figures whose pattern took too long on some line"""

    def feed(self, stream: int, chunk: bytes) -> None:
        with self._lock:
            room = MOST_BYTES - self._looked[stream]
            self._looked[stream] += len(chunk)
            if len(chunk) > room:
                self.unread_bytes += len(chunk) - max(0, room)
                chunk = chunk[: max(0, room)]
            # A program that shows its progress ends its lines by \r.
            *lines, rest = (self._rest[stream] + chunk.replace(b"\r", b"\n")).split(b"\n")
            for line in lines:
                if self._cutting[stream]:
                    self._cutting[stream] = False
                else:
                    self._look(line)
            if len(rest) > 4 * LONGEST_LINE:
                if not self._cutting[stream]:
                    self._look(rest)
                self._cutting[stream], rest = True, b""
            self._rest[stream] = rest

    def end(self) -> None:
        """What stands on a last line that nobody ended."""
        with self._lock:
            for stream, rest in self._rest.items():
                if rest and not self._cutting[stream]:
                    self._look(rest)
                self._rest[stream] = b""

    def values(self) -> dict[str, float]:
        """The figures that were found."""
        with self._lock:
            return dict(self._values)

    def last_words(self) -> str:
        """Its last lines, fit to be shown; empty when it said nothing."""
        with self._lock:
            return "; ".join(clean(redact(line.strip()), _KEPT_CHARACTERS) for line in self._last)

    def _look(self, raw: bytes) -> None:
        line = raw.decode("utf-8", "replace")
        if len(line) > LONGEST_LINE:
            self.cut_lines += 1
            line = line[:LONGEST_LINE]
        if line.strip():
            self._last.append(line)
        if self._ready is not None and self.ready_at is None and self._search("ready", self._ready, line):
            self.ready_at = time.monotonic()
            self._heard()
        for figure, pattern in self._figures:
            found = self._search(figure.name, pattern, line)
            value = _number(found[1]) if found else None
            if value is not None:
                self._take(figure, value)

    def _search(self, name: str, pattern: "regex.Pattern[str]", line: str) -> "regex.Match[str] | None":
        if name in self.slow:
            return None
        try:
            return pattern.search(line, timeout=_SEARCH_SECONDS, concurrent=True)
        except TimeoutError:
            self.slow.add(name)
            return None

    def _take(self, figure: Figure, value: float) -> None:
        known = self._values.get(figure.name)
        if known is not None:
            value = {
                Take.LAST: value,
                Take.FIRST: known,
                Take.SUM: known + value,
                Take.MAX: max(known, value),
            }[figure.take]
        self._values[figure.name] = value


def _number(text: str | None) -> float | None:
    """``1,234.5`` as well as ``1e-3``; None for what is no finite number."""
    try:
        value = float((text or "").replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
