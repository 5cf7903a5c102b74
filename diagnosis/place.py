"""A line of the user's code, which a finding is told at."""

from collections.abc import Iterable
from dataclasses import dataclass

from perfdoctor.diagnosis.user_code import basename
from perfdoctor.diagnosis.words import LONGEST, quoted
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Frame
from perfdoctor.schemas.long_names import fitting
from perfdoctor.schemas.network import RepeatedLine
from perfdoctor.schemas.syscalls import PacedLine, PollLine, SharedSync


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's code, whatever the thread or process that ran it."""

    file: str | None
    function: str
    line: int | None

    @property
    def location(self) -> Location:
        return Location(file=self.file, line=self.line, function=self.function)

    def shares_function(self, other: "Place | Frame | None") -> bool:
        """Whether ``other`` is of the same function, at whatever line."""
        return other is not None and (self.file, self.function) == (other.file, other.function)

    def is_among(self, lines: Iterable[RepeatedLine | PacedLine | PollLine | SharedSync]) -> bool:
        """Whether it is one of the lines of which the source's text says something."""
        return any((line.file, line.line) == (self.file, self.line) for line in lines)

    def __str__(self) -> str:
        at = f"{basename(self.file) or '?'}:{self.line or '?'}"
        return quoted(f"{at} ({fitting(self.function, LONGEST - len(at) - 3)})")
