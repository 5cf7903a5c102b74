"""May a Java machine be asked, and how: the attach mechanism of HotSpot, in a helper that takes its user's place."""

import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from perfdoctor.collectors.backends.jvm import helper
from perfdoctor.collectors.backends.proc import environ, smaps, status
from perfdoctor.collectors.host.base import Host, Program
from perfdoctor.collectors.host.permission import capable, status_field
from perfdoctor.collectors.runtimes import hsperf
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import Problem
from perfdoctor.schemas.target import Target

NAME = "jvm"
_HOTSPOT = re.compile(rb"/libjvm\.so(?: \(deleted\))?\n")
_OPENJ9 = re.compile(rb"/libj9vm\d+\.so")
_QUIT = 3
_MOST_RECORDED = 64 << 20
_MOST_ANSWER = 32 << 20
_ANSWERS = 10.0
"""seconds for an answer of the machine"""
_BEGINS = 30.0
"""seconds until it records: the first time it loads and compiles what it needs"""
_CLOSES = 30.0
_CAP_SETUID, _CAP_SYS_PTRACE = 7, 19
_OPTIONS = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS")
_USE_PROC = "Use backend bpf or perf: they see its native code."


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why Java machines cannot be asked here, or not this one; None when they can. Looks only."""
    if not host.attach_runtimes:
        return _refusal("Runtimes are not asked.", "The operator has set attach_runtimes to false.")
    if target is None:
        return None
    if target.runtime != "java":
        return _refusal(f"Process {target.pid} is no Java machine.", f"It is run by {clean(target.runtime, 32)}.")
    what = f"The Java machine {target.pid} cannot be asked."
    if target.others:
        return _refusal(what, "One machine can be asked at a time.")
    if why := _why_not(host, target.pid):
        return _refusal(what, why)
    return None


def _refusal(what: str, why: str) -> Problem:
    return Problem(what=what, why=why, next_step=_USE_PROC)


def _why_not(host: Host, pid: int) -> str | None:
    try:
        mapped = host.read_file(f"/proc/{pid}/maps", 4 << 20)
        its, ours = status.read(host, pid), status.read(host, "self")
        state = (status_field(host, pid, "State") or ["?"])[0]
        caught = int((status_field(host, pid, "SigCgt") or ["0"])[0], 16)
    except (OSError, ValueError):
        return "It has ended, or may not be inspected."
    if _OPENJ9.search(mapped):
        return "It is OpenJ9, which has another door."
    if not _HOTSPOT.search(mapped):
        return "No libjvm.so of HotSpot is mapped in it."
    if state in "Tt":
        return "It is stopped (SIGSTOP, or a debugger), and cannot answer."
    if not caught >> (_QUIT - 1) & 1:
        return "It does not listen to SIGQUIT (-Xrs), which would end it."
    if ours.uid != its.uid and not capable(host, _CAP_SETUID):
        return "It belongs to another user, and listens to that one only."
    return None if _lets_attach(host, pid) else "Its attach mechanism is off (-XX:+DisableAttachMechanism)."


def _lets_attach(host: Host, pid: int) -> bool:
    """It would print its threads to its own output at our knock, where it does not open."""
    told = hsperf.read(host, pid, smaps.read(host, pid)[0])
    able = told.get("sun.rt.jvmCapabilities") if told else None
    if isinstance(able, str) and able:
        return able[0] == "1"  # jdk.internal.jvmstat, MonitoredVmUtil.isAttachable
    # It keeps no account of itself: what it was started with must say all.
    said = host.read_file(f"/proc/{pid}/cmdline", 128 << 10).replace(b"\0", b" ").decode("utf-8", "replace")
    said += " ".join(environ.read_value(host, pid, name) or "" for name in _OPTIONS)
    elsewhere = re.search(r"(?:^| )(?:@|-XX:Flags=|-XX:VMOptionsFile=)", said)
    return "+DisableAttachMechanism" not in said and not elsewhere


def _helper(*words: str) -> list[str]:
    # Isolated and without site: as fast as Python starts, and nothing of the user's environment runs.
    return [sys.executable, "-I", "-S", str(helper.__file__), *words]


async def ask(host: Host, pid: int, command: str, seconds: float = _ANSWERS) -> str:
    """The answer to a command of jcmd (``Thread.print -l``). OSError with the reason where there is none."""
    return (await _told(host, "ask", str(pid), str(seconds), command)).decode("utf-8", "replace")


async def perf_map(host: Host, pid: int) -> bytes:
    """The methods that it has compiled, as in /tmp/perf-PID.map, which is removed again. OSError where it cannot."""
    return await _told(host, "perf-map", str(pid), str(_ANSWERS))


async def _told(host: Host, *words: str) -> bytes:
    said = bytearray()
    with anyio.move_on_after(2 * _ANSWERS + 5):
        async with host.run(_helper(*words), kill=False) as program:
            async for chunk in program.output():
                said.extend(chunk[: max(0, _MOST_ANSWER - len(said))])
            if await program.wait() == 0:
                return bytes(said)
            raise OSError(await _reason(program))
    raise OSError("it did not answer in time")


async def _reason(program: Program) -> str:
    lines = (await program.errors()).decode("utf-8", "replace").strip().splitlines()
    return clean(lines[-1] if lines else "it gave no reason", 400)


@dataclass(slots=True)
class Recording:
    """``began`` and ``ended`` are Unix time, ``data`` what the machine recorded (``chunks.py``)."""

    began: float = 0.0
    ended: float = 0.0
    data: bytes = b""

    @property
    def seconds(self) -> float:
        return max(0.0, self.ended - self.began)


async def record(
    host: Host,
    pid: int,
    settings: str,
    *,
    seconds: float,
    meanwhile: Callable[[float], Awaitable[object]],
) -> Recording:
    """A window of ``seconds`` by Flight Recorder, while ``meanwhile(seconds)`` runs; its end, and what it raises,
    end the window. OSError with the reason where the machine does not record. Nothing is left in it, nor on disk."""
    with TemporaryDirectory(prefix="perfdoctor-") as folder:
        wanted = Path(folder) / "settings.jfc"
        wanted.write_text(settings)
        words = _helper("record", str(pid), str(seconds + _CLOSES), str(wanted), str(_MOST_RECORDED))
        async with host.run(words, kill=False) as program:
            said = bytearray()
            begun, over = anyio.Event(), anyio.Event()

            async def read() -> None:
                async for chunk in program.output():
                    said.extend(chunk[: max(0, 2 * _MOST_RECORDED - len(said))])
                    if said.startswith(_BEGUN):
                        begun.set()
                over.set()
                begun.set()

            recording = Recording()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                with anyio.move_on_after(_BEGINS):
                    await begun.wait()
                if not over.is_set() and begun.is_set():
                    recording.began = time.time()
                    await meanwhile(seconds)
                    recording.ended = time.time()
                    await program.interrupt()
                    with anyio.move_on_after(_CLOSES):
                        await over.wait()
                tasks.cancel_scope.cancel()
            if not recording.began or not over.is_set() or await program.wait() != 0:
                reason = await _reason(program) if over.is_set() else "it did not answer in time"
                raise_for(reason)
            recording.data = bytes(said[len(_BEGUN) :])
            return recording


_BEGUN = b"recording\n"


def raise_for(reason: str) -> None:
    if "Unknown diagnostic command" in reason:
        reason = "it has no Flight Recorder (the module jdk.jfr is not part of it)"
    raise OSError(reason)
