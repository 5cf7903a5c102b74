"""Where was a lock taken that is let go at the end of a block?

Guards of C++ and Rust let go where their block ends: a line with nothing but a brace. Who looks for what holds the lock
wants the line that declares the guard.
"""

import re
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.own_files import may_be_own
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.locks import Lock

if TYPE_CHECKING:
    from tree_sitter import Node

_END = re.compile(r"[\s})\];]*\}[\s})\];]*(?://.*)?")
_GUARD = re.compile(
    r"\b(?:lock_guard|unique_lock|scoped_lock|shared_lock)\b|^let\b.*\.(?:lock|read|write)\(\)", re.DOTALL
)
_DECLARES = frozenset({"declaration", "let_declaration"})


def with_guards(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, in whose stacks of who let a lock go such a line is that of the guard."""
    if evidence.locks is None or not evidence.locks.locks:
        return evidence
    locks = tuple(_told(sources, lock) for lock in evidence.locks.locks)
    return evidence.model_copy(update={"locks": evidence.locks.model_copy(update={"locks": locks})})


def _told(sources: SourcesOfAll, lock: Lock) -> Lock:
    def at_guard(stack: Stack) -> Stack:
        for i, frame in enumerate(stack):
            if frame.line and may_be_own(frame.file or ""):
                source = sources.of(lock.pid).of(frame.file or "")
                line = guard_of(source, frame.line) if source is not None else None
                return (*stack[:i], frame.model_copy(update={"line": line}), *stack[i + 1 :]) if line else stack
        return stack

    holders = tuple(hold.model_copy(update={"stack": at_guard(hold.stack)}) for hold in lock.holders)
    waiters = tuple(wait.model_copy(update={"holder": at_guard(wait.holder)}) for wait in lock.waiters)
    return lock.model_copy(update={"holders": holders, "waiters": waiters})


def guard_of(source: Source, line: int) -> int | None:
    """The line that declares the guard which is gone at the end of a block; None where a line is no such end, or the
    block has none."""
    if not 0 < line <= len(source.lines) or not _END.fullmatch(source.lines[line - 1]):
        return None
    for block in _blocks_that_end_at(source, line):
        for each in block.named_children:
            if each.type in _DECLARES and _GUARD.search(syntax.text_of(each)):
                return each.start_point[0] + 1
    return None


def _blocks_that_end_at(source: Source, line: int) -> "list[Node]":
    near = source.near(line)
    return [each for each in near if each.type in grammar.BLOCKS and each.end_point[0] + 1 == line]
