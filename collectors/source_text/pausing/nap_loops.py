"""What is the loop around a sleep for? By the source, as anybody would read it there.

A goroutine that sleeps 1 ms again and again may ask for something that is not there, or do a little work at a pace: the
runtime cannot tell them apart, but the source can. A sleep below ``if job == nil`` follows a look that found nothing;
one in a loop that does nothing but look (``if done { return }``) asks. All else is taken for a pace. A function that
does nothing but sleep (``nap()``) is as good as the sleep. What is told is a kind, never the text.
"""

from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.pausing.nap_words import (
    asks_each_nth,
    asks_to_stop,
    called_in,
    compares,
    counts,
    is_lock,
    is_of_time,
    leaves,
    missed,
    receives,
    words_in,
)
from perfdoctor.collectors.source_text.sources import Source, Sources
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.goroutines import NapLoop

if TYPE_CHECKING:
    from tree_sitter import Node

_HELPERS = 3
_OF_GO = ("runtime.", "time.")


class Napping(NamedTuple):
    """``loop`` is None where the source does not tell. ``stack`` is without the functions that do nothing but sleep."""

    loop: NapLoop | None
    stack: Stack


def napping(sources: Sources, stack: Stack) -> Napping:
    """What the loop around the sleep that a stack stands in is for."""
    above = next((n for n, frame in enumerate(stack) if not frame.function.startswith(_OF_GO)), len(stack))
    name, told = "Sleep", None
    for n in range(above, min(above + _HELPERS, len(stack))):
        source = sources.of(stack[n].file or "")
        sleep = _sleep(source, stack[n].line or 0, name) if source else None
        if sleep is None:
            break
        told = Napping(_loop_around(sleep), (*stack[:above], *stack[n:]))
        function = syntax.function_around(sleep)
        name = syntax.name_of(function) if function is not None else ""
        if function is None or not name or not _only_sleeps(function, sleep):
            return told
    return told or Napping(None, stack)


def _sleep(source: Source, line: int, name: str) -> "Node | None":
    """The statement in a line that calls ``name``, and does nothing else."""
    found = [
        each
        for each in source.near(line)
        if each.type == "expression_statement" and called_in(each) == name and each.start_point[0] + 1 == line
    ]
    return found[0] if len(found) == 1 and not source.is_broken_at(line) else None


def _only_sleeps(function: "Node", sleep: "Node") -> bool:
    body = function.child_by_field_name("body")
    return body is not None and all(each == sleep or counts(each) for each in _statements(body))


def _statements(block: "Node") -> list["Node"]:
    """What stands in a block, or a case of a select, one after the other."""
    lists = [each for each in block.named_children if each.type == "statement_list"]
    found = [inner for each in lists for inner in each.named_children] if lists else block.named_children
    return [each for each in found if each.type not in ("comment", "empty_statement")]


def _holder(statement: "Node") -> "Node | None":
    """What the block is of that a statement stands in: a loop, an ``if``, a function, a case of a select."""
    each = statement.parent
    while each is not None and each.type in grammar.BLOCKS:
        each = each.parent
    return each


def _clause(loop: "Node") -> "Node | None":
    """What stands between the word ``for`` and the block."""
    return next((each for each in loop.named_children if each.type not in ("block", "comment")), None)


def _goes_on(loop: "Node") -> bool:
    """Whether a loop may wait for something: it does not go over elements, and not until a moment."""
    clause = _clause(loop)
    return clause is None or not (clause.type == "range_clause" or is_of_time(clause))


def _loop_around(sleep: "Node") -> NapLoop | None:
    holder = _holder(sleep)
    if holder is None or is_of_time(sleep):
        return NapLoop.PACED
    if holder.type == "for_statement":
        body = holder.child_by_field_name("body")
        if body is None or (_clause(holder) is None and _statements(body) == [sleep]):
            return None  # (it does nothing at all)
        return NapLoop.ASKS if _goes_on(holder) and _only_asks(holder, body, sleep) else NapLoop.PACED
    if holder.type == "default_case" and holder.parent is not None:
        return _in_select(holder.parent, holder, sleep)
    return _below_a_condition(holder, sleep) if holder.type == "if_statement" else NapLoop.PACED


def _around_in_loop(statement: "Node") -> tuple[list["Node"], list["Node"]] | None:
    """What stands before and behind a statement in a loop that may wait; None where it stands in no such loop."""
    loop = _holder(statement)
    body = loop.child_by_field_name("body") if loop is not None and loop.type == "for_statement" else None
    if loop is None or body is None or not _goes_on(loop):
        return None
    all_of_it = _statements(body)
    at = all_of_it.index(statement) if statement in all_of_it else 0
    return all_of_it[:at], all_of_it[at + 1 :]


def _below_a_condition(own: "Node", sleep: "Node") -> NapLoop:
    """The sleep is in a block of an ``if``, or of an ``else`` of it."""
    first, consequence = own, own.child_by_field_name("consequence")
    while first.parent is not None and first.parent.type == "if_statement":
        first = first.parent
    beside = _around_in_loop(first)
    if beside is None:
        return NapLoop.PACED
    before, behind = beside
    below = consequence is not None and syntax.start_within(sleep, consequence)
    condition = (own if below else first).child_by_field_name("condition")
    nothing = (missed(condition) or compares(condition)) and not asks_each_nth(condition)
    if condition is None or not (nothing if below else not missed(condition)):
        return NapLoop.PACED
    block = consequence if below else own.child_by_field_name("alternative")
    rest = [each for each in _statements(block) if each != sleep] if block is not None else []
    if not all(is_lock(each) or counts(each) or _assigns(each) for each in rest):
        return NapLoop.PACED
    head = own if below else first
    asked = words_in(condition) | words_in(head.child_by_field_name("initializer"))
    if any((asked | words_in(sleep)) & _assigned(each) for each in rest):
        return NapLoop.PACED  # (a burst is over, and the next one may begin; or the pause grows)
    if any(each.type == "continue_statement" for each in rest):
        return NapLoop.EMPTY
    # Without a word that it looks again it must be the loop's last, and ask about what was found in the loop.
    has_else = first.child_by_field_name("alternative") is not None
    made = first.child_by_field_name("initializer") is not None
    found = made or has_else or any(asked & _assigned(each) for each in before)
    return NapLoop.EMPTY if found and not behind else NapLoop.PACED


def _in_select(select: "Node", default: "Node", sleep: "Node") -> NapLoop:
    """Below ``default``: nothing has come. What comes is work, or a word to stop: then it is a poll if alone."""
    beside = _around_in_loop(select)
    rest = [each for each in _statements(default) if each != sleep]
    if beside is None or not all(is_lock(each) or counts(each) for each in rest):
        return NapLoop.PACED
    works = [each for case in select.named_children if case != default for each in _of_case(case)]
    if all(leaves(each) for each in works):
        return NapLoop.PACED if any(beside) else NapLoop.ASKS
    return NapLoop.EMPTY


def _of_case(case: "Node") -> list["Node"]:
    if case.type not in ("communication_case", "default_case"):
        return []
    return [each for each in _statements(case) if each != case.child_by_field_name("communication")]


def _assigns(statement: "Node") -> bool:
    return statement.type in grammar.STEPS or statement.type in (*grammar.ASSIGNMENTS, "var_declaration")


def _assigned(statement: "Node") -> set[str]:
    """The names that a statement gives a value, with what these are parts of."""
    targets = (syntax.target_of(each) for each in syntax.within(statement, functions=True))
    return set().union(*(words_in(each) for each in targets))


def _only_asks(loop: "Node", body: "Node", sleep: "Node") -> bool:
    """Whether a loop with a sleep in it does nothing else than to look whether it may end, or may go on."""
    if _sleeps_with_lock(body, sleep):
        return False  # (as work would)
    clause = _clause(loop)
    asked = clause is not None and clause.type != "for_clause"
    looked_at, made = words_in(clause), list[set[str]]()
    for each in _statements(body):
        if each == sleep or is_lock(each):
            continue
        if each.type in ("if_statement", "select_statement"):
            answer = _looks(each) if each.type == "if_statement" else _is_asked_to_stop(each)
            if answer is None:
                return False
            asked = asked or answer
            heads = (each.child_by_field_name("initializer"), each.child_by_field_name("condition"))
            looked_at |= set().union(*map(words_in, heads)) if answer else set()
        elif _assigns(each) and not receives(each) and not _makes_functions(each):
            made.append(_assigned(each))
        else:
            return False
    return asked and all(names & looked_at for names in made)


def _makes_functions(statement: "Node") -> bool:
    return any(each.type in grammar.FUNCTIONS for each in syntax.within(statement, functions=True))


def _sleeps_with_lock(body: "Node", sleep: "Node") -> bool:
    before = (each for each in syntax.within(body) if is_lock(each) and each.start_byte < sleep.start_byte)
    names = [called_in(each) for each in before]
    locks = [name for name in names if name != "Gosched"]
    return bool(locks) and not locks[-1].endswith("Unlock")


def _looks(statement: "Node") -> bool | None:
    """Whether an ``if`` that leaves the loop was told something. None: it did something, which may have failed."""
    condition, first = statement.child_by_field_name("condition"), statement.child_by_field_name("initializer")
    consequence = statement.child_by_field_name("consequence")
    head = [each for each in (first, condition) if each is not None]
    if condition is None or consequence is None or statement.child_by_field_name("alternative") is not None:
        return None
    if any(map(receives, head)) or not any(map(leaves, syntax.within(consequence))):
        return None
    if any(asks_to_stop(each) or is_of_time(each) for each in head):
        return False
    if missed(condition):
        calls = any(any(syntax.calls_in(part)) for part in head)
        return None if calls else False
    return True


def _is_asked_to_stop(select: "Node") -> bool | None:
    """Of a select without a wait: all that it does is to leave."""
    inside = [each for case in select.named_children for each in _of_case(case)]
    without_wait = any(case.type == "default_case" for case in select.named_children)
    return True if without_wait and inside and all(map(leaves, inside)) else None
