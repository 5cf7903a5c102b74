"""Which lines wait for the disk on behalf of several at once? By their text: what was gathered is gone over behind the
sync, and each is told. A group commit, however small it is, has gathered what it could. (Who is told of a record that
was synced alone, as the listeners of a channel are, has to do with it only afterwards.)
"""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.own_files import own_lines
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.syscalls import SYNCS, SharedSync

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_STACKS = 64
_CALLERS = 4
_TELLS = grammar.words(
    "set set_result set_exception setResult put put_nowait send Send try_send complete countDown set_value signal"
    " notify notify_one notify_all notifyAll resolve ack acknowledge respond reply release unpark unblock write"
    " write_all sendall close Done pthread_cond_signal sem_post"
)
"""functions and methods by which another is told that its wait is over"""


def with_shared_syncs(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, which knows the innermost own lines of such syncs."""
    shared = dict[tuple[str, int], bool]()
    rows = (row for row in (evidence.syscalls.rows if evidence.syscalls else ()) if row.syscall in SYNCS)
    for row in islice(rows, _MOST_STACKS):
        known = ((source, line) for file, line in own_lines(row.stack) if (source := sources.of(row.pid).of(file)))
        if lines := list(islice(known, _CALLERS)):
            own = lines[0][0].file, lines[0][1]
            shared[own] = shared.get(own, True) and _is_shared(lines)
    told = tuple(SharedSync(file=file, line=line) for (file, line), every in shared.items() if every)
    return evidence.model_copy(update={"shared_syncs": told}) if told else evidence


def _is_shared(lines: list[tuple[Source, int]]) -> bool:
    """Of a sync's line, and of those that called it."""
    for source, line in lines:
        if tells_afterwards(source, line):
            return True
        if any(source.loops_at(line)):
            return False  # (one sync each round, whatever the callers do)
    return _is_called_for_many(*lines[-1])


def _is_called_for_many(source: Source, line: int) -> bool:
    """Whether the only line of a file that calls the function of a line, or that one's only caller, tells afterwards:
    of what is awaited no stack says who called it."""
    for _ in range(_CALLERS):
        node = source.at(line)
        callers = source.calls.get(syntax.name_around(node), []) if node is not None else []
        if len(callers) != 1:
            return False
        line = callers[0].start_point[0] + 1
        if tells_afterwards(source, line):
            return True
        if any(source.loops_at(line)):
            return False
    return False


def tells_afterwards(source: Source, line: int) -> bool:
    """Whether, behind the statement that a line is in, a loop tells each of what was there before it."""
    return any(
        _tells_each(loop) and _mentioned(loop) & _mentioned_before(statement)
        for statement in _statements_at(source, line)
        for behind in _behind(statement)
        for loop in syntax.loops_in(behind)
    )


def _mentioned(loop: syntax.Loop) -> set[str]:
    """The names and members that a loop goes over."""
    heads = (*loop.over, *loop.begins, *((loop.condition,) if loop.condition is not None else ()))
    return {name for head in heads for each in syntax.within(head) for name in _name(each)} - loop.items


def _mentioned_before(statement: "Node") -> set[str]:
    """The names and members in a statement, and in its function before it."""
    function = syntax.function_around(statement)
    body = function.child_by_field_name("body") if function is not None else None
    before = syntax.within(body, functions=True) if body is not None else ()
    return {name for each in before if each.start_byte < statement.end_byte for name in _name(each)}


def _name(node: "Node") -> set[str]:
    return {syntax.text_of(node)} - grammar.SELF if node.type in grammar.NAMES | grammar.MEMBERS else set()


def _statements_at(source: Source, line: int) -> Iterator["Node"]:
    """The statement that a line is in, and those around it, up to the first loop or the function."""
    node = source.at(line)
    for each in syntax.around(node) if node is not None else ():
        if each.type in grammar.FUNCTIONS or syntax.loop_of(each) is not None:
            return
        yield each


def _behind(statement: "Node") -> Iterator["Node"]:
    each = statement.next_named_sibling
    while each is not None:
        yield each
        each = each.next_named_sibling


def _tells_each(loop: syntax.Loop) -> bool:
    if loop.body is None:
        return False
    # (a list that is followed by its links has no item of its own)
    items = loop.items or set(syntax.assigned_in(loop.body))
    for each in syntax.within(loop.body, functions=True):
        if each.type == "send_statement":
            whom = each.child_by_field_name("channel")
        elif each.type in grammar.CALLS and syntax.called_name(each) in _TELLS:
            whom = each
        elif each.type in grammar.CALLS and syntax.owner_of_call(each) is None:
            whom = each.child_by_field_name("function")
        else:
            continue
        if syntax.names_in(whom) & items:
            return True
    return False
