"""One call, two windows: the second tells who holds the locks that the first saw threads wait for."""

import shutil
import time

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ledger import observe
from perfdoctor.collectors.target import find_target
from perfdoctor.diagnosis.ledger import ledger
from perfdoctor.diagnosis.second_look import wants_locks
from perfdoctor.schemas.evidence import Evidence
from tests.live.need import need
from tests.live.workload import workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]


async def test_a_second_window_within_the_time_names_the_holder() -> None:
    need(shutil.which("unshare"), "live tests run on Linux")
    host = LocalHost()
    told: list[float] = []
    async with workload("problems/mutex_ledger.c") as program:
        target = find_target(host, program.pid)
        began = time.monotonic()
        evidence = await observe(
            host, target, seconds=2, progress=lambda elapsed, _: told.append(elapsed), closer=wants_locks
        )
        took = time.monotonic() - began
    assert 1.3 < evidence.window.seconds < 2, "the shares rest on the first window"
    assert evidence.window.partial is None
    assert evidence.locks is not None and evidence.syscalls is not None and evidence.cpu is not None
    assert any("second window" in warning for warning in evidence.collections["locks"].warnings)
    [lock] = [lock for lock in evidence.locks.locks if lock.name.startswith("lock")][:1] or evidence.locks.locks[:1]
    holders = {frame.function for wait in lock.waiters for frame in wait.holder}
    assert "book" in holders
    assert told == sorted(told) and took >= 1.9
    account = ledger(evidence)
    assert abs(account.unaccounted) <= 0.02 * account.thread_seconds
    assert Evidence.model_validate_json(evidence.model_dump_json()) == evidence, "a recording holds both"
