"""Tasks of asyncio: where they wait, through which coroutines, and who awaits them."""

import os
import random
from collections import Counter

import pytest

from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.runtimes import tasks as reader
from perfdoctor.collectors.runtimes.python_objects import BROKEN
from perfdoctor.collectors.target import find_target
from perfdoctor.collectors.thread_stacks import measure
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.thread_stacks import TaskGroup, ThreadStacks
from perfdoctor.server.answers.thread_stacks import threads_answer
from perfdoctor.server.formatters.thread_stacks import say
from tests.live.need import need
from tests.live.test_engine import WALKABLE
from tests.live.workload import Workload, python_interpreters, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
READABLE = [version for version in WALKABLE if int(version.split(".")[1]) in reader.VERSIONS]
Chain = tuple[tuple[str, int | None], ...]


@pytest.fixture(autouse=True)
def memory_may_be_read() -> None:
    need(os.geteuid() == 0, "memory of other processes needs root")


async def looked_at(program: Workload) -> tuple[ThreadStacks, Evidence]:
    evidence = await measure(HOST, find_target(HOST, program.pid), seconds=0.2)
    assert evidence.thread_stacks
    return evidence.thread_stacks, evidence


def own(group: TaskGroup) -> Chain:
    """The coroutines of the workload."""
    return tuple(
        (frame.function, frame.line) for frame in group.stack if (frame.file or "").endswith("waiting_tasks.py")
    )


@pytest.mark.parametrize(
    ("version", "how"), [*((v, ()) for v in READABLE), (READABLE[-1] if READABLE else "", ("--thread",))]
)
async def test_every_task_is_where_it_waits(version: str, how: tuple[str, ...]) -> None:
    need(version, "no CPython whose tasks can be read")
    async with workload("waiting_tasks.py", *how, interpreter=python_interpreters()[version]) as program:
        lines = await program.work()
        found, evidence = await looked_at(program)
        await program.tell("stop")
    at = {name: (name, line) for name, line in lines.items()}
    assert Counter({(own(g), g.waits): g.tasks for g in found.tasks}) == {
        ((at["rest"], at["sleep_long"]), "Future"): 23,
        ((at["items"], at["read"]), "Future"): 7,
        ((at["locked"],), "Future"): 5,
        ((("Handle.__await__" if version >= "3.11" else "__await__", lines["handle"]), at["gathered"],
          at["gather_all"]), "Future"): 11,
        ((at["gather_all"],), "11 tasks (gather)"): 1,
        ((at["rest"], at["await_task"]), "Future"): 3,
        ((at["await_task"],), "a task"): 3,
        ((at["stop"], at["main"]), "Future"): 1,
    }  # fmt: skip
    assert {group.state for group in found.tasks} == {"waiting"}
    sleepers = next(group for group in found.tasks if group.tasks == 23)
    assert sleepers.names == tuple(sorted(f"sleeper {i}" for i in range(23))[:4])
    assert [frame.function for frame in sleepers.stack] == ["sleep", "rest", "sleep_long"]
    queued = next(group for group in found.tasks if group.tasks == 7)
    assert queued.stack[0].function == "Queue.get"
    assert all(name.startswith("Task-") for name in queued.names)
    how_so = evidence.collections["thread_stacks"]
    assert not how_so.warnings and not any("asyncio" in lack for lack in how_so.lacks)
    answer = threads_answer("r", evidence, rows=3, frames=4)
    assert (answer.total_tasks, answer.omitted_task_groups, answer.tasks[0].tasks) == (54, 5, 23)
    assert answer.tasks[0].location and answer.tasks[0].location.line == lines["rest"]
    assert "54 asyncio tasks, 23 of them waiting at " in answer.summary
    assert "23 tasks: " in say(answer)


@pytest.mark.parametrize("version", READABLE)
async def test_a_program_without_tasks_has_none(version: str) -> None:
    async with workload("small_objects.py", interpreter=python_interpreters()[version]) as program:
        found, evidence = await looked_at(program)
    assert not found.tasks
    assert not evidence.collections["thread_stacks"].warnings
    assert threads_answer("r", evidence, rows=3, frames=4).total_tasks == 0


async def test_where_they_cannot_be_read_it_is_said() -> None:
    others = [version for version in WALKABLE if version not in READABLE]
    need(others, "only interpreters whose tasks can be read")
    async with workload("waiting_tasks.py", interpreter=python_interpreters()[others[0]]) as program:
        found, evidence = await looked_at(program)
    assert not found.tasks
    lacks = evidence.collections["thread_stacks"].lacks
    assert any(lack.startswith(f"tasks of asyncio ({others[0]}: ") for lack in lacks)


class Torn:
    """Memory in which now and then a byte is another one, or a page is gone."""

    def __init__(self, whole: reader.Memory, seed: int) -> None:
        self._whole, self._random = whole, random.Random(seed)
        self.reads = 0

    def read(self, address: int, size: int) -> bytes:
        self.reads += 1
        assert size <= 16 << 18
        raw = bytearray(self._whole.read(address, size))
        if raw and self._random.random() < 0.02:
            raw[self._random.randrange(len(raw))] = self._random.randrange(256)
        if self._random.random() < 0.002:
            raise OSError(14, "Bad address")
        return bytes(raw)

    def resident(self, address: int, size: int) -> list[bool]:
        return self._whole.resident(address, size)

    def close(self) -> None: ...


async def test_torn_memory_gives_fewer_tasks_and_no_more() -> None:
    need(READABLE, "no CPython whose tasks can be read")
    async with workload("waiting_tasks.py", interpreter=python_interpreters()[READABLE[-1]]) as program:
        names = ProcessNames(HOST, program.pid, None)
        interpreter = names.find_interpreter()
        assert interpreter and names._memory and names._python
        counted = 0
        for seed in range(60):
            memory = Torn(names._memory, seed)
            made = reader.TaskReader(names._memory, names._python, interpreter)
            made._memory = memory
            try:
                found = made.read()
            except BROKEN:
                continue
            assert len(found.found) <= 54 and memory.reads < 20_000
            for task in found.found.values():
                assert len(found.chain(task)) <= 64
            counted += found.torn
        names.close()
    assert counted
