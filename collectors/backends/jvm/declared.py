"""Where a thread waits to enter a synchronized method: at its declaration, as people see it.

Java's own line for that is the method's first statement, at which nothing is locked.
"""

import re
from functools import partial

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.source_text.target_files import lines_of
from perfdoctor.schemas.frame import FrameKind
from perfdoctor.schemas.locks import LockProfile, LockWait

_ABOVE = 4
"""lines above its first statement that a declaration begins within"""
_MONITOR = "monitor of "
_BLOCK = re.compile(r"\bsynchronized\s*\(")


def at_declarations(host: Host, pid: int, profile: LockProfile) -> LockProfile:
    """The same profile. Sources that cannot be read leave the line as it is."""
    texts: dict[str, list[str]] = {}
    place = partial(_placed, host, pid, texts)
    locks = tuple(
        lock.model_copy(update={"waiters": tuple(map(place, lock.waiters))}) if lock.name.startswith(_MONITOR) else lock
        for lock in profile.locks
    )
    return profile.model_copy(update={"locks": locks})


def _placed(host: Host, pid: int, texts: dict[str, list[str]], wait: LockWait) -> LockWait:
    inner = wait.waiter[0] if wait.waiter else None
    if inner is None or inner.kind is not FrameKind.JAVA or not inner.line or not (inner.file or "").startswith("/"):
        return wait
    file = inner.file or ""
    if file not in texts:
        texts[file] = lines_of(host, pid, file)
    line = declared_at(texts[file], inner.line, inner.function.rpartition(".")[2])
    if line is None:
        return wait
    return wait.model_copy(update={"waiter": (inner.model_copy(update={"line": line}), *wait.waiter[1:])})


def declared_at(text: list[str], first: int, method: str) -> int | None:
    """The line of the declaration of a synchronized ``method`` whose first statement is in line ``first`` (from 1)."""
    if not 0 < first <= len(text) or _BLOCK.search(text[first - 1]):
        return None
    declares = re.compile(rf"\bsynchronized\b[^(;]*\b{re.escape(method)}\s*\(")
    lines = range(first, max(0, first - 1 - _ABOVE), -1)
    return next((number for number in lines if declares.search(text[number - 1])), None)
