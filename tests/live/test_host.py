"""What the machine itself does for us: programs that end with us, and tracepoints that only one program sees."""

import os
import signal
import sys
from pathlib import Path

import anyio
import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.host.private_tracefs import FOLDER
from tests.live.need import need

pytestmark = [pytest.mark.anyio, pytest.mark.live]

STARTS_A_DEAF_ONE = """
import sys
import anyio
from perfdoctor.collectors.host.local import LocalHost

async def main():
    deaf = "from signal import *; signal(2, SIG_IGN); signal(15, SIG_IGN); print('ready', flush=True); pause()"
    async with LocalHost().run([sys.executable, "-c", deaf]) as program:
        async for _ in program.output():
            print(program.pid, flush=True)

anyio.run(main)
"""


async def test_when_we_are_killed_our_programs_end() -> None:
    need(LocalHost().which("setpriv"), "setpriv of util-linux is missing")
    us = await anyio.open_process([sys.executable, "-c", STARTS_A_DEAF_ONE], stderr=None)
    assert us.stdout is not None
    started = int((await us.stdout.receive()).split()[0])  # (said once for each piece of output)
    waiting = os.pidfd_open(started)
    try:
        os.kill(us.pid, signal.SIGKILL)
        with anyio.fail_after(5):
            await anyio.wait_readable(waiting)
        assert await us.wait() == -signal.SIGKILL
    finally:
        os.close(waiting)
        await us.aclose()


async def test_tracepoints_are_mounted_for_one_program_alone() -> None:
    need(os.geteuid() == 0 and Path(FOLDER).is_dir(), "only root may mount tracefs, on a kernel that has it")
    mounted = Path("/proc/self/mounts").read_text()
    look = f"import os; print('raw_syscalls' in os.listdir('{FOLDER}/events'), os.getpid())"
    async with LocalHost().run([sys.executable, "-c", look], tracefs=True) as program:
        said = b"".join([chunk async for chunk in program.output()]).split()
        assert said == [b"True", str(program.pid).encode()], await program.errors()
    assert Path("/proc/self/mounts").read_text() == mounted
