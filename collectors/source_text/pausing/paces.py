"""Which sleeps last until a moment that the program has worked out? By the text of their lines.

``parkNanos(due - System.nanoTime())`` keeps a pace, or stands for something that takes so long: it looks for nothing
when it wakes. ``sleep(0.01)`` may be either.
"""

from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

CLOCKS = grammar.words(
    "nanoTime currentTimeMillis monotonic monotonic_ns perf_counter perf_counter_ns time time_ns now clock_gettime"
    " elapsed Now Since Until hrtime duration_since saturating_duration_since checked_duration_since"
)
_UNTIL = grammar.words("parkUntil sleep_until")
_STEPS = 3


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
