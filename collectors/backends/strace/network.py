"""Asks strace for socket calls alone; it stops the target at every other call as well."""

import os
from collections.abc import Iterable, Mapping

from anyio import to_thread

from perfdoctor.collectors.backends.strace import command
from perfdoctor.collectors.backends.strace.backend import NAME, Processes, attached, failed, follow
from perfdoctor.collectors.backends.strace.sockets import SocketReader
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.peers import PeerName
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.schemas.network import NetworkUse
from perfdoctor.schemas.recording import Collection, TargetCost
from perfdoctor.schemas.target import Target

_SECONDS_PER_CALL = 45e-6
"""with -yy it asks the kernel about each socket, too (bench/overhead.py)"""


async def trace_network(
    host: Host,
    target: Target,
    *,
    seconds: float,
    listening: Iterable[int],
    known: Mapping[int, PeerName],
    progress: Progress,
) -> Measured[NetworkUse]:
    """Every socket call of the target, its threads and what they fork, without source lines. ``known`` names the
    connections that are open already, by inode. ProblemError when strace cannot attach. Cancelling detaches."""
    pids = await to_thread.run_sync(tree, host, target)
    traced = [pid for pid in pids if pid != os.getpid()]
    reader = SocketReader(Processes(host, traced).of, listening, known, None if target.children else target.pid)
    async with host.run(command.trace_sockets(traced)) as program:
        await attached(host, program, traced)
        window = await follow(program, reader, target.pids, seconds, progress)
        errors = await program.errors()
    reader.close()
    if reader.lines == 0 and b"attached" not in errors:
        raise failed(errors)
    return Measured(reader.use(), _collection(reader, len(pids) - len(traced)), window)


def _collection(reader: SocketReader, left_out: int) -> Collection:
    warnings = ["strace stops the target twice at every system call: times are longer than without it"]
    if left_out:
        warnings.append("perfdoctor itself belongs to the target: its own calls are left out")
    cost = TargetCost(kind="stops", events=2 * reader.calls, estimated_seconds=reader.calls * _SECONDS_PER_CALL)
    return Collection(
        backend=NAME,
        exact=reader.not_understood == 0,
        not_understood=reader.not_understood,
        lacks=("stacks", "source lines", "times of connects that did not wait", "segments sent again"),
        cost=cost,
        warnings=tuple(warnings),
    )
