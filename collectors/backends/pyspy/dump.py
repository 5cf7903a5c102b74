"""Asks py-spy where the threads of a Python process are just now."""

import json
from dataclasses import dataclass, field
from typing import Any

from anyio import to_thread

from perfdoctor.collectors.backends.pyspy import command
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

_MOST = 32 << 20
_DEEPEST = 48


@dataclass(frozen=True, slots=True)
class Dumped:
    """``stacks`` by the thread id that the process itself knows; ``by_address`` those of threads of which py-spy does
    not tell it (before CPython 3.11, without stopping the process), by where their descriptor (pthread_t) lies."""

    stacks: dict[int, Stack]
    by_address: dict[int, Stack] = field(default_factory=dict)
    not_understood: int = 0


async def dump(host: Host, pid: int) -> Dumped:
    """OSError with py-spy's words when it says nothing of use."""
    said = bytearray()
    async with host.run(command.dump(pid), extra_environment=command.ENVIRONMENT) as program:
        async for chunk in program.output():
            said.extend(chunk[: _MOST - len(said)])
        errors = await program.errors()
    found = await to_thread.run_sync(parse, bytes(said))
    if not found.stacks and not found.by_address:
        raise OSError(f"py-spy said: {clean(errors.decode('utf-8', 'replace').strip(), 400) or 'nothing'}")
    return found


def parse(text: bytes) -> Dumped:
    """``py-spy dump --json``: what is not of that form is counted."""
    # [{"pid": 7, "os_thread_id": 9, "frames": [{"name": "f", "filename": "/a.py", "line": 5, …}, …], …}, …]
    try:
        threads = json.loads(text)
    except (ValueError, RecursionError):
        return Dumped({}, not_understood=1)
    stacks: dict[int, Stack] = {}
    by_address: dict[int, Stack] = {}
    failed = 0
    for thread in threads if isinstance(threads, list) else [{}]:
        try:
            stack = tuple(map(_frame, thread["frames"][:_DEEPEST]))
            if thread["os_thread_id"] is None:
                by_address[int(thread["thread_id"])] = stack
            else:
                stacks[int(thread["os_thread_id"])] = stack
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            failed += 1
    return Dumped(stacks, by_address, failed)


def _frame(told: dict[str, Any]) -> Frame:
    line = told["line"]
    if not isinstance(line, int):
        raise ValueError("not a line")
    return Frame(
        kind=FrameKind.PYTHON, function=clean(str(told["name"])), file=clean(str(told["filename"])), line=line or None
    )
