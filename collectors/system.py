"""What can be measured on this machine, and what would unlock the rest?"""

import contextlib
import platform
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
from anyio import to_thread

from perfdoctor.collectors import capabilities
from perfdoctor.collectors.backends.proc import status
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.machine import distribution
from perfdoctor.collectors.machine.distribution import Distribution
from perfdoctor.collectors.machine.kernel_features import features
from perfdoctor.collectors.processes.sweep import sweep
from perfdoctor.collectors.runtimes import own_lines
from perfdoctor.collectors.runtimes.which import NATIVE, UNKNOWN, runtime_of
from perfdoctor.collectors.target import user_name
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import Problem
from perfdoctor.schemas.recording import NextCall
from perfdoctor.schemas.system import BackendState, ToolsAnswer
from perfdoctor.schemas.target import Target

_PATIENCE = 0.9
"""seconds that a program has to say its version"""
_CAPABILITIES = {
    1: "CAP_DAC_OVERRIDE",
    2: "CAP_DAC_READ_SEARCH",
    19: "CAP_SYS_PTRACE",
    21: "CAP_SYS_ADMIN",
    38: "CAP_PERFMON",
    39: "CAP_BPF",
}
"""those that measuring needs, by their bit (capabilities(7))"""
# bpftrace v0.17.0  |  strace -- version 6.1  |  py-spy 0.4.3
_VERSION = re.compile(r"\d+(?:[.+-]\w+)+")


@dataclass(frozen=True, slots=True)
class _Backend:
    """``answers``: why each of its questions cannot be asked here, None when it can. ``program`` is what must be
    installed for it, by the name of its package."""

    name: str
    answers: dict[str, Callable[[Host, Target | None], Problem | None]]
    program: str | None = None
    package: str | None = None


_BACKENDS = (
    _Backend("bpf", capabilities.answers("bpf"), package="libbpf"),
    _Backend("bpftrace", capabilities.answers("bpftrace"), "bpftrace"),
    _Backend("perf", capabilities.answers("perf"), "perf"),
    _Backend("strace", capabilities.answers("strace"), "strace"),
    _Backend("ltrace", capabilities.answers("ltrace"), "ltrace"),
    _Backend("node", capabilities.answers("node")),
    _Backend("jvm", capabilities.answers("jvm")),
    _Backend("py-spy", capabilities.answers("py-spy"), "py-spy"),
    _Backend("sockets", capabilities.answers("sockets")),
)


async def check_tools(host: Host) -> ToolsAnswer:
    """Every backend, whether it can be used here, and the exact step that would make it so; what the kernel offers and
    what we may do; the runtimes that run now. Touches no process, loads nothing into the kernel, takes below a second.

    A backend is available here exactly when the questions would use it: they are asked the same. ``answers`` are those
    of its questions that it can answer now, or could if it were unlocked.
    """
    said: dict[str, tuple[int, str]] = {}
    found: list[str] = []

    async def ask_version(program: str) -> None:
        if answer := await _version(host, program):
            said[program] = answer

    async def look_for_runtimes() -> None:
        found.extend(await to_thread.run_sync(_runtimes, host))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(look_for_runtimes)
        for backend in _BACKENDS:
            if backend.program and host.which(backend.program):
                tasks.start_soon(ask_version, backend.program)
    return await to_thread.run_sync(_answer, host, said, tuple(found))


async def _version(host: Host, program: str) -> tuple[int, str] | None:
    """(return code, what it said); None when it takes too long to say it."""
    with anyio.move_on_after(_PATIENCE):
        async with host.run([program, "--version"]) as running:
            text = b"".join([chunk async for chunk in running.output()])[:4096]
            code = await running.wait()
            return code, (text or await running.errors()).decode("utf-8", "replace")
    return None


def _answer(host: Host, said: dict[str, tuple[int, str]], runtimes: tuple[str, ...]) -> ToolsAnswer:
    kernel = _text(host, "/proc/sys/kernel/osrelease")
    here = distribution.read(host)
    backends = tuple(_state(host, backend, said, here, kernel) for backend in _BACKENDS)
    backends = (*backends, *_always(host))
    return ToolsAnswer(
        summary=_summary(backends),
        system=clean(here.name, 120),
        kernel=clean(kernel or platform.release(), 120),
        architecture=platform.machine(),
        privileges=_privileges(host),
        backends=backends,
        features=features(host),
        runtimes=runtimes,
        next=(NextCall(tool="proc-find", why="find the process to measure"),),
    )


def _state(
    host: Host, backend: _Backend, said: dict[str, tuple[int, str]], here: Distribution, kernel: str
) -> BackendState:
    problems = {question: unavailable(host, None) for question, unavailable in backend.answers.items()}
    able = tuple(question for question, problem in problems.items() if problem is None)
    refusals = list(dict.fromkeys(problem for problem in problems.values() if problem))
    why, unlock = (refusals[0].why, refusals[0].next_step) if refusals else ("", None)
    version = _version_of_libbpf(host) if backend.name == "bpf" else None
    available = bool(able)
    if not backend.answers:
        available, why = True, "No question of this version needs it."
    install = backend.program and _install(backend.program, here, kernel, host)
    if backend.package and refusals and backend.package in refusals[0].why:
        unlock = _install(backend.package, here, kernel, host)
    if backend.program and host.which(backend.program) is None:
        available, able, unlock = False, (), install
        why = f"The program {backend.program} is not installed, or not on PATH."
    elif backend.program in said:
        code, text = said[backend.program]
        number = _VERSION.search(text)
        version = number[0][:40] if number and code == 0 else None
        if code != 0:  # Ubuntu's perf is a script, which looks for the one that fits the kernel
            available, able, unlock = False, (), install
            why = f"It is installed, but does not run: {clean(text.strip(), 200) or f'it ends with code {code}'}"
    return BackendState(
        backend=backend.name,
        available=available,
        version=version,
        answers=able or tuple(backend.answers),
        why=clean(why, 400),
        unlock=unlock if not available or len(able) < len(backend.answers) else None,
    )


def _install(program: str, here: Distribution, kernel: str, host: Host) -> str:
    if program == "py-spy":
        return f"{sys.executable} -m pip install py-spy"
    return here.install(program, kernel, root=_is_root(host))


def _always(host: Host) -> tuple[BackendState, ...]:
    """What needs nothing but /proc; and, on a Mac, what it has instead."""
    there = bool(_text(host, "/proc/self/stat"))
    proc = BackendState(
        backend="proc",
        available=there,
        answers=("proc-find", *capabilities.answers("proc")),
        why="" if there else "There is no /proc: this is not Linux, or the container hides it.",
        unlock=None if there else "Run perfdoctor on Linux, with /proc mounted.",
    )
    if platform.system() != "Darwin":
        return (proc,)
    why = "This version measures Linux only."
    return proc, BackendState(backend="dtrace", available=False, answers=(), why=why)


def _version_of_libbpf(host: Host) -> str | None:
    """Of the library that the question whether the engine can run has just loaded into us."""
    # 7f1c2a600000-7f1c2a60f000 r--p 00000000 fe:00 1234   /usr/lib/x86_64-linux-gnu/libbpf.so.1.1.2
    with contextlib.suppress(OSError):
        mapped = re.search(rb"/libbpf\.so\.([\d.]+)\n", host.read_file("/proc/self/maps"))
        return f"libbpf {mapped[1].decode()}" if mapped else None
    return None


def _summary(backends: Sequence[BackendState]) -> str:
    for_all = [b for b in backends if b.available and b.backend not in _OF_ONE_RUNTIME]
    usable = {question: [b.backend for b in for_all if question in b.answers] for question in _WORDS}
    said = []
    for question, words in _WORDS.items():
        first, *others = usable[question] or [""]
        if not first:
            said.append(f"{words} cannot be traced here.")
        else:
            how = " exactly and by source line" if first == "bpf" and question == "trace-syscalls" else ""
            instead = f" (else {', '.join(others)})" if others else ""
            said.append(f"{words} can be traced{how} by {first}{instead}.")
    return " ".join(said)


_OF_ONE_RUNTIME = frozenset({"jvm"})
_WORDS = {"trace-syscalls": "System calls", "trace-cpu": "CPU time"}


def _is_root(host: Host) -> bool:
    try:
        return status.read(host, "self").uid == 0
    except (OSError, ValueError):
        return False


def _privileges(host: Host) -> tuple[str, ...]:
    """Who we are, and which of the capabilities that measuring needs we have (CapEff of /proc/self/status)."""
    try:
        ours = status.read(host, "self")
    except (OSError, ValueError):
        return ()
    held = tuple(name for bit, name in _CAPABILITIES.items() if ours.capabilities >> bit & 1)
    through = ("the privileged helper",) if host.helper is not None and host.helper.unavailable() is None else ()
    return f"user {user_name(ours.uid)}", *held, *through


def _runtimes(host: Host) -> list[str]:
    """The runtimes of the processes that run now, and what can be told of each: ``python3.12 (3 running): …``."""
    counts: dict[str, int] = {}
    known: dict[str, str] = {}
    try:
        seen = sweep(host)
    except OSError:
        return []
    for pid in seen:
        with contextlib.suppress(OSError):
            program = host.read_link(f"/proc/{pid}/exe")
            if program not in known:
                known[program] = runtime_of(host, pid)
            counts[known[program]] = counts.get(known[program], 0) + 1
    return [
        f"{clean(name, 40)} ({count} running): {own_lines.told(name)}"
        for name, count in sorted(counts.items())
        if name not in (NATIVE, UNKNOWN)
    ]


def _text(host: Host, path: str) -> str:
    try:
        return host.read_file(path, 4096).decode("utf-8", "replace").strip()
    except OSError:
        return ""
