"""Which functions of a file can V8 have put into another one, by what they call?

What it had optimized before anybody looked, its profilers tell of the compiled function alone: Panel.add, which
Panel.take calls, which Boosters.tell calls, is told as tell, with lines of add. What has no place in tell is looked for
in the functions of the same file that tell calls, and those call, nearest first.
"""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.runtimes import syntax
from perfdoctor.collectors.runtimes.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 4
_MOST = 64
"""functions that are looked at: V8 stops after some hundred bytes of bytecode"""


class Step(NamedTuple):
    """``function`` is called by ``call``, which stands in the function before."""

    function: "Node"
    call: "Node"


def within(source: Source, function: "Node") -> Iterator[tuple[Step, ...]]:
    """The ways from a function to others, nearest first. A name that several functions have tells of none."""
    seen = {function.id}
    waiting: deque[tuple[Step, ...]] = deque([()])
    while waiting:
        way = waiting.popleft()
        if way:
            yield way
        if len(way) == _DEEPEST:
            continue
        for call in syntax.calls_in(way[-1].function if way else function, functions=True):
            named = source.named.get(syntax.called_name(call), [])
            if len(named) == 1 and named[0].id not in seen and len(seen) < _MOST:
                seen.add(named[0].id)
                waiting.append((*way, Step(named[0], call)))
