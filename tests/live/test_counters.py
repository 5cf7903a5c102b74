"""perf stat beside a question. The processor of a virtual machine has no counters: the kernel's own stand in."""

import anyio
import pytest

from perfdoctor.collectors.backends.perf.counters import count_events, processor_counts
from perfdoctor.collectors.cpu import trace_cpu
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.target import find_target
from tests.live.need import need
from tests.live.workload import workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()


async def test_events_are_counted() -> None:
    need(HOST.which("perf"), "perf is not installed")
    found = []
    async with workload("targets/touch_pages.py", "4001") as program:
        target, ended = find_target(HOST, program.pid), anyio.Event()

        async def count() -> None:
            found.extend(await count_events(HOST, target, ended, ("page-faults", "context-switches")))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(count)
            await anyio.sleep(1)
            await program.work()
            ended.set()
    counts = {each.event: each.count for each in found}
    assert 4001 <= counts["page-faults"] < 4101
    assert counts["context-switches"] > 0


async def test_the_counters_never_stand_in_the_way() -> None:
    async with workload("targets/touch_pages.py", "4001") as program:
        target, ended = find_target(HOST, program.pid), anyio.Event()
        ended.set()
        assert await count_events(HOST, target, ended, ("no-such-event",)) == ()
        evidence = await trace_cpu(HOST, target, seconds=0.3, backend="bpf")
    assert evidence.cpu is not None
    assert bool(evidence.cpu.events) <= processor_counts(HOST)
