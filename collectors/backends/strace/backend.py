"""Asks strace: every system call, at the price of stopping the target twice at each one."""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.strace import command
from perfdoctor.collectors.backends.strace.parse import Reader
from perfdoctor.collectors.host.base import Host, Program
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.syscalls import SyscallProfile
from perfdoctor.schemas.target import Target

R = TypeVar("R", bound=Reader)

NAME = "strace"
_YAMA = "/proc/sys/kernel/yama/ptrace_scope"
_CAP_SYS_PTRACE = 19
_ANSWER_SECONDS = 10.0
"""to let go of every thread, and for us to read what it wrote before"""
_TELL_SECONDS = 0.25
_ATTACH_SECONDS = 5.0
_LOOK_SECONDS = 0.01
_MOST_CALLS = 400_000
"""The window ends early here: at 20 to 35 µs a call the target has then lost some ten seconds."""
SECONDS_PER_CALL = 25e-6
"""What strace adds to each call of the target (bench/overhead.py)."""

OURSELVES = "perfdoctor itself belongs to the target: its own calls are left out"
SLOWED = "strace stops the target twice at every system call: times are longer than without it"


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why strace cannot trace here; None when it can. Looks only."""
    if host.which("strace") is None:
        return Problem(
            what="strace is not available.",
            why="The program strace is not installed, or not on PATH.",
            next_step="Install it: apt-get install strace (Debian, Ubuntu), dnf install strace (Fedora, RHEL).",
        )
    privileged = _is_privileged(host)
    scope = _number(host, _YAMA)
    if scope == 3 or (scope > 0 and not privileged):
        return Problem(
            what="strace may not attach on this machine.",
            why=f"kernel.yama.ptrace_scope is {scope}: a running process may not be attached to"
            + (" by anybody." if scope == 3 else " without root or CAP_SYS_PTRACE."),
            next_step="Reboot with another ptrace_scope." if scope == 3 else "Run perfdoctor as root.",
        )
    return _refused_for(host, target, privileged) if target else None


def _refused_for(host: Host, target: Target, privileged: bool) -> Problem | None:
    if target.pid == os.getpid():
        return Problem(
            what="strace cannot trace perfdoctor itself.",
            why="The process that reads strace's output would be stopped by it, for ever.",
            next_step="Use backend bpf, or trace another process.",
        )
    facts = _status(host, target.pid)
    tracer = facts.get("TracerPid", "0").split()[0]
    if tracer != "0":
        return Problem(
            what=f"Process {target.pid} is being traced already.",
            why=f"Process {tracer} traces it (a debugger, or another strace), and there can be only one.",
            next_step="End that one first, or use backend bpf, which does not need ptrace.",
        )
    owner = facts.get("Uid", "").split()[:1]
    if owner and not privileged and owner != [str(os.geteuid())]:
        return Problem(
            what=f"strace may not attach to process {target.pid}.",
            why="It belongs to another user.",
            next_step="Run perfdoctor as root, or ask about a process of your own.",
        )
    return None


def _status(host: Host, pid: int) -> dict[str, str]:
    """/proc/PID/status by field, empty when there is no such process."""
    try:
        text = host.read_file(f"/proc/{pid}/status").decode("utf-8", "replace")
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines()) if value}


def _number(host: Host, path: str) -> int:
    try:
        return int(host.read_file(path))
    except (OSError, ValueError):
        return 0


def _is_privileged(host: Host) -> bool:
    held = _status(host, os.getpid()).get("CapEff", "0")
    return bool(int(held, 16) >> _CAP_SYS_PTRACE & 1)


async def trace_syscalls(host: Host, target: Target, *, seconds: float, progress: Progress) -> Measured[SyscallProfile]:
    """Every system call of the target, its threads and what they fork, by object, without stacks.

    Stops the target twice at every call. Ends early, marked partial, when the target exits or after 400,000 calls.
    ProblemError when strace cannot attach. Cancelling detaches."""
    reader, window, left_out = await read_calls(host, target, Reader, seconds=seconds, progress=progress)
    profile = reader.profile(None if target.children else target.pids)
    return Measured(profile, _collection(reader, left_out), window)


async def read_calls(
    host: Host,
    target: Target,
    make: Callable[[Callable[[int], int | None]], R],
    *,
    only: Sequence[str] = (),
    seconds: float,
    progress: Progress,
) -> tuple[R, Window, int]:
    """One window of strace, read by what ``make`` makes: the reader, the window, and how many processes are left out
    because they are us. ProblemError when strace cannot attach."""
    pids = await to_thread.run_sync(tree, host, target)
    traced = [pid for pid in pids if pid != os.getpid()]
    reader = make(Processes(host, traced).of)
    async with host.run(command.trace(traced, only)) as program:
        await attached(host, program, traced)
        window = await follow(program, reader, target.pids, seconds, progress)
        errors = await program.errors()
    reader.close()
    if reader.lines == 0 and (not only or b"attached" not in errors):
        raise failed(errors)
    return reader, window, len(pids) - len(traced)


class Hearing(Protocol):
    """What reads strace's output: ``calls`` so far, also by name, and the threads that have ended."""

    calls: int
    ended: set[int]
    by_name: Counter[str]

    def feed(self, chunk: bytes) -> None: ...


class Processes:
    """Which process a thread belongs to."""

    def __init__(self, host: Host, pids: Iterable[int]) -> None:
        self._host = host
        self._known: dict[int, int] = {}
        for pid in pids:
            with contextlib.suppress(OSError):
                self._known |= {int(tid): pid for tid in host.list_folder(f"/proc/{pid}/task")}

    def of(self, tid: int) -> int | None:
        if tid in self._known:
            return self._known[tid]
        group = _status(self._host, tid).get("Tgid")
        return int(group) if group else None


async def attached(host: Host, program: Program, pids: list[int]) -> None:
    """Wait until strace holds every process that is still there, or has given up."""

    def held() -> bool:
        tracers = [_status(host, pid).get("TracerPid") for pid in pids]
        return all(tracer != "0" for tracer in tracers)

    async def look() -> None:
        while not await to_thread.run_sync(held):  # noqa: ASYNC110 - the kernel tells nobody who is traced
            await anyio.sleep(_LOOK_SECONDS)
        ended.cancel()

    async def wait() -> None:
        await program.wait()
        ended.cancel()

    with anyio.move_on_after(_ATTACH_SECONDS) as ended:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(look)
            tasks.start_soon(wait)


async def follow(program: Program, reader: Hearing, pids: Sequence[int], seconds: float, progress: Progress) -> Window:
    """Read until the window is over, or ``pids`` are, or the budget."""
    over, ended = anyio.Event(), anyio.Event()
    partial = None
    started, began = time.time(), time.monotonic()
    progress(0.0, "attached")

    async def read() -> None:
        async for chunk in program.output():
            reader.feed(chunk)
            if reader.calls >= _MOST_CALLS or reader.ended.issuperset(pids):
                over.set()
        ended.set()
        over.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        while (elapsed := time.monotonic() - began) < seconds and not over.is_set():
            with anyio.move_on_after(min(_TELL_SECONDS, seconds - elapsed)):
                await over.wait()
            progress(time.monotonic() - began, _so_far(reader))
        length = time.monotonic() - began
        if ended.is_set() or reader.ended.issuperset(pids):
            partial = "the target ended"
        elif reader.calls >= _MOST_CALLS:
            partial = f"strace was ended after {_MOST_CALLS:,} calls, to spare the target"
        await program.interrupt()  # it lets go, and says which calls were under way
        with anyio.move_on_after(_ANSWER_SECONDS):
            await ended.wait()
        await program.stop()
    return Window(started=started, seconds=length, partial=partial)


def _so_far(reader: Hearing) -> str:
    if not reader.calls:
        return "no system calls yet"
    (name, calls), *_ = reader.by_name.most_common(1)
    return f"{reader.calls:,} system calls, most of them {name} ({calls:,})"


def failed(errors: bytes) -> ProblemError:
    said = clean(" ".join(errors.decode("utf-8", "replace").split()), 400)
    return ProblemError(
        "strace did not attach to the target.",
        f"It said: {said}" if said else "It ended without a word.",
        "Check with proc-find that the process still runs and is yours; root may trace every process.",
    )


def _collection(reader: Reader, left_out: int) -> Collection:
    warnings = [SLOWED]
    if left_out:
        warnings.append(OURSELVES)
    if reader.without_object:
        warnings.append(f"{reader.without_object:,} calls are counted without their object: there were too many")
    cost = TargetCost(kind="stops", events=2 * reader.calls, estimated_seconds=reader.calls * SECONDS_PER_CALL)
    return Collection(
        backend=NAME,
        exact=reader.not_understood == 0,
        not_understood=reader.not_understood,
        lacks=("stacks", "source lines", "waiting split into asleep and ready", "time of unfinished calls"),
        cost=cost,
        warnings=tuple(warnings),
    )
