"""One measurement by any tool and backend, as a process of its own: ``python bench/tool_run.py PID SECONDS TOOL BACKEND
[NAME=VALUE ...]``; the rest are options of the tool.

Prints ``attached MS`` as soon as data flows and ``answered MS LOST`` when the answer is there: milliseconds after the
question, and after the window's end.
"""

import sys
import time

import anyio

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.process import WatchAnswer
from perfdoctor.server.instruments import ThisMachine
from perfdoctor.server.tools.catalogue import find
from perfdoctor.server.tools.tool import OfProcess

QUESTIONS = {
    "proc-memory": "memory_map",
    "proc-threads": "thread_stacks",
    "trace-files": "file_use",
    "trace-io": "disk",
    "trace-network": "network",
    "trace-memory": "allocations",
    "trace-locks": "locks",
    "trace-function": "functions",
    "trace-custom": "custom",
}


async def measure(pid: int, seconds: float, tool: str, backend: str, options: dict[str, str]) -> None:
    machine = ThisMachine()
    asked = time.monotonic()
    attached = 0.0

    def progress(_elapsed: float, _message: str) -> None:
        nonlocal attached
        if not attached:
            attached = time.monotonic()
            print("attached", round((attached - asked) * 1000, 1), flush=True)

    found = find(tool)
    assert found is not None and issubclass(found.arguments, OfProcess), tool
    checked = found.parse({"pid": pid, **options})
    extra = {name: getattr(checked, name) for name in options}
    target = await machine.find_target(pid, children=True)
    evidence: Evidence | WatchAnswer
    if tool == "proc-watch":
        evidence = await machine.watch(target, seconds=seconds, progress=progress)
    elif tool == "diagnose":
        evidence = await machine.observe(target, seconds=seconds, progress=progress)
    elif tool == "trace-cpu":
        evidence = await machine.trace_cpu(
            target, seconds=seconds, hz=99, backend=backend, native=False, progress=progress
        )
    elif tool == "trace-syscalls":
        evidence = await machine.trace_syscalls(target, seconds=seconds, backend=backend, progress=progress)
    else:
        evidence = await machine.measure(
            QUESTIONS[tool], target, seconds=seconds, backend=backend, progress=progress, **extra
        )
    late = time.monotonic() - attached - seconds
    collections = evidence.collections.values() if isinstance(evidence, Evidence) else ()
    print("answered", round(late * 1000, 1), sum(collection.lost for collection in collections), flush=True)


if __name__ == "__main__":
    _, number, length, name, by, *more = sys.argv
    given = dict(option.split("=", 1) for option in more)
    anyio.run(measure, int(number), float(length), name, by, given)
