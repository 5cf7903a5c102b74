"""Which sleeps last until a moment that the program has worked out? By the text of their lines.

``parkNanos(due - System.nanoTime())`` keeps a pace, or stands for something that takes so long: it looks for nothing
when it wakes. ``sleep(0.01)`` may be either.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from perfdoctor.collectors.runtimes import grammar, syntax
from perfdoctor.collectors.runtimes.own_files import own_lines
from perfdoctor.collectors.runtimes.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.syscalls import PacedLine

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_LINES = 64
_LEAST = 2.0
"""wake-ups a second, below which nobody asks"""
CLOCKS = grammar.words(
    "nanoTime currentTimeMillis monotonic monotonic_ns perf_counter perf_counter_ns time time_ns now clock_gettime"
    " elapsed Now Since Until hrtime duration_since saturating_duration_since checked_duration_since"
)
_UNTIL = grammar.words("parkUntil sleep_until")
_STEPS = 3


def with_paces(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, which knows these lines."""
    found = []
    for pid, file, line in sleeping_lines(evidence):
        source = sources.of(pid).of(file)
        if source is not None and is_paced(source, line):
            found.append(PacedLine(file=file, line=line))
    return evidence.model_copy(update={"paced": tuple(dict.fromkeys(found))}) if found else evidence


def sleeping_lines(evidence: Evidence) -> Iterable[tuple[int, str, int]]:
    """The innermost own lines that sleep again and again, those that wake most first."""
    wakes: dict[tuple[int, str, int], int] = defaultdict(int)
    for row in evidence.syscalls.rows if evidence.syscalls else ():
        own = next(own_lines(row.stack), None)
        if own is not None and row.blocked_seconds > 0:
            wakes[row.pid, own[0], own[1]] += row.calls
    often = (line for line, calls in wakes.items() if calls >= _LEAST * evidence.window.seconds)
    return islice(sorted(often, key=lambda line: -wakes[line]), _MOST_LINES)


def sleep_at(source: Source, line: int) -> "Node | None":
    """The call in a line that sleeps."""
    calls = (each for each in source.near(line) if each.type in grammar.CALLS)
    return next((each for each in calls if syntax.called_name(each) in grammar.SLEEPS), None)


def is_paced(source: Source, line: int) -> bool:
    """Whether a line sleeps for what is left until some moment."""
    sleep = sleep_at(source, line)
    if sleep is None:
        return False
    if syntax.called_name(sleep) in _UNTIL or any(
        "TIMER_ABSTIME" in syntax.text_of(each) for each in syntax.arguments_of(sleep)
    ):
        return True
    function = syntax.function_around(sleep)
    values = syntax.assigned_in(function) if function is not None else {}
    asked, names = list(syntax.arguments_of(sleep)), set[str]()
    for _ in range(_STEPS):
        calls = {syntax.called_name(each) for value in asked for each in syntax.calls_in(value)}
        if "min" in calls:
            return False  # (a poll that ends at a moment)
        if calls & CLOCKS:
            return True
        new = set[str]().union(*map(syntax.names_in, asked)) - names
        names |= new
        asked = [value for name in new for value in values.get(name, ())]
    return False
