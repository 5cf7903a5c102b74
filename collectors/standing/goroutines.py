"""Which goroutines stand alike, waiting for the same?"""

import struct
from collections import defaultdict

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.go_program import NotReadableError
from perfdoctor.collectors.runtimes.goroutines import (
    Goroutine,
    GoroutineReader,
    Goroutines,
    stack_of,
)
from perfdoctor.collectors.runtimes.native import NativeNames
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.thread_stacks import TaskGroup

_NAMES = 4
_BEGINS = "runtime.goexit"
_OWN = ("runtime.", "runtime/")
_PARKS = frozenset({"runtime.gopark", "runtime.goparkunlock"})
"""how each that waits stands: that tells nothing"""


def goroutine_groups(host: Host, pid: int) -> tuple[tuple[TaskGroup, ...], Goroutines, str]:
    """The largest first, without those that the runtime keeps for itself; what was read; and why nothing was, if so."""
    try:
        reader = GoroutineReader(host, pid)
    except NotReadableError as error:
        return (), Goroutines(), str(error)
    names = NativeNames(host, pid)
    try:
        found = reader.read()
        return _groups(pid, found, names), found, ""
    except (OSError, struct.error):
        return (), Goroutines(), "it has ended"
    finally:
        names.close()
        reader.close()


def _groups(pid: int, found: Goroutines, names: NativeNames) -> tuple[TaskGroup, ...]:
    alike: defaultdict[tuple[str, str, Stack], list[Goroutine]] = defaultdict(list)
    stacks: dict[tuple[int, ...], Stack] = {}
    for one in found.found:
        if one.places not in stacks:
            stacks[one.places] = _named(one.places, names)
        stack = stacks[one.places]
        if not one.places or stack:
            alike[one.state, one.reason, stack].append(one)
    made = [
        TaskGroup(
            pid=pid,
            tasks=len(group),
            state=state,
            waits=reason,
            names=tuple(f"goroutine {one.ident}" for one in sorted(group)[:_NAMES]),
            stack=stack,
        )
        for (state, reason, stack), group in alike.items()
    ]
    return tuple(sorted(made, key=lambda group: (-group.tasks, group.names)))


def _named(places: tuple[int, ...], names: NativeNames) -> Stack:
    """The frames of a goroutine; none of one that only runs code of the runtime."""
    frames = list(stack_of(places, names))
    while frames and frames[-1].function.startswith(_BEGINS):
        frames.pop()
    while frames and frames[0].function in _PARKS:
        del frames[0]
    return () if all(frame.function.startswith(_OWN) for frame in frames) else tuple(frames)
