"""Who of a Python program's tasks waits for a pool, a lock or a semaphore of asyncio? Looks at them, beside a window.

A task that waits holds no thread, so the kernel sees nothing of it: the program seems to have little to do. Its memory
tells. Looks are samples: how long is estimated, how often is only a lower bound.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.looking import opened, while_looking, with_sampled
from perfdoctor.collectors.runtimes.maps import read_mappings
from perfdoctor.collectors.runtimes.python_objects import BROKEN
from perfdoctor.collectors.runtimes.tasks import VERSIONS, Task, TaskReader
from perfdoctor.collectors.task_locks import Asked, asked
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.locks import Lock, LockKind, LockProfile, LockWait, Waiting
from perfdoctor.schemas.recording import Collection
from perfdoctor.schemas.target import Target

NAME = "tasks"
_EVERY = 0.02
_SHARE = 0.02
"""of the time may go into looks: of a program with many tasks they are rarer"""
_LONGEST, _FIRST = 0.004, 0.05
"""seconds of a look, so that there are some each second: of many tasks not all are looked at each time; and of the
first one, before the window, which finds out what all is called"""
_PROCESSES = 8
_MOST_LOCKS, _MOST_LINES, _DEEPEST = 1024, 4096, 16
_TOLD = 64
"""locks, those that were waited for most"""
LACKS = ("which task holds a lock of asyncio",)


_Where = tuple[bytes, ...]
"""what stands in the frames of coroutines: as good as their stack, and sooner compared"""


@dataclass(slots=True)
class _Seen:
    """Waits with one stack."""

    stack: Stack
    seconds: float = 0.0
    waits: int = 0
    longest: float = 0.0


@dataclass(slots=True)
class _Lock:
    """``present``: looks that found somebody waiting."""

    asked: Asked
    size: int | None = None
    present: int = 0
    tasks: set[int] = field(default_factory=set)
    at: dict[_Where, _Seen] = field(default_factory=dict)


_Key = tuple[LockKind, str | int]
"""a lock's address says which it is; where it is not known, its name"""


class _Process:
    """The tasks of one process, as the looks of one window find them."""

    def __init__(self, pid: int, names: ProcessNames, reader: TaskReader) -> None:
        self.pid, self.torn = pid, 0
        self._names, self._reader = names, reader
        self._locks: dict[_Key, _Lock] = {}
        self._asked: dict[_Where, Asked | None] = {}
        self._waiting: dict[int, tuple[_Key, int, float]] = {}
        """by task: what it waits for with which future, and since which look"""
        self._parents: dict[int, Task] = {}
        """by task: the one that awaits it"""
        self._before = 0.0

    def look(self, seconds: float) -> None:
        began = time.monotonic()
        since, self._before = began - (self._before or began), began
        seen = self._reader.glance(seconds)
        self.torn += seen.torn
        weight = seen.total / max(1, seen.looked_at)
        whole = seen.looked_at == seen.total
        parents = {task.waiter: task for task in seen.found if task.waiter}
        if not whole:  # (one that was not looked at awaits what it awaited before)
            parents = dict([*self._parents.items(), *parents.items()][-_MOST_LINES:])
        self._parents = parents
        still, present = {}, set[_Key]()
        for task in seen.found:
            if task.state != "waiting" or not task.stack:
                continue
            where, stack = _chain(task, parents)
            if (wanted := self._wanted(where, stack)) is None:
                continue
            found = self._lock(task, wanted)
            if found is None:
                continue
            key, lock = found
            one = lock.at.setdefault(where, _Seen(stack))
            one.seconds += since * weight
            lock.tasks.add(task.address)
            was, future, first = self._waiting.get(task.address, (key, 0, began))
            if (was, future) != (key, task.waiter):
                first = began
                one.waits += 1
            one.longest = max(one.longest, began - first)
            still[task.address] = key, task.waiter, first
            present.add(key)
        for key in present:
            self._locks[key].present += 1
        if whole:
            self._waiting = still
        else:  # (a task that was not looked at may wait on)
            self._waiting = dict([*self._waiting.items(), *still.items()][-_MOST_LINES:])

    def _wanted(self, where: _Where, stack: Stack) -> Asked | None:
        if where not in self._asked:
            if len(self._asked) >= _MOST_LINES:
                return None
            self._asked[where] = asked(stack)
        return self._asked[where]

    def _lock(self, task: Task, wanted: Asked) -> tuple[_Key, _Lock] | None:
        """None: of too many locks, or it changed meanwhile."""
        try:
            at = self._reader.own(task.places[wanted.own]) if wanted.own is not None else 0
        except BROKEN:
            return None
        key = wanted.kind, at or wanted.name
        if key not in self._locks:
            if len(self._locks) >= _MOST_LOCKS:
                return None
            self._locks[key] = _Lock(wanted, self._size(at, wanted) if at else None)
        return key, self._locks[key]

    def _size(self, at: int, wanted: Asked) -> int | None:
        sizes = []
        for attribute in wanted.sizes:
            with suppress(*BROKEN):
                sizes.append(self._reader.number(at, attribute))
        return min((size for size in sizes if size), default=None)

    def locks(self, part: float, seconds: float, looks: int) -> Iterator[Lock]:
        for (_, which), lock in self._locks.items():
            rows = sorted(
                (
                    LockWait(waiter=seen.stack, waits=seen.waits, seconds=seen.seconds * part,
                             max_seconds=min(seen.longest, seconds))
                    for seen in lock.at.values()
                ),
                key=lambda row: -row.seconds,
            )  # fmt: skip
            yield Lock(
                pid=self.pid,
                kind=lock.asked.kind,
                name=lock.asked.name,
                address=which if isinstance(which, int) else None,
                waits=sum(row.waits for row in rows),
                seconds=sum(row.seconds for row in rows),
                max_seconds=max(row.max_seconds for row in rows),
                threads=len(lock.tasks),
                who=Waiting.TASKS,
                present=lock.present / max(1, looks),
                size=lock.size,
                waiters=tuple(rows),
            )

    def close(self) -> None:
        self._names.close()


def _chain(task: Task, parents: dict[int, Task]) -> tuple[_Where, Stack]:
    """Where the coroutines of a task, and of those that await it, stand."""
    chain, at = [task], parents.get(task.address)
    while at is not None and at not in chain and len(chain) < _DEEPEST:
        chain.append(at)
        at = parents.get(at.address)
    where = tuple(place.words for one in chain for place in one.places)
    return where, tuple(frame for one in chain for frame in one.stack)


class TaskWatch:
    """Looks at the tasks of a target. ``begin`` before the first look."""

    def __init__(self, host: Host, target: Target) -> None:
        self._host, self._target = host, target
        self._processes: list[_Process] = []
        self._began = self._last = self._cost = 0.0
        self.looks = 0
        self.why_not = "it has no tasks of asyncio"
        self.unread: set[str] = set()
        """versions of CPython that have asyncio, and tasks that cannot be read"""

    def begin(self) -> None:
        self._processes = opened(self._host, self._target, _PROCESSES, self._look_into)
        if self._processes:
            self.why_not = ""

    def _look_into(self, pid: int, names: ProcessNames) -> _Process | None:
        if names.find_interpreter() is None or names.interpreter is None:
            return None
        if names.interpreter.layout.minor not in VERSIONS:
            if any("/_asyncio." in mapping.path for mapping in read_mappings(self._host, pid)):
                self.unread.add(names.interpreter.version)
            return None
        reader = names.task_reader()
        if reader is None or not reader.has_any():
            return None
        reader.glance(_FIRST)
        return _Process(pid, names, reader)

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        return max(_EVERY, self._cost / _SHARE)

    def look(self) -> None:
        began, spent = time.monotonic(), time.thread_time()
        self._began, self._last = self._began or began, began
        for process in self._processes:
            with suppress(*BROKEN):
                process.look(_LONGEST / len(self._processes))
        self.looks += 1
        self._cost = time.thread_time() - spent

    def end(self, seconds: float) -> LockProfile:
        """The locks, most waited for first, as of ``seconds``, for the looks began before the window, and ended after
        it."""
        part = min(1.0, seconds / max(seconds, self._last - self._began))
        found = (lock for process in self._processes for lock in process.locks(part, seconds, self.looks))
        return LockProfile().of(sorted(found, key=lambda lock: -lock.seconds)[:_TOLD])

    @property
    def torn(self) -> int:
        return sum(process.torn for process in self._processes)

    def close(self) -> None:
        for process in self._processes:
            process.close()
        self._processes.clear()


def may_have_tasks(target: Target) -> bool:
    return target.runtime.startswith("python")


async def beside(host: Host, target: Target, window: Callable[[], Awaitable[Evidence]]) -> Evidence:
    """What ``window`` sees, and what tasks of asyncio wait for before the locks that it saw. Of a program without such
    tasks, or whose tasks wait for none, what it sees."""
    watch = TaskWatch(host, target)
    try:
        evidence = await while_looking(watch, window)
        profile = watch.end(evidence.window.seconds)
        torn = watch.torn
    finally:
        watch.close()
    if watch.unread:
        evidence = _lacking(evidence, ", ".join(sorted(watch.unread)))
    if not profile.locks:
        return evidence
    warnings = (f"{torn:,} times a task changed while it was read",) if torn else ()
    how = Collection(
        backend=NAME, exact=False, reason=f"{watch.looks:,} looks at its tasks", lacks=LACKS, warnings=warnings
    )
    profile, how = with_sampled(evidence, profile, how, of="locks of asyncio")
    return evidence.model_copy(update={"locks": profile, "collections": evidence.collections | {"locks": how}})


def _lacking(evidence: Evidence, versions: str) -> Evidence:
    lack = f"what tasks of asyncio wait for ({versions}: read of CPython 3.{VERSIONS.start} to 3.{VERSIONS.stop - 1})"
    how = evidence.collections["syscalls"]
    told = how.model_copy(update={"lacks": (*how.lacks, lack)})
    return evidence.model_copy(update={"collections": evidence.collections | {"syscalls": told}})
