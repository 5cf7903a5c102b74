"""What are the sleeps of the target's own lines for, by their text: until some moment, or until something has come?"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

from perfdoctor.collectors.source_text.own_files import own_lines
from perfdoctor.collectors.source_text.pausing.paces import is_paced
from perfdoctor.collectors.source_text.pausing.polls import is_poll
from perfdoctor.collectors.source_text.sources import SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.syscalls import PacedLine, PollLine

_MOST_LINES = 64
_LEAST = 2.0
"""wake-ups a second, below which nobody asks"""


def with_pauses(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, which knows lines of both kinds."""
    paced, polls = list[PacedLine](), list[PollLine]()
    for pid, file, line in _sleeping_lines(evidence):
        source = sources.of(pid).of(file)
        if source is not None and is_paced(source, line):
            paced.append(PacedLine(file=file, line=line))
        elif source is not None and is_poll(source, line):
            polls.append(PollLine(file=file, line=line))
    told = {"paced": tuple(dict.fromkeys(paced)), "polls": tuple(dict.fromkeys(polls))}
    return evidence.model_copy(update=told) if paced or polls else evidence


def _sleeping_lines(evidence: Evidence) -> Iterable[tuple[int, str, int]]:
    """The innermost own lines that sleep again and again, those that wake most first."""
    wakes: dict[tuple[int, str, int], int] = defaultdict(int)
    for row in evidence.syscalls.rows if evidence.syscalls else ():
        own = next(own_lines(row.stack), None)
        if own is not None and row.blocked_seconds > 0:
            wakes[row.pid, own[0], own[1]] += row.calls
    often = (line for line, calls in wakes.items() if calls >= _LEAST * evidence.window.seconds)
    return islice(sorted(often, key=lambda line: -wakes[line]), _MOST_LINES)
