"""Is a file known by its path when it is read by a copy of its descriptor?"""

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.syscalls import trace_syscalls
from perfdoctor.collectors.target import find_target
from tests.live.need import need
from tests.live.while_it_works import while_it_works
from tests.live.workload import workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()


async def test_what_is_read_by_a_copy_is_known_by_its_path() -> None:
    need(HOST.which("unshare"), "live tests run on Linux")
    async with workload("copied_descriptors.py") as program:
        target = find_target(HOST, program.pid)
        [evidence], [did] = await while_it_works(
            lambda progress: trace_syscalls(HOST, target, seconds=60, backend="bpf", progress=progress),
            programs=[program],
        )
    assert evidence.syscalls is not None
    rows = [row for row in evidence.syscalls.rows if (row.object or "").endswith("copied.bin")]
    assert sum(row.calls for row in rows if row.syscall == "pread64") == did["reads"]
    # another answer of fcntl is no descriptor
    written = [row for row in evidence.syscalls.rows if row.syscall == "write"]
    assert sum(row.calls for row in written) >= did["writes"]
    assert not any((row.object or "").endswith("copied.bin") for row in written)
