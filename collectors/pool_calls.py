"""Which line of JavaScript asked for a file operation that a thread of libuv's pool did?

The pool's stacks hold no JavaScript: fs.promises and the functions of fs that take a callback hand the operation over,
and return. But V8 samples the main thread while it hands over: in the function of node:fs for that operation, with the
user's line above. Such a sample speaks for the operation of that kind that begins nearest to it, and so for the file;
the calls upon a file are divided as the samples that speak for it are. Files with so few calls that a sample could
not be expected are divided as all of that operation are; others for which none speaks have nobody's line (a stream's).
What readFile and its kin do after their first await has no line above it any more: it belongs to the line that had the
same file opened. So the counts are exact, and who asked is found by operation and file, not for each call.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from perfdoctor.collectors.timeline import Event, Sample, call_of, divide, together
from perfdoctor.schemas.frame import THREAD_POOL, Frame, FrameKind, Stack
from perfdoctor.schemas.syscalls import SyscallProfile, SyscallRow

# node:fs  node:internal/fs/promises  fs.js (before Node.js 16)
_OF_FILES = re.compile(r"(?:node:)?(?:internal/)?fs(?:/.*|\.js)?\Z")
_OF_NODE = re.compile(r"node:|(?:internal/)?\w+(?:/\w+)*\.js\Z")
_SYNCHRONOUS = re.compile(r"\w+Sync\Z")
# What node:fs, and its binding, call an operation; others are called as the system call is.
_NAMES = {
    "open": ("open", "openFileHandle", "readFile", "writeFile", "appendFile"),
    "close": ("close",),
    "read": ("read", "readv", "readBuffers"),
    "write": ("write", "writev", "writeBuffer", "writeBuffers", "writeString", "writeFileHandle"),
    "stat": ("stat",),
    "lstat": ("lstat",),
    "fstat": ("fstat", "readFileHandle"),
    "fsync": ("fsync", "sync"),
    "fdatasync": ("fdatasync", "datasync"),
    "access": ("access", "exists"),
    "readdir": ("readdir",),
    "copyfile": ("copyFile",),
    **{name: (name,) for name in ("unlink", "rename", "mkdir", "rmdir", "readlink", "ftruncate")},
}
_OPERATIONS = {name: operation for operation, names in _NAMES.items() for name in names}
_CALLS = {
    **dict.fromkeys(("open", "openat", "openat2", "creat"), "open"),
    **dict.fromkeys(("read", "pread64", "readv", "preadv", "preadv2"), "read"),
    **dict.fromkeys(("write", "pwrite64", "writev", "pwritev", "pwritev2"), "write"),
    **dict.fromkeys(("access", "faccessat", "faccessat2"), "access"),
    **{f"{name}at": name for name in ("unlink", "rename", "mkdir", "readlink")},
    "renameat2": "rename",
}
_WHOLE = re.compile(r"uv__fs_(l?stat|fstat|scandir|copyfile)\Z")
"""of libuv: what makes calls of several kinds, or one call for operations of several kinds"""
_HANDS_OVER = re.compile(r"uv_fs_(\w+)\Z")
_LIBUVS = {"scandir": "readdir"}
_STATS = frozenset({"statx", "newfstatat"})
_POOL = Frame(kind=FrameKind.NATIVE, function=THREAD_POOL, module="node")
_LEAST = 0.2
"""of the samples that speak for a row: a line with fewer may be a neighbour"""
_ENOUGH = 5
"""samples, from which on those of an operation say in which proportion several lines ask for it"""
_SOON, _BEGINS_WITHIN, _BEGAN_WITHIN = 150_000, 4_000_000, 100_000
"""Nanoseconds. A thread of the pool that has nothing to do begins some 50 µs after it was asked, or as soon as it gets
a core; a sample that is taken behind the handing over may find it at work. Where events are missing, one that begins
later than soon may be the next line's: 4 of the 12 samples later than 150 µs were, and none of the 123 before."""
_GAPS = 0.1
"""of the events that were not sent: from there on the next one that is known may be a later one"""
_NEARLY_ALL = 0.9
"""of an operation's calls: a row with so many is divided by all of that operation's samples, which are more"""
_MOST = 64
"""stacks that one row is divided among"""
_BY_ITSELF = frozenset({"read", "write", "fstat", "close"})
"""what readFile, writeFile and appendFile do after they have opened their file"""

_Key = tuple[int, str, str | None, Stack]


@dataclass(slots=True)
class _Asked:
    """Who asked, by samples: for rows, and for operations whatever the file."""

    rows: dict[Hashable, Counter[Stack]] = field(default_factory=lambda: defaultdict(Counter))
    operations: dict[str, Counter[Stack]] = field(default_factory=lambda: defaultdict(Counter))
    matched: Counter[str] = field(default_factory=Counter)
    """of the operations' samples those that speak for a row"""
    others: set[str] = field(default_factory=set)
    """operations that JavaScript of other threads asks the same pool for: V8 samples the main one alone"""


@dataclass(slots=True)
class PoolCalls:
    """``placed`` calls of the pool have a line now, ``unplaced`` have none. ``of_workers``: some of those because
    worker threads ask the same pool for the same, and V8 samples the main thread alone."""

    profile: SyscallProfile
    placed: int = 0
    unplaced: int = 0
    of_workers: bool = False


def place_pool_calls(
    profile: SyscallProfile, samples: Iterable[Sample], events: Sequence[Event], *, main: int, unsent: int = 0
) -> PoolCalls:
    """The same calls; those that the pool did for thread ``main`` with the lines that asked for them. ``unsent`` events
    more there were."""
    own = [row for row in profile.rows if row.pid == main and is_pools(row.stack)]
    if not own:
        return PoolCalls(profile)
    within = _SOON if unsent > _GAPS * (unsent + len(events)) else _BEGINS_WITHIN
    asked = _who_asked(samples, events, main, within)
    shares = dict(_shares(own, asked))
    placed = sum(row.calls for row in own if _key(row) in shares)
    merged: dict[_Key, SyscallRow] = {}
    for row in profile.rows:
        found = shares.get(_key(row))
        outer = {(*_within(row.stack), _POOL, *stack): times for stack, times in found.items()} if found else {}
        for part in divide(row, outer) if outer else (row,):
            key = _key(part)
            merged[key] = together(merged[key], part) if key in merged else part
    rows = sorted(merged.values(), key=lambda r: (-r.seconds, -r.calls, r.syscall, r.pid))
    told = profile.model_copy(update={"rows": tuple(rows)})
    return PoolCalls(told, placed, sum(row.calls for row in own) - placed, bool(asked.others))


def is_pools(stack: Stack) -> bool:
    """Whether libuv's pool did a file operation. (What an addon has it do is not asked for through node:fs.)"""
    return any(frame.function == "uv__fs_work" for frame in stack) and not any("node::" in f.function for f in stack)


def _handed_over(stack: Stack) -> str:
    """The operation that a thread handed to the pool; empty for other calls. (One of the pool's threads is woken up for
    it by a system call, unless all of them are at work.)"""
    names = [frame.function for frame in stack]
    found = next((found[1] for name in names if (found := _HANDS_OVER.match(name))), "")
    return _LIBUVS.get(found, found) if "uv__work_submit" in names else ""


def _key(row: SyscallRow) -> _Key:
    return row.pid, row.syscall, row.object, row.stack


def _within(stack: Stack) -> Stack:
    """The native frames of the operation, without those of the thread that did it."""
    end = next((i for i, frame in enumerate(stack) if frame.function == "uv__fs_work"), len(stack) - 1)
    return stack[: end + 1]


def _who_asked(samples: Iterable[Sample], events: Sequence[Event], main: int, within: int) -> _Asked:
    begun: dict[str, list[tuple[int, Hashable]]] = defaultdict(list)
    kinds: dict[int, str] = {}  # by identity: events of a row share their key, and its hash is that of a whole stack
    handed_over: dict[int, str] = {}
    for event in events:
        if event.tid == main:
            continue
        if id(event.key) not in kinds:
            call = call_of(event.key)
            kinds[id(event.key)] = _operation(*call) if call and is_pools(call[1]) else ""
            handed_over[id(event.key)] = _handed_over(call[1]) if call else ""
        if kind := kinds[id(event.key)]:
            begun[kind].append((event.began, event.key))
    asked = _Asked(others={kind for kind in handed_over.values() if kind})
    times: dict[str, list[int]] = {}
    for kind, those in begun.items():
        those.sort(key=lambda one: one[0])
        times[kind] = [at for at, _ in those]
    for sample in samples:
        found = _asks(sample.stack)
        if found is None:
            continue
        kind, stack = found
        asked.operations[kind][stack] += 1
        if (i := _begun_for(times.get(kind, ()), sample.at, within)) is not None:
            asked.rows[begun[kind][i][1]][stack] += 1
    return asked


def _begun_for(times: Sequence[int], at: int, within: int) -> int | None:
    """Which operation begins for a sample at ``at``: the nearest, since a thread of the pool may begin while this one
    still stands where it handed over."""
    i = bisect_left(times, at)
    before = at - times[i - 1] if i else _BEGAN_WITHIN + 1
    behind = times[i] - at if i < len(times) else within + 1
    if before <= _BEGAN_WITHIN and (before < behind or behind > within):
        return i - 1
    return i if behind <= within else None


def _operation(syscall: str, stack: Stack) -> str:
    """What the pool was asked for: one operation may make several calls."""
    whole = next((found[1] for frame in stack if (found := _WHOLE.match(frame.function))), None)
    if whole:
        return _LIBUVS.get(whole, whole)
    return "stat" if syscall in _STATS else _CALLS.get(syscall, syscall)


def _asks(stack: Stack) -> tuple[str, Stack] | None:
    """The operation that a sample is about to hand over, or just has, and who asked: node:fs's own function that the
    user called, and all above it. None for a sample that stands elsewhere, or that has nobody's line above."""
    end = next((i for i, f in enumerate(stack) if f.kind is FrameKind.JAVASCRIPT and not _is_nodes(f)), None)
    if not end:
        return None
    inner = stack[:end]
    if not any(_is_of_files(frame) for frame in inner) or any(_SYNCHRONOUS.match(f.function) for f in inner):
        return None
    for i, frame in enumerate(inner):
        # (the innermost may be the binding's own)
        name = frame.function.rpartition(".")[2]
        if name in _OPERATIONS and (_is_of_files(frame) or (not i and frame.kind is FrameKind.NATIVE)):
            entry = next(f for f in reversed(inner) if _is_of_files(f))
            return _OPERATIONS[name], (entry.model_copy(update={"line": None}), *stack[end:])
    return None


def _is_nodes(frame: Frame) -> bool:
    return not frame.file or _OF_NODE.match(frame.file) is not None


def _is_of_files(frame: Frame) -> bool:
    return frame.file is not None and _OF_FILES.match(frame.file) is not None


def _shares(rows: Sequence[SyscallRow], asked: _Asked) -> Iterator[tuple[_Key, Mapping[Stack, int]]]:
    """Of each row who asked for its calls, in which proportion."""
    kinds = [(row, kind) for row in rows if (kind := _operation(row.syscall, row.stack)) not in asked.others]
    calls: Counter[str] = Counter()
    for row, kind in kinds:
        calls[kind] += row.calls
        asked.matched[kind] += asked.rows[_key(row)].total() if _key(row) in asked.rows else 0
    dealers = {kind: _Dealer(dict(stacks.most_common(_MOST))) for kind, stacks in asked.operations.items()}
    opened: dict[str | None, Counter[Stack]] = {}
    for row, kind in sorted(kinds, key=lambda one: one[1] != "open"):
        part, own = row.calls / max(1, calls[kind]), asked.rows.get(_key(row))
        opener = opened.get(row.object) if kind in _BY_ITSELF else None
        shares: Mapping[Stack, int] = {}
        if opener and all(_does_more(stack) for stack in opener):
            shares = opener
        elif own:
            shares = _likely(own if part < _NEARLY_ALL else asked.operations[kind])
        elif (dealer := dealers.get(kind)) and opener != Counter():
            expected = part * (asked.matched[kind] if dealer.is_one_line else asked.operations[kind].total())
            if expected < 1 and (dealer.is_one_line or asked.operations[kind].total() >= _ENOUGH):
                shares = dealer.deal(row.calls or 1)
        if kind == "open" and row.object:
            opener = opened.setdefault(row.object, Counter())
            opener.update({stack: row.calls * times for stack, times in shares.items()})
        if shares:
            yield _key(row), shares


def _does_more(stack: Stack) -> bool:
    """Whether a function of node:fs was asked that opens a file itself, and does the rest with it by itself."""
    return stack[0].function.rpartition(".")[2] != "open"


def _likely(stacks: Counter[Stack]) -> dict[Stack, int]:
    """Without the lines that few of the samples are of."""
    lines: Counter[Stack] = Counter()
    for stack, times in stacks.items():
        lines[stack[:2]] += times
    # (one sample alone may have been taken beside the operation that it speaks for)
    least = max(_LEAST * stacks.total(), 2 if stacks.total() > 2 else 0)
    likely = Counter({stack: times for stack, times in stacks.items() if lines[stack[:2]] >= least})
    return dict((likely or stacks).most_common(_MOST))


class _Dealer:
    """Deals calls out in proportion to ``weights``, so that many rows of one call each are divided rightly, too."""

    def __init__(self, weights: Mapping[Stack, int]) -> None:
        self._weights, self._total = weights, sum(weights.values())
        self._dealt = 0
        self._given: Counter[Stack] = Counter()

    @property
    def is_one_line(self) -> bool:
        return len({stack[:2] for stack in self._weights}) == 1

    def deal(self, calls: int) -> dict[Stack, int]:
        self._dealt += calls
        parts: Counter[Stack] = Counter()
        for stack, weight in self._weights.items():
            due = self._dealt * weight // self._total - self._given[stack]
            parts[stack] = max(0, min(due, calls - parts.total()))
        if rest := calls - parts.total():
            owed = max(
                self._weights, key=lambda s: self._dealt * self._weights[s] / self._total - self._given[s] - parts[s]
            )
            parts[owed] += rest
        self._given.update(parts)
        return dict(+parts)
