"""How far the work of a window had come at each moment: the last reading is all of it, to the last request."""

import socket
from itertools import pairwise

import anyio
import anyio.to_thread
import pytest

from perfdoctor.collectors import ledger
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from tests.live.need import need
from tests.live.workload import workload
from tests.workloads import known_server as served

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
ASKED = served.CONNECTIONS * served.REQUESTS


async def test_the_last_reading_has_all_of_the_work() -> None:
    need(bpf.unavailable(HOST) is None, "the BPF engine cannot run here")
    async with workload("known_server.py") as program:
        port, _ = (await program.line()).split()
        attached, found = anyio.Event(), list[Evidence]()

        def talk() -> None:
            for _ in range(served.CONNECTIONS):
                with socket.create_connection(("127.0.0.1", int(port))) as connection:
                    for number in range(served.REQUESTS):
                        connection.sendall(f"GET /item/{number} HTTP/1.1\r\n\r\n".encode())
                        said = b""
                        while not said.endswith(b"\r\n\r\n"):
                            said += connection.recv(4096)

        async with anyio.create_task_group() as tasks:

            async def trace() -> None:
                target = find_target(HOST, program.pid, children=True)
                found.append(
                    await ledger.observe(
                        HOST, target, seconds=2, backend="bpf", progress=lambda _elapsed, _message: attached.set()
                    )
                )

            tasks.start_soon(trace)
            await attached.wait()
            await anyio.to_thread.run_sync(talk)
    (evidence,) = found
    pace = evidence.pace
    assert pace is not None and evidence.syscalls is not None
    first, last = pace[0], pace[-1]
    assert (first.at, first.cpu_seconds, first.calls, first.requests) == (0, 0, 0, 0)
    assert (last.accepted, last.requests, last.received) == (served.CONNECTIONS, ASKED, ASKED)
    # (a call or two may end while the window is being closed)
    assert 0 <= evidence.syscalls.calls - last.calls <= 3
    assert last.bytes == sum(row.bytes for row in evidence.syscalls.rows)
    assert last.cpu_seconds > 0
    assert len(pace) > 4
    for one, next_one in pairwise(pace):
        assert one.at < next_one.at
        for figure in ("cpu_seconds", "calls", "bytes", "accepted", "received", "requests"):
            assert getattr(one, figure) <= getattr(next_one, figure), figure
