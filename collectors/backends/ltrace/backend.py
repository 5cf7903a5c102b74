"""Asks ltrace: calls of functions, at the price of stopping the target twice at each one."""

import os
import re
import tempfile
from collections.abc import Sequence

from anyio import to_thread

from perfdoctor.collectors.backends.ltrace import command
from perfdoctor.collectors.backends.ltrace.parse import read_summary
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.host.follow import follow
from perfdoctor.collectors.host.permission import CAP_SYS_PTRACE, capable
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.runtimes.functions import Place
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.functions import FunctionKind, FunctionProfile, FunctionRow
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.target import Target

NAME = "ltrace"
_SYMBOL = re.compile(r"[A-Za-z_][\w.$]{0,255}")
"""what may be part of ltrace's filter: its own letters (* @ / +) may not"""
_SECONDS_PER_CALL = 85e-6
"""What ltrace adds to each call (bench/tools.py)."""


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why ltrace cannot trace here; None when it can. Looks only."""
    if host.which("ltrace") is None:
        return Problem(
            what="ltrace is not available.",
            why="The program ltrace is not installed, or not on PATH.",
            next_step="Install it: apt-get install ltrace (Debian, Ubuntu), dnf install ltrace (Fedora, RHEL).",
        )
    if target is None:
        return None
    if target.pid == os.getpid():
        return Problem(
            what="ltrace cannot trace perfdoctor itself.",
            why="The process that reads ltrace's output would be stopped by it, for ever.",
            next_step="Use backend bpf, or trace another process.",
        )
    try:
        # Uid:	1000	1000	1000	1000
        words = host.read_file(f"/proc/{target.pid}/status").partition(b"\nUid:")[2].split()
        theirs = int(words[0])
    except (OSError, ValueError, IndexError):
        return None
    if theirs != os.geteuid() and not capable(host, CAP_SYS_PTRACE):
        return Problem(
            what=f"ltrace may not attach to process {target.pid}.",
            why="It belongs to another user.",
            next_step="Run perfdoctor as root, or ask about a process of your own.",
        )
    return None


async def count_calls(
    host: Host, target: Target, places: Sequence[Place], *, seconds: float, asked: str, progress: Progress
) -> Measured[FunctionProfile]:
    """Calls and time of the functions at ``places``, without callers. Ends when the target does.

    ltrace puts breakpoints into the target's code and must take them out itself: it is asked to end and never killed.
    ProblemError when it cannot attach, or cannot be asked for these names."""
    symbols = sorted({place.symbol.partition("@")[0] for place in places})
    if not all(_SYMBOL.fullmatch(symbol) for symbol in symbols):
        raise ProblemError(
            "ltrace cannot be asked for these functions.",
            "Their symbols have letters that its filter takes for something else.",
            "Use backend bpf.",
        )
    pids = [pid for pid in await to_thread.run_sync(tree, host, target) if pid != os.getpid()]

    async def attached() -> bool:
        return await to_thread.run_sync(_held, host, pids)

    def tell(elapsed: float) -> None:
        if elapsed:
            progress(elapsed, "ltrace counts; it says what only at its end")

    with tempfile.TemporaryDirectory(prefix="perfdoctor-") as folder:
        output = f"{folder}/summary"
        async with host.run(command.count(pids, symbols, output), kill=False) as program:
            went = await follow(program, lambda _chunk: None, seconds=seconds, attached=attached, tell=tell)
        try:
            said = await to_thread.run_sync(host.read_file, output)
        except OSError:
            said = b""
    if not said.strip():
        raise ProblemError(
            "ltrace counted nothing.",
            f"It wrote no summary; it said: {clean(went.errors, 300)}",
            "Use backend bpf: ltrace cannot follow static programs, nor some that are hardened.",
        )
    found, strange = read_summary(said)
    wanted = {symbol: next(p for p in places if p.symbol.partition("@")[0] == symbol) for symbol in symbols}
    rows = [
        FunctionRow(
            pid=target.pid,
            function=wanted[name].name,
            module=wanted[name].module,
            calls=counted.calls,
            returns=counted.calls,
            seconds=counted.seconds,
        )
        for name, counted in found.items()
        if name in wanted
    ]
    rows.sort(key=lambda row: (-row.seconds, row.function))
    calls = sum(row.calls or 0 for row in rows)
    return Measured(
        FunctionProfile(
            kind=FunctionKind.NATIVE,
            asked=asked,
            functions=tuple(f"{place.name} of {place.module}" for place in wanted.values()),
            rows=tuple(rows),
        ),
        Collection(
            backend=NAME,
            exact=strange == 0,
            not_understood=strange,
            lacks=("stacks", "source lines", "a histogram", "values", "which process called"),
            cost=TargetCost(kind="stops", events=2 * calls, estimated_seconds=calls * _SECONDS_PER_CALL),
            warnings=("ltrace stops the target twice at every call: times are longer than without it",),
        ),
        Window(started=went.started, seconds=went.seconds, partial="the target ended" if went.by_itself else None),
    )


def _held(host: Host, pids: Sequence[int]) -> bool:
    """Whether every process that is still there has a tracer."""
    for pid in pids:
        try:
            text = host.read_file(f"/proc/{pid}/status")
        except OSError:
            continue
        if b"TracerPid:\t0\n" in text:
            return False
    return True
