"""How many does a semaphore let through at a time, by the text of the file that waits for it?

CPython keeps how many may still pass, not how many may in all: while tasks stand in line that is 0. The number stands
where the semaphore is made, as such or by a name for it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.own_files import may_be_own
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.locks import Lock, LockKind, Waiting

if TYPE_CHECKING:
    from tree_sitter import Node

_MAKERS = grammar.words("Semaphore BoundedSemaphore CapacityLimiter")
_WAITERS = 8


def with_sizes(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, whose semaphores of tasks say how many they let through, where that is known."""
    if evidence.locks is None or not any(map(_is_asked, evidence.locks.locks)):
        return evidence
    locks = tuple(_sized(sources, lock) if _is_asked(lock) else lock for lock in evidence.locks.locks)
    return evidence.model_copy(update={"locks": evidence.locks.model_copy(update={"locks": locks})})


def _is_asked(lock: Lock) -> bool:
    return lock.kind is LockKind.SEMAPHORE and lock.who is Waiting.TASKS and lock.size is None


def _sized(sources: SourcesOfAll, lock: Lock) -> Lock:
    files = {f.file for wait in islice(lock.waiters, _WAITERS) for f in wait.waiter if f.file and may_be_own(f.file)}
    found = (sources.of(lock.pid).of(file) for file in sorted(files))
    sizes = [size for source in found if source is not None for size in sizes_in(source)]
    known = [size for size in sizes if size is not None]
    # (of several it may be any: the largest is the one that is meant to let most through)
    return lock.model_copy(update={"size": max(known)}) if known and len(known) == len(sizes) else lock


def sizes_in(source: Source) -> Iterator[int | None]:
    """Of each semaphore that a file makes; None where its number is not in the file."""
    for node in syntax.within(source.root, functions=True):
        if node.type in grammar.CALLS and syntax.called_name(node) in _MAKERS:
            arguments = syntax.arguments_of(node)
            yield _number(source, arguments[0]) if arguments else 1


def _number(source: Source, node: "Node") -> int | None:
    if node.type == "keyword_argument":
        return _number(source, value) if (value := node.child_by_field_name("value")) is not None else None
    if node.type == "identifier":
        values = source.assigned.get(syntax.text_of(node), [])
        return _literal(values[0]) if len(values) == 1 else None
    return _literal(node)


def _literal(node: "Node") -> int | None:
    text = syntax.text_of(node).replace("_", "")
    return int(text) if node.type == "integer" and text.isdecimal() and len(text) < 8 else None
