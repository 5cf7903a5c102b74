"""Does the engine see what an event loop did between two looks at events?"""

import shutil

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ledger import observe
from perfdoctor.collectors.target import find_target
from perfdoctor.diagnosis.ledger import ledger
from tests.live.need import need
from tests.live.while_it_works import while_it_works
from tests.live.workload import workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]


async def test_the_stretches_between_polls_and_what_filled_them() -> None:
    need(shutil.which("unshare"), "live tests run on Linux")
    host = LocalHost()
    async with workload("known_loop.py") as program:
        target = find_target(host, program.pid)
        [evidence], [did] = await while_it_works(
            lambda progress: observe(host, target, seconds=60, progress=progress), programs=[program]
        )
    [thread] = evidence.loops or ()
    assert thread.stack[0].function.endswith("select")
    # every stretch ends in a poll, but the last one: that ends with the loop
    assert thread.polls - 1 <= sum(thread.histogram) <= thread.polls
    assert thread.poll_seconds + thread.off_seconds <= 1.01 * evidence.window.seconds
    # a callback's wait for an answer is none of the loop's, though it polls too
    assert evidence.syscalls is not None
    events = sum(row.seconds for row in evidence.syscalls.rows if row.syscall == "epoll_wait")
    assert thread.poll_seconds == pytest.approx(events, rel=0.1)
    held = did["slept"] + did["waited"] + did["spun"]
    assert thread.off_seconds >= held
    assert thread.longest_seconds >= 0.15
    late = [row for row in thread.late if any(frame.function == "compute" for frame in row.stack)]
    assert sum(row.seconds for row in late) >= 0.3 * did["spun"]
    account = ledger(evidence)
    [loop] = account.loops
    assert (loop.kind, loop.blocked_call) == ("asyncio", "clock_nanosleep")
    assert loop.blocked_at is not None and loop.blocked_at.function == "block"
    assert loop.blocked_seconds >= 0.99 * (did["slept"] + did["waited"])
    assert abs(account.unaccounted) <= 0.02 * account.thread_seconds
