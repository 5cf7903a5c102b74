"""The views that a query of recordings sees: which there are, their columns, and their rows.

Columns come from the models of the evidence: each plain field is one. A stack becomes ``code_file``, ``code_line`` and
``code_function`` of the frame that its cost is charged to (the innermost of the user's own code) and ``stack``, the
frames as text, innermost first.
"""

import re
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, get_args, get_origin

from perfdoctor.diagnosis.user_code import charged
from perfdoctor.schemas.allocations import AllocationRow, MappedRow
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.disk import CacheRow, DiskRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.file_use import FileRow
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.frame import Frame, Stack
from perfdoctor.schemas.functions import FunctionRow
from perfdoctor.schemas.locks import Lock, LockHold, LockWait
from perfdoctor.schemas.memory import LivingRow, MemorySample
from perfdoctor.schemas.memory_map import KindUse, MappingUse
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.network import NameLookup, Peer, StatementShape, TalkRow
from perfdoctor.schemas.process import WatchAnswer
from perfdoctor.schemas.syscalls import ErrnoCount, SyscallRow
from perfdoctor.schemas.threads import ChildProcess, ThreadTime
from perfdoctor.schemas.waits import FaultRow, WaitRow
from perfdoctor.server.store.recording import Recording

_DEEPEST = 64
"""frames of a stack's text"""
_TEXT_ONLY = ("kernel", "native")
"""stacks beside another one, whose place says where"""
_TYPES = {int: "INTEGER", bool: "INTEGER", float: "REAL", str: "TEXT"}
_LARGE = 1 << 63
Value = int | float | str | None
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class View:
    """``about`` says what one row is. ``before`` are columns that ``rows`` puts before those of ``model``."""

    name: str
    about: str
    model: type[Model]
    rows: Callable[[Evidence], Iterable[tuple[Row, Model]]]
    before: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """(name, type in SQLite) of each column."""
        return (("recording", "TEXT"), *self.before, *_columns(self.model))


RECORDINGS = (
    ("id", "TEXT"), ("created", "REAL"), ("kind", "TEXT"), ("caller", "TEXT"), ("process", "TEXT"), ("pid", "INTEGER"),
    ("runtime", "TEXT"), ("commit_id", "TEXT"), ("build_id", "TEXT"), ("started", "REAL"), ("seconds", "REAL"),
    ("state", "TEXT"), ("summary", "TEXT"), ("bytes", "INTEGER"), ("pinned", "INTEGER"), ("label", "TEXT"),
    ("imported", "REAL"), ("shared", "INTEGER"),
)  # fmt: skip
"""columns of the view ``recordings``, which has a row for every recording; times are Unix time"""


def _of(part: str) -> Callable[[Evidence], Iterable[tuple[Row, Model]]]:
    """The rows of a part of the evidence: ``faults``, or ``cpu.rows`` of one that may be missing."""

    def rows(found: Evidence) -> Iterable[tuple[Row, Model]]:
        value: Any = found
        for name in part.split("."):
            value = None if value is None else getattr(value, name)
        return (((), row) for row in value or ())

    return rows


def _talk(part: str) -> Callable[[Evidence], Iterable[tuple[Row, Model]]]:
    """Rows of each peer, after its address."""
    return lambda found: (
        ((peer.address,), row) for peer in (found.network.peers if found.network else ()) for row in getattr(peer, part)
    )


def _lock(part: str) -> Callable[[Evidence], Iterable[tuple[Row, Model]]]:
    """Rows of each lock, after its name and kind."""
    return lambda found: (
        ((lock.name, lock.kind.value), row)
        for lock in (found.locks.locks if found.locks else ())
        for row in getattr(lock, part)
    )


_PEER = (("peer", "TEXT"),)
_LOCK = (("lock", "TEXT"), ("kind", "TEXT"))

VIEWS = (
    View("cpu", "CPU time of one stack", CpuRow, _of("cpu.rows")),
    View("syscalls", "system calls of one stack", SyscallRow, _of("syscalls.rows")),
    View("errors", "failed system calls by error", ErrnoCount, _of("syscalls.errnos")),
    View("waits", "time off the CPU outside system calls", WaitRow, _of("waits")),
    View("faults", "page faults of one stack", FaultRow, _of("faults")),
    View("threads", "where one thread's time went", ThreadTime, _of("threads")),
    View("children", "processes that were started", ChildProcess, _of("children")),
    View("files", "what one stack did with a file", FileRow, _of("file_use.rows")),
    View("file_facts", "a file as it was after the window", FileFact, _of("files")),
    View("disk", "block requests of one stack", DiskRow, _of("disk.rows")),
    View("cache_misses", "pieces of files that were not in memory", CacheRow, _of("disk.cache")),
    View("peers", "one other side of connections", Peer, _of("network.peers")),
    View("talks", "what one stack did with a peer", TalkRow, _talk("rows"), _PEER),
    View("statements", "requests of one form", StatementShape, _talk("statements"), _PEER),
    View("lookups", "a name that was asked of a name server", NameLookup, _of("network.names")),
    View("locks", "one lock", Lock, _of("locks.locks")),
    View("lock_waits", "waits at one stack that another one ended", LockWait, _lock("waiters"), _LOCK),
    View("lock_holds", "a lock held while others waited", LockHold, _lock("holders"), _LOCK),
    View("allocations", "what one stack allocated", AllocationRow, _of("allocations.rows")),
    View("mapped", "calls that map memory", MappedRow, _of("allocations.mapped")),
    View("living", "objects that were alive at the end", LivingRow, _of("living")),
    View("functions", "calls of one function", FunctionRow, _of("functions.rows")),
    View("memory", "one reading of the memory in use", MemorySample, _of("memory.samples")),
    View("memory_kinds", "memory of one kind", KindUse, _of("memory_map.kinds")),
    View("mappings", "one mapping", MappingUse, _of("memory_map.mappings")),
)
"""each has the rows of those recordings whose ids a statement names"""


def tables() -> dict[str, tuple[tuple[str, str], ...]]:
    """Every view with its columns."""
    return {"recordings": RECORDINGS, **{view.name: view.columns for view in VIEWS}}


def described(sql: str) -> str:
    """All views, and the columns of those that a statement names (of the first without any), as an error says it."""
    known = tables()
    named = [name for name in known if re.search(rf"\b{name}\b", sql, re.IGNORECASE)] or ["recordings", "cpu"]
    columns = "; ".join(f"{name}({', '.join(column for column, _ in known[name])})" for name in named[:4])
    return f"{', '.join(known)}. Columns: {columns}"


def recording_row(one: Recording) -> Row:
    target, window = one.target, one.window
    return (
        one.id, one.created, one.kind.value, one.caller, target.name, target.pid, target.runtime, target.commit,
        target.build_id, window.started, window.seconds, one.state, one.summary, one.bytes, int(one.pinned), one.label,
        one.imported, int(one.shared),
    )  # fmt: skip


def rows(identity: str, found: Evidence | WatchAnswer) -> Iterator[tuple[str, list[Row]]]:
    """(view, rows) of one recording; a watch has none."""
    if isinstance(found, WatchAnswer):
        return
    places = _Places(found.user_roots)
    for view in VIEWS:
        yield view.name, [(identity, *before, *_values(row, places)) for before, row in view.rows(found)]


@lru_cache
def _fields(model: type[Model]) -> tuple[tuple[str, str | None], ...]:
    """(field, type of its column) of each field that becomes a column; the type of a stack is None."""
    found: list[tuple[str, str | None]] = []
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, types.UnionType):
            kind = next(choice for choice in get_args(kind) if choice is not types.NoneType)
        if get_origin(kind) is tuple and get_args(kind)[0] is Frame:
            found.append((name, None))
        elif isinstance(kind, type) and issubclass(kind, Enum):
            found.append((name, "TEXT"))
        elif kind in _TYPES:
            found.append((name, _TYPES[kind]))
    return tuple(found)


@lru_cache
def _columns(model: type[Model]) -> tuple[tuple[str, str], ...]:
    columns: list[tuple[str, str]] = []
    for name, kind in _fields(model):
        if kind is not None:
            columns.append((name, kind))
            continue
        before = "code" if name == "stack" else name
        if name not in _TEXT_ONLY:
            columns += [(f"{before}_file", "TEXT"), (f"{before}_line", "INTEGER"), (f"{before}_function", "TEXT")]
        columns.append((name if name in ("stack", *_TEXT_ONLY) else f"{name}_stack", "TEXT"))
    return tuple(columns)


class _Places:
    """Stacks as columns, each worked out once."""

    def __init__(self, roots: tuple[str, ...]) -> None:
        self._roots = roots
        self._known: dict[Stack, tuple[Row, str]] = {}

    def of(self, stack: Stack) -> tuple[Row, str]:
        if stack not in self._known:
            at = charged(stack, self._roots)
            place: Row = (at.file or at.module, at.line, at.function) if at else (None, None, None)
            self._known[stack] = place, " < ".join(map(_frame, stack[:_DEEPEST]))
        return self._known[stack]


def _frame(frame: Frame) -> str:
    where = frame.file or frame.module
    return (
        f"{frame.function} {where}:{frame.line}" if where and frame.line else f"{frame.function} {where or ''}".strip()
    )


def _values(row: Model, places: _Places) -> Sequence[Value]:
    values: list[Value] = []
    for name, kind in _fields(type(row)):
        value: Any = getattr(row, name)
        if kind is None:
            place, text = places.of(value)
            values += [text] if name in _TEXT_ONLY else [*place, text]
        elif isinstance(value, Enum):
            values.append(str(value.value))
        elif isinstance(value, int) and abs(value) >= _LARGE:
            values.append(float(value))
        else:
            values.append(value)
    return values
