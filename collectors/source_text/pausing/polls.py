"""Which sleeps are pauses of a poll, by the source: the loop around does nothing but look again.

``while not self._letters: sleep(0.01)`` finds nothing each time but the last, whatever is done with what is found, and
whatever the length of the pause. Of Go, whose sleeps no call shows, ``nap_loops.py`` tells the same of goroutines.
"""

import re
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import comparisons, grammar, syntax
from perfdoctor.collectors.source_text.pausing.paces import CLOCKS, sleep_at
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_TRIES = 3
"""within each other"""
_WHILES = grammar.words("while_statement while_expression do_statement")
_ALONE = _WHILES | grammar.IFS | {"match_arm"}
_ENDLESS = grammar.words("while_statement while_expression do_statement for_statement loop_expression")
_LOCKS = grammar.words("lock unlock acquire release pthread_mutex_lock pthread_mutex_unlock mtx_lock mtx_unlock")
_EMPTY = grammar.words("isEmpty is_empty empty is_none isNone")
_FOUND = grammar.words("!= !== >") | {"is not"}
_NOTHING = ("None", "null", "NULL", "nullptr", " 0", " -1", '""', "''")
_NONE_YET = re.compile(r"\b(?:\w*Empty\w*|WouldBlock|BlockingIOError|FileNotFoundError|None|Err)\b")
"""in what is caught, or matched, where nothing has come"""


def is_poll(source: Source, line: int) -> bool:
    """Whether a line sleeps in a loop which only looks whether something has come."""
    sleep = sleep_at(source, line)
    statement = _statement(sleep) if sleep is not None else None
    if statement is None:
        return False
    holder, rest = _holder(statement)
    if holder is None:
        return False
    if holder.type in _WHILES:
        return _waits(holder, rest)
    if holder.type in grammar.IFS:
        return _is_behind_nothing(holder, statement, rest)
    if holder.type in ("except_clause", "catch_clause", "match_arm"):
        told = syntax.text_of(holder).partition("{" if holder.type != "except_clause" else ":")[0]
        return bool(_NONE_YET.search(told)) and all(map(_goes_on, rest)) and _in_endless_loop(holder)
    return False


def _statement(node: "Node") -> "Node | None":
    """What ``node`` stands in that stands in a block itself, or is all that a loop, a condition or an arm has."""
    for each in syntax.around(node):
        held = each.parent
        if held is None or each.type in grammar.FUNCTIONS:
            return None
        if held.type in grammar.BLOCKS or held.type in _ALONE:
            return each
    return None


def _holder(statement: "Node") -> tuple["Node | None", list["Node"]]:
    """The loop or condition whose block a statement stands in, and what else stands there. (A ``try`` around a pause
    that may be interrupted counts as the pause.)"""
    each: Node | None = statement
    for _ in range(_TRIES):
        block = each.parent if each is not None else None
        if each is None or block is None or block.type not in grammar.BLOCKS:
            return block, []
        rest = [other for other in block.named_children if other != each and not other.type.endswith("comment")]
        holder = block.parent
        while holder is not None and holder.type in ("expression_statement", "else_clause"):
            holder = holder.parent
        if holder is None or holder.type != "try_statement" or rest:
            return holder, rest
        each = holder
    return None, []


def _waits(loop: "Node", rest: list["Node"]) -> bool:
    condition = loop.child_by_field_name("condition")
    if condition is None or _is_of_time(condition):
        return False
    # (``while running`` waits for the end of the program)
    parts = [part for part in comparisons.parts_of_answer(condition) if not syntax.text_of(part).endswith(_NOTHING)]
    asks = _misses(condition) or any(map(comparisons.is_an_answer, parts))
    asked = {syntax.text_of(each) for each in syntax.within(condition) if each.type in grammar.NAMES}
    return asks and bool(asked) and all(_looks_again(each, asked) for each in rest)


def _looks_again(statement: "Node", asked: set[str]) -> bool:
    """Whether a statement gives what the loop asks for a new value (that it counts is none), or lets others do so."""
    inner = [each for each in syntax.within(statement) if syntax.target_of(each) is not None]
    if inner:
        targets = [
            set[str]() if each.type in grammar.STEPS else syntax.targets_in(syntax.target_of(each)) for each in inner
        ]
        return all(names & asked for names in targets)
    return any(syntax.called_name(each) in _LOCKS for each in syntax.calls_in(statement))


def _is_behind_nothing(condition: "Node", sleep: "Node", rest: list["Node"]) -> bool:
    """``if job is None: sleep(…); continue``, or an ``else`` of what was found, in a loop that goes on."""
    consequence = condition.child_by_field_name("consequence")
    asked = condition.child_by_field_name("condition")
    below = consequence is not None and syntax.start_within(sleep, consequence)
    if asked is None or _is_of_time(asked) or _misses(asked) is not below or not all(map(_goes_on, rest)):
        return False
    has_else = condition.child_by_field_name("alternative") is not None
    over = has_else or any(map(_continues, rest)) or _is_last(condition)
    return over and _in_endless_loop(condition)


def _is_last(condition: "Node") -> bool:
    """Whether nothing follows in the block that a condition stands in."""
    statement = _statement(condition)
    block = statement.parent if statement is not None else None
    inside = [each for each in block.named_children if not each.type.endswith("comment")] if block is not None else []
    return inside[-1:] == [statement]


def _continues(statement: "Node") -> bool:
    return any(each.type.startswith("continue") for each in syntax.within(statement))


def _goes_on(statement: "Node") -> bool:
    """Whether a statement only counts, or goes on with the loop."""
    counts = any(each.type in grammar.STEPS for each in syntax.within(statement))
    return (counts or _continues(statement)) and not any(syntax.calls_in(statement))


def _in_endless_loop(node: "Node") -> bool:
    loop = next((each for each in syntax.around(node) if each.type in grammar.LOOPS | grammar.FUNCTIONS), None)
    if loop is None or loop.type not in _ENDLESS:
        return False
    condition = loop.child_by_field_name("condition")
    told = syntax.loop_of(loop)
    return told is not None and not told.over and (condition is None or not _is_of_time(condition))


def _misses(condition: "Node") -> bool:
    """Whether a condition holds where nothing was found: ``not jobs``, ``job is None``, ``n <= 0``, ``q.isEmpty()``."""
    for each in syntax.within(condition):
        text = syntax.text_of(each)
        if each.type in ("not_operator", "unary_expression") and text.startswith(("not ", "!")):
            return True
        if each.type in grammar.CALLS and syntax.called_name(each) in _EMPTY:
            return True
        # (each twentieth round is no miss)
        if each.type in grammar.COMPARISONS and text.endswith(_NOTHING):
            operators = {child.type for child in each.children if not child.is_named}
            if operators & grammar.COMPARES_BY:
                return not operators & _FOUND and "%" not in text
    return False


def _is_of_time(condition: "Node") -> bool:
    return any(syntax.called_name(each) in CLOCKS for each in syntax.calls_in(condition))
