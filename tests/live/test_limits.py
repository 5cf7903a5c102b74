"""What control groups did to a real process. The groups are our own, below the one that we are in, and are removed."""

import os
import sys

import anyio
import pytest

from perfdoctor.collectors.cgroups.limits import LimitsMeter
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.process import watch
from perfdoctor.collectors.target import find_target
from perfdoctor.server.formatters import process as formatter
from tests.live.control_groups import group, limited_cpu

pytestmark = [pytest.mark.anyio, pytest.mark.live]

HOST = LocalHost()
BUSY = "print('ready', flush=True)\nwhile True: pass"


async def test_throttling_is_seen_and_said() -> None:
    with limited_cpu() as folder:
        busy = await anyio.open_process([sys.executable, "-c", BUSY])
        try:
            assert busy.stdout is not None
            await busy.stdout.receive()
            (folder / "cgroup.procs").write_text(str(busy.pid))
            answer = await watch(HOST, find_target(HOST, busy.pid), seconds=2)
        finally:
            busy.kill()
            await busy.aclose()
    limits = answer.limits
    assert limits is not None
    assert limits.cpu == pytest.approx(0.05) and limits.set_by["cpu"].endswith(folder.name)
    assert limits.throttled_share is not None and limits.throttled_share > 0.3
    assert limits.throttled_seconds is not None and limits.throttled_seconds > 0.2
    assert "throttled in" in answer.summary and "0.05 cores" in answer.summary
    assert "Control group" in formatter.say_watched(answer)


async def test_a_group_without_pressure_is_no_reproach() -> None:
    with limited_cpu() as folder:
        idle = await anyio.open_process([sys.executable, "-c", "print('ready', flush=True)\ninput()"])
        try:
            assert idle.stdout is not None
            await idle.stdout.receive()
            (folder / "cgroup.procs").write_text(str(idle.pid))
            answer = await watch(HOST, find_target(HOST, idle.pid), seconds=0.6)
        finally:
            idle.kill()
            await idle.aclose()
    assert answer.limits is not None and answer.limits.throttled_share == 0
    assert "throttled" not in answer.summary


async def test_the_number_of_tasks() -> None:
    with group("pids", pids__max="64") as folder:
        idle = await anyio.open_process([sys.executable, "-c", "print('ready', flush=True)\ninput()"])
        try:
            assert idle.stdout is not None
            await idle.stdout.receive()
            (folder / "cgroup.procs").write_text(str(idle.pid))
            found = LimitsMeter(HOST, idle.pid).limits()
        finally:
            idle.kill()
            await idle.aclose()
    assert found is not None and (found.pids, found.pids_used) == (64, 1)


def test_our_own_groups_are_read_without_a_complaint() -> None:
    found = LimitsMeter(HOST, os.getpid()).limits()
    assert found is None or found.group.startswith("/")
