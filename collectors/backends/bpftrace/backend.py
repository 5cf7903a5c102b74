"""Asks bpftrace: every system call, counted in the kernel, without stacks and objects."""

import os
import time

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.bpftrace import command
from perfdoctor.collectors.backends.bpftrace.parse import Reader
from perfdoctor.collectors.host.base import Host, Program
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import Problem
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.syscalls import SyscallProfile
from perfdoctor.schemas.target import Target

NAME = "bpftrace"
_INITIAL_PID_NAMESPACE = "pid:[4026531836]"
"""PROC_PID_INIT_INO of the kernel (include/linux/proc_ns.h): the same on every machine"""
_START_SECONDS = 20.0
"""bpftrace compiles before it attaches: half a second here, several on a loaded machine"""
_ANSWER_SECONDS = 10.0
"""to detach, and to print tables of 16,384 entries"""
_TELL_SECONDS = 0.25
_SECONDS_PER_CALL = 1.4e-6
"""What the counting adds to each call of the target (bench/overhead.py)."""


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why bpftrace cannot count here; None when it can. Looks only."""
    if host.which("bpftrace") is None:
        return Problem(
            what="bpftrace is not available.",
            why="The program bpftrace is not installed, or not on PATH.",
            next_step="Install it: apt-get install bpftrace (Debian, Ubuntu), dnf install bpftrace (Fedora, RHEL).",
        )
    if os.geteuid() != 0:
        return Problem(
            what="bpftrace may not be used by this user.",
            why="It refuses to work for anybody but root.",
            next_step="Run perfdoctor as root, or use backend strace on your own processes.",
        )
    try:
        namespace = host.read_link("/proc/self/ns/pid")
    except OSError:
        namespace = _INITIAL_PID_NAMESPACE
    if namespace != _INITIAL_PID_NAMESPACE:
        return Problem(
            what="bpftrace cannot find the target's calls from inside a container.",
            why="It knows processes by the pids of the machine, and this pid namespace has its own.",
            next_step="Use backend bpf or strace, or run perfdoctor outside the container.",
        )
    return None


async def trace_syscalls(host: Host, target: Target, *, seconds: float, progress: Progress) -> Measured[SyscallProfile]:
    """Counts, errors, bytes, times and histograms of every system call by process, without objects and stacks.

    Ends early, marked partial, when the target exits. OSError when bpftrace could not begin. Cancelling detaches."""
    pids = await to_thread.run_sync(tree, host, target)
    reader = Reader()
    asked = command.count_calls(pids, follow=target.children)
    async with host.run(asked, tracefs=True, extra_environment=command.ENVIRONMENT) as program:
        window = await follow(program, reader, seconds, progress)
        errors = await program.errors()
    reader.close()
    if window is None or not reader.complete:
        said = clean(" ".join(errors.decode("utf-8", "replace").split()), 400)
        raise OSError(f"bpftrace did not measure the target: {said or 'it ended without a word.'}")
    profile = reader.profile()
    return Measured(profile, _collection(reader, profile, len(pids) - command.MOST_PIDS), window)


async def follow(
    program: Program, reader: Reader, seconds: float, progress: Progress, what: str = "system calls"
) -> Window | None:
    """Read until the window is over or the target is; None when the window never began."""
    attached, ended = anyio.Event(), anyio.Event()

    async def read() -> None:
        async for chunk in program.output():
            reader.feed(chunk)
            if reader.ticks:
                attached.set()
        ended.set()
        attached.set()

    window = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        if await _begun(attached, progress) and reader.ticks:
            started, began = time.time(), time.monotonic()
            progress(0.0, "attached")
            while (elapsed := time.monotonic() - began) < seconds and not ended.is_set():
                with anyio.move_on_after(min(_TELL_SECONDS, seconds - elapsed)):
                    await ended.wait()
                progress(time.monotonic() - began, _so_far(reader, what))
            partial = "the target ended" if ended.is_set() else None
            window = Window(started=started, seconds=time.monotonic() - began, partial=partial)
            await program.interrupt()  # it prints its tables
            with anyio.move_on_after(_ANSWER_SECONDS):
                await ended.wait()
        await program.stop()
    return window


async def _begun(attached: anyio.Event, progress: Progress) -> bool:
    """Wait for the first word from the kernel; ``progress`` hears meanwhile that the window has not begun."""
    with anyio.move_on_after(_START_SECONDS):
        while not attached.is_set():
            with anyio.move_on_after(_TELL_SECONDS):
                await attached.wait()
            if not attached.is_set():
                progress(0.0, "bpftrace is compiling its program")
    return attached.is_set()


def _so_far(reader: Reader, what: str) -> str:
    return f"{reader.calls:,} {what}" if reader.calls else f"no {what} yet"


def _collection(reader: Reader, profile: SyscallProfile, left_out: int) -> Collection:
    warnings = []
    if left_out > 0:
        warnings.append(
            f"{left_out} processes are left out: bpftrace watches at most {command.MOST_PIDS} from the start"
        )
    full = reader.fullest >= command.MOST_KEYS
    if full:
        warnings.append(f"a table of {command.MOST_KEYS:,} entries was full: some calls are not counted")
    cost = TargetCost(kind="perturbs", events=profile.calls, estimated_seconds=profile.calls * _SECONDS_PER_CALL)
    return Collection(
        backend=NAME,
        exact=not (reader.lost or full or reader.not_understood or left_out > 0),
        lost=reader.lost,
        not_understood=reader.not_understood,
        lacks=(
            "stacks",
            "source lines",
            "objects",
            "waiting split into asleep and ready",
            "calls that began before the window",
        ),
        cost=cost,
        warnings=tuple(warnings),
    )
