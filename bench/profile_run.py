"""Our CPU profile as a process of its own: ``python bench/profile_run.py PID SECONDS HZ``.

Prints ``attached MS`` as soon as data flows, ``answered MS LOST`` when the answer is there, and then the answer: the
backend that was taken and, as JSON, [[[function, module], … innermost first], samples, seconds] for each stack.
"""

import json
import sys
import time

import anyio

from perfdoctor.collectors.cpu import trace_cpu
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.target import find_target


async def measure(pid: int, seconds: float, hz: int) -> None:
    host = LocalHost()
    asked = time.monotonic()
    attached = 0.0

    def progress(_elapsed: float, message: str) -> None:
        nonlocal attached
        if not attached and message != "Flight Recorder starts":
            attached = time.monotonic()
            print("attached", round((attached - asked) * 1000, 1), flush=True)

    evidence = await trace_cpu(host, find_target(host, pid), seconds=seconds, hz=hz, progress=progress)
    late = time.monotonic() - attached - seconds
    how = evidence.collections["cpu"]
    print("answered", round(late * 1000, 1), how.lost, flush=True)
    rows = evidence.cpu.rows if evidence.cpu else ()
    stacks = [
        [[[f.function, f.module or ""] for f in (*row.kernel, *row.native, *row.stack)], row.samples, row.seconds]
        for row in rows
    ]
    print(how.backend, json.dumps(stacks), flush=True)


if __name__ == "__main__":
    anyio.run(measure, int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
