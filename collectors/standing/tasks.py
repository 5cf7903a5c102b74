"""Which tasks of asyncio wait in the same coroutines for the same?"""

from collections import defaultdict
from collections.abc import Mapping

from perfdoctor.collectors.runtimes.tasks import Task, Tasks
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.thread_stacks import TaskGroup

_NAMES = 4


def groups(by_process: Mapping[int, Tasks]) -> tuple[TaskGroup, ...]:
    """The largest first."""
    alike: defaultdict[tuple[int, str, str, Stack], list[Task]] = defaultdict(list)
    for pid, tasks in by_process.items():
        for task in tasks.found.values():
            alike[pid, task.state, task.waits, tasks.chain(task)].append(task)
    made = [
        TaskGroup(
            pid=pid,
            tasks=len(group),
            state=state,
            waits=waits,
            names=tuple(sorted(task.name for task in group)[:_NAMES]),
            stack=stack,
        )
        for (pid, state, waits, stack), group in alike.items()
    ]
    return tuple(sorted(made, key=lambda group: (-group.tasks, group.pid, group.names)))
