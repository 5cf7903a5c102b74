"""Measure exactly while a workload does its work."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from perfdoctor.collectors.progress import Progress
from perfdoctor.schemas.evidence import Evidence
from tests.live.workload import Workload

Measure = Callable[[Progress], Awaitable[Evidence]]
"""a question with a long window, to be told its progress"""


async def while_it_works(
    *measurements: Measure, programs: list[Workload], stop: bool = True
) -> tuple[list[Evidence], list[Any]]:
    """Begin every measurement, let every program work once, and end them, which closes the windows. Returns the
    evidence of each measurement and what each program says that it did.

    Programs live on until the next word of progress: code is named while the process is there to be asked. Without
    ``stop`` they live on, and the windows end by themselves."""
    found: list[Evidence | None] = [None] * len(measurements)
    truth: list[Any] = [None] * len(programs)
    heard = [anyio.Event() for _ in measurements]

    async def measure(number: int) -> None:
        def hear(_elapsed: float, _message: str) -> None:
            heard[number].set()
            heard[number] = anyio.Event()

        found[number] = await measurements[number](hear)
        heard[number].set()

    async def work(number: int) -> None:
        truth[number] = await programs[number].work()

    async with anyio.create_task_group() as tasks:
        for number in range(len(measurements)):
            tasks.start_soon(measure, number)
        for event in list(heard):
            await event.wait()
        async with anyio.create_task_group() as work_group:
            for number in range(len(programs)):
                work_group.start_soon(work, number)
        for event in list(heard):
            await event.wait()
        for program in programs if stop else ():
            await program.stop()
    return [evidence for evidence in found if evidence is not None], truth
