"""With how many different arguments are the functions of a Python program called? Looks at its frames, beside a window.

What a function works out again for what it has been given before could be kept. Neither the kernel nor a profiler sees
that: they see that it runs. Looks are samples; each tells of the calls that its threads are in, and whether they are
others than those of the looks before.
"""

import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.looking import opened, while_looking
from perfdoctor.collectors.runtimes.python_arguments import ArgumentReader, Call, Text
from perfdoctor.collectors.runtimes.python_objects import BROKEN
from perfdoctor.schemas.cpu import RecurringCalls
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame
from perfdoctor.schemas.recording import Collection
from perfdoctor.schemas.target import Target

NAME = "frames"
_EVERY = 0.01
_SHARE = 0.03
"""of the time may go into looks"""
_PROCESSES = 4
_MOST_FUNCTIONS, _MOST_CALLS, _MOST_TURNS = 2048, 1024, 1 << 14
_LONGEST = 0.01
"""seconds of a look: of many threads some are passed over"""
_LEAST = 24
"""calls that were looked at: of fewer nothing is told"""
_TIMES = 4
"""calls for each different set of arguments, from which on they recur"""
_KEPT = 0.8
"""of the texts that were looked for after the call"""
_TOLD = 64
_DULL = 32
"""calls, nearly all with others: the function is not looked at any more"""


@dataclass(slots=True)
class _Function:
    """``seen``: the calls of it that were met; ``different``: what they were given."""

    frame: Frame | None = None
    seen: set[int] = field(default_factory=set)
    different: set[int] = field(default_factory=set)
    own: bool = False
    objects: bool = False
    long: bool = False
    """it is given long texts"""
    texts: tuple[Text, ...] = ()
    """those of the last call that was met, which are looked for when it is over"""
    looked_for: int = 0
    kept: int = 0

    @property
    def is_dull(self) -> bool:
        return len(self.seen) >= _DULL and 2 * len(self.different) > len(self.seen)

    @property
    def keeps(self) -> bool | None:
        """Whether the long texts that it is given are kept; None where it is given none."""
        return self.kept >= _KEPT * self.looked_for > 0 if self.long else None


class _Process:
    def __init__(self, pid: int, names: ProcessNames, reader: ArgumentReader) -> None:
        self.pid = pid
        self._names, self._reader = names, reader
        self._functions: dict[int, _Function] = {}
        self._turns: dict[tuple[int, int], int] = {}
        """by thread and function: how often it was gone since, so that who calls it anew is told from who goes on"""
        self._present: dict[int, set[int]] = {}

    def look(self) -> None:
        until = time.monotonic() + _LONGEST
        if len(self._turns) > _MOST_TURNS or len(self._present) > _MOST_TURNS:
            self._turns.clear()
            self._present.clear()
        for thread, calls in self._reader.running():
            codes = {call.code for call in calls}
            for code in self._present.get(thread, set()) - codes:
                self._turns[thread, code] = self._turns.get((thread, code), 0) + 1
            self._present[thread] = codes
            for call in calls:
                self._take(thread, call)
            if time.monotonic() > until:
                return
        self._look_for_texts(until)

    def _look_for_texts(self, until: float) -> None:
        """Of the functions that are over: is what they were given still there?"""
        running = {code for codes in self._present.values() for code in codes}
        for code, one in self._functions.items():
            if one.texts and code not in running and time.monotonic() < until:
                one.looked_for += 1
                one.kept += all(map(self._reader.is_still, one.texts))
                one.texts = ()

    def _take(self, thread: int, call: Call) -> None:
        one = self._functions.get(call.code)
        if one is None:
            if len(self._functions) >= _MOST_FUNCTIONS:
                return
            one = self._functions[call.code] = _Function()
        which = hash((call.context, self._turns.get((thread, call.code), 0)))
        if which in one.seen or len(one.seen) >= _MOST_CALLS or one.is_dull:
            return
        try:
            given = self._reader.given(call)
        except BROKEN:
            return
        # (of a frame that was being made its name may not be found: the next one's is)
        one.frame = one.frame or self._reader.frame(call)
        one.seen.add(which)
        one.different.add(given.same)
        one.own, one.objects = one.own or given.own, one.objects or given.objects
        one.long, one.texts = one.long or bool(given.texts), given.texts

    def recurring(self) -> Iterator[RecurringCalls]:
        for one in self._functions.values():
            if len(one.seen) < _LEAST or _TIMES * len(one.different) > len(one.seen):
                continue
            if one.frame is not None and one.frame.file:
                yield RecurringCalls(
                    pid=self.pid,
                    file=one.frame.file,
                    function=one.frame.function,
                    calls=len(one.seen),
                    different=len(one.different),
                    of_object=one.own,
                    objects=one.objects,
                    kept=one.keeps,
                )

    def close(self) -> None:
        self._names.close()


class ArgumentWatch:
    """Looks at the frames of a target. ``begin`` before the first look."""

    def __init__(self, host: Host, target: Target) -> None:
        self._host, self._target = host, target
        self._processes: list[_Process] = []
        self._cost = 0.0
        self.looks = 0
        self.why_not = "it has no CPython whose frames can be read"

    def begin(self) -> None:
        self._processes = opened(self._host, self._target, _PROCESSES, _look_into)
        if self._processes:
            self.why_not = ""

    @property
    def pause(self) -> float:
        """Seconds until the next look: others each time, so that they do not beat with what the target does."""
        return max(_EVERY, self._cost / _SHARE) * random.uniform(0.5, 1.5)  # noqa: S311 (no secret)

    def look(self) -> None:
        spent = time.thread_time()
        for process in self._processes:
            with suppress(*BROKEN):
                process.look()
        self.looks += 1
        self._cost = time.thread_time() - spent

    def end(self) -> tuple[RecurringCalls, ...]:
        found = (one for process in self._processes for one in process.recurring())
        return tuple(sorted(found, key=lambda one: -one.calls)[:_TOLD])

    def close(self) -> None:
        for process in self._processes:
            process.close()
        self._processes.clear()


def _look_into(pid: int, names: ProcessNames) -> _Process | None:
    reader = names.argument_reader() if names.find_interpreter() is not None else None
    return _Process(pid, names, reader) if reader is not None else None


async def beside(host: Host, target: Target, window: Callable[[], Awaitable[Evidence]]) -> Evidence:
    """What ``window`` sees, and which functions are called with the same arguments again and again, before those that
    its CPU profile knows."""
    watch = ArgumentWatch(host, target)
    try:
        evidence = await while_looking(watch, window)
        recurring = watch.end()
    finally:
        watch.close()
    if not recurring or evidence.cpu is None:
        return evidence
    how = Collection(backend=NAME, exact=False, reason=f"{watch.looks:,} looks at its frames")
    cpu = evidence.cpu.model_copy(update={"recurring": recurring})
    return evidence.model_copy(update={"cpu": cpu, "collections": evidence.collections | {"arguments": how}})
