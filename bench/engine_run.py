"""One trace by the engine, as a process of its own: ``python bench/engine_run.py PID SECONDS HOW``.

HOW is counts, stacks, cpu, network, growth, allocations, objects, locks or floor (an empty program on the same two
hooks). Prints ``attached MS`` as soon as data flows and ``answered MS LOST`` when the answer is there: milliseconds
after the question, and after the window's end.
"""

import sys
import time
from pathlib import Path

import anyio

from perfdoctor.collectors import allocations, network
from perfdoctor.collectors.backends.bpf.libbpf import Object
from perfdoctor.collectors.cpu import trace_cpu
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.locks import measure as trace_locks
from perfdoctor.collectors.syscalls import trace_syscalls
from perfdoctor.collectors.target import find_target


async def measure(pid: int, seconds: float, how: str) -> None:
    host = LocalHost()
    asked = time.monotonic()
    attached = 0.0

    def progress(_elapsed: float, _message: str) -> None:
        nonlocal attached
        if not attached:
            attached = time.monotonic()
            print("attached", round((attached - asked) * 1000, 1), flush=True)

    target = find_target(host, pid)
    if how == "cpu":
        evidence = await trace_cpu(host, target, seconds=seconds, backend="bpf", progress=progress)
    elif how == "network":
        evidence = await network.measure(host, target, seconds=seconds, backend="bpf", progress=progress)
    elif how in ("growth", "allocations", "objects"):
        evidence = await allocations.measure(
            host, target, seconds=seconds, mode=how, most_events=1 << 60, most_share=1e9, progress=progress
        )
    elif how == "locks":
        evidence = await trace_locks(host, target, seconds=seconds, backend="bpf", progress=progress)
    else:
        evidence = await trace_syscalls(
            host, target, seconds=seconds, backend="bpf", stacks=how == "stacks", progress=progress
        )
    late = time.monotonic() - attached - seconds
    lost = sum(collection.lost for collection in evidence.collections.values())
    print("answered", round(late * 1000, 1), lost, flush=True)


def floor(seconds: float) -> None:
    import perfdoctor.collectors.backends.bpf as room

    asked = time.monotonic()
    program = Object(Path(str(room.__file__)).with_name("empty.bpf.o"))
    try:
        program.load()
        program.attach("enter")
        program.attach("leave")
        print("attached", round((time.monotonic() - asked) * 1000, 1), flush=True)
        time.sleep(seconds)
    finally:
        program.close()
    print("answered", 0, 0, flush=True)


if __name__ == "__main__":
    pid, seconds, how = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    if how == "floor":
        floor(seconds)
    else:
        anyio.run(measure, pid, seconds, how)
