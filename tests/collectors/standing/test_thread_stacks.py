"""What is told where a process may not be inspected, or the kernel keeps no account."""

import pytest

from perfdoctor.collectors.standing.states import StateWatch
from perfdoctor.collectors.thread_stacks import measure, unavailable
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.thread_stacks import ThreadState
from tests.collectors.machine import Machine, machine, process

pytestmark = pytest.mark.anyio

TARGET = Target(pid=42, start_time=5.0, name="shop")


def threads(*tids: int) -> Machine:
    host = machine(process(42))
    for tid in tids:
        for file in ("stat", "status"):
            host.files[f"/proc/42/task/{tid}/{file}"] = host.files[f"/proc/42/{file}"]
        host.files[f"/proc/42/task/{tid}/schedstat"] = "1000000000 500000000 7\n"
        host.files[f"/proc/42/task/{tid}/syscall"] = "0 0x3 0x0 0x0 0x0 0x0 0x0 0x7ffd0000 0x1000\n"
    host.links["/proc/42/fd/3"] = "/srv/a"
    return host


async def test_without_memory_there_are_states_and_calls() -> None:
    evidence = await measure(threads(42, 43), TARGET, seconds=0.1, backend="proc")
    found = evidence.thread_stacks
    assert found is not None and [row.tid for row in found.threads] == [42, 43]
    assert {row.state for row in found.threads} == {ThreadState.SLEEPING}
    assert {(row.waits.call, row.waits.object) for row in found.threads if row.waits} == {("read", "/srv/a")}
    assert all(row.rested and row.stack == () for row in found.threads)


async def test_what_the_kernel_denies_is_said() -> None:
    host = threads(42)
    host.denied = ("/proc/42/task/42/syscall",)
    evidence = await measure(host, TARGET, seconds=0.1, backend="proc")
    (lack,) = [lack for lack in evidence.collections["thread_stacks"].lacks if "ptrace" in lack]
    assert lack.startswith("stacks and calls of 1 threads")


async def test_no_tasks_no_answer() -> None:
    host = threads(42)
    host.denied = ("/proc/42/task",)
    assert unavailable(host, TARGET) is not None
    with pytest.raises(ProblemError):
        await measure(host, TARGET, seconds=0.1, backend="proc")


def test_threads_that_come_and_go() -> None:
    host = threads(42, 43)
    watch = StateWatch(host, TARGET)
    watch.look(0.0, whole=True)
    for path in [path for path in host.files if "/task/43/" in path]:
        del host.files[path]
    host.files |= {path.replace("/42/task/42/", "/42/task/44/"): text for path, text in host.files.items()}
    host.files["/proc/42/task/42/schedstat"] = "1250000000 600000000 9\n"
    watch.look(1.0, whole=True)
    assert watch.threads[43].ended and not watch.threads[42].ended
    assert watch.threads[42].running == 0.25 and round(watch.threads[42].runnable, 9) == 0.1
    # all that a thread used which began in the window is of the window
    assert watch.threads[44].began and watch.threads[44].running == 1.0


def test_without_the_schedulers_account_ticks_are_counted() -> None:
    host = threads(42)
    del host.files["/proc/42/task/42/schedstat"]
    watch = StateWatch(host, TARGET)
    watch.look(0.0)
    assert watch.no_account and watch.threads[42].runnable == 0.0
