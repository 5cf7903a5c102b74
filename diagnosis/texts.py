"""What the text of the target's files says of lines that were seen: which stand in loops, which keep what they are
given, where statements stand."""

from functools import cached_property

from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.schemas.cpu import LineShape
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.memory import KeptLine
from perfdoctor.schemas.network import RepeatedLine, SaidLine

_Line = tuple[str | None, int | None]
"""its file and number"""


class Texts:
    """Of one window."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    def repeated(self, stack: Stack, *, again: bool = False) -> Place | None:
        """The innermost line of the user's code that stands in a loop; with ``again``, also in one whose rounds only
        try the same again until it works."""
        return self._first_of(stack, self._repeated[again])

    def pauses(self, loop: Place) -> bool:
        """Whether a line that stands in a loop is there with a pause, so that each round is a piece of work."""
        return loop.is_among(line for line in self._in_loops if line.pauses)

    def takes_work(self, loop: Place) -> bool:
        """Whether a line stands in a loop that takes a piece of work out of a queue in each round."""
        return loop.is_among(line for line in self._in_loops if line.takes)

    def asks_by_the_last(self, loop: Place) -> bool:
        """Whether a line that stands in a loop asks by what the last answer said, so that none can be asked before."""
        return loop.is_among(line for line in self._in_loops if line.chained)

    def asks_until(self, loop: Place) -> bool:
        """Whether a line that stands in a loop asks, and pauses, until an answer has something in it."""
        return loop.is_among(line for line in self._in_loops if line.until)

    def _first_of(self, stack: Stack, lines: frozenset[_Line]) -> Place | None:
        """The innermost line of the user's code that is one of ``lines``."""
        for frame in stack if lines else ():
            if (frame.file, frame.line) in lines and is_user_code(frame, self.evidence.user_roots):
                return Place(frame.file, frame.function, frame.line)
        return None

    @cached_property
    def _repeated(self) -> tuple[frozenset[_Line], frozenset[_Line]]:
        """Without the lines that only try again, and with them."""
        work = frozenset((line.file, line.line) for line in self._in_loops if not line.again)
        return work, frozenset((line.file, line.line) for line in self._in_loops)

    @property
    def _in_loops(self) -> tuple[RepeatedLine, ...]:
        return self.evidence.network.repeated if self.evidence.network else ()

    def keeper_on(self, stack: Stack) -> Place | None:
        """The innermost line of the user's code on a stack that adds to a collection which outlives its function."""
        place = self._first_of(stack, self._kept)
        return self._holders.get((place.file, place.line), place) if place else None

    def keeper(self, stack: Stack) -> Place | None:
        """The same, or one in what the lines of the stack call."""
        if place := self.keeper_on(stack):
            return place
        caller = self._first_of(stack, frozenset(self._kept_in_calls))
        return self._kept_in_calls[caller.file, caller.line] if caller else None

    def is_limited(self, place: Place | None) -> bool:
        """Whether a line adds to a collection that holds no more than so many: it fills."""
        limited = (_through(line) if line.through is not None else line for line in self._kept_lines if line.limited)
        return place is not None and (place.file, place.line) in {(one.file, one.line) for one in limited}

    @cached_property
    def _kept_lines(self) -> tuple[KeptLine, ...]:
        return self.evidence.memory.kept if self.evidence.memory else ()

    @cached_property
    def _kept(self) -> frozenset[_Line]:
        return frozenset((line.file, line.line) for line in self._kept_lines if line.through is None or line.of_its_own)

    @cached_property
    def _holders(self) -> dict[_Line, Place]:
        return {(line.file, line.line): _through(line) for line in self._kept_lines if line.of_its_own}

    @cached_property
    def _kept_in_calls(self) -> dict[_Line, Place]:
        through = (line for line in self._kept_lines if line.through is not None and not line.of_its_own)
        return {(line.file, line.line): _through(line) for line in through}

    def rewriter(self, stack: Stack) -> Place | None:
        """The innermost line of the user's code that puts a text together of itself and a piece more."""
        return self._first_of(stack, self._rewriters)

    @cached_property
    def _rewriters(self) -> frozenset[_Line]:
        shapes = self.evidence.cpu.shapes if self.evidence.cpu else ()
        return frozenset((line.file, line.line) for line in shapes if line.shape is LineShape.REWRITE)

    def said_by(self, pid: int, shape: str) -> SaidLine | None:
        """Where the text of a statement stands in a process's own files."""
        said = self.evidence.network.said if self.evidence.network else ()
        return next((line for line in said if (line.pid, line.shape) == (pid, shape)), None)

    def said_on(self, pid: int, shape: str, stack: Stack) -> Place | None:
        """The line of a stack whose function holds the text of a statement; in Node.js, which sends from its own loop,
        the line of the text itself if none does."""
        said = self.said_by(pid, shape)
        if said is None:
            return None
        inside = (f for f in stack if f.file == said.file and f.line and said.first <= f.line <= said.last)
        frame = next(inside, None)
        if frame is None:
            return Place(said.file, said.function, said.line) if self.evidence.target.runtime == "node" else None
        return Place(frame.file, frame.function, frame.line)


def _through(line: KeptLine) -> Place:
    return Place(line.file, line.function, line.through)
