"""Small windows for examples: what a pattern is shown to prove itself."""

from collections import defaultdict

from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.limits import Limits
from perfdoctor.schemas.locks import Lock, LockProfile
from perfdoctor.schemas.loops import LateRow, PollingThread
from perfdoctor.schemas.memory import MemorySample, MemoryTrend
from perfdoctor.schemas.memory_map import MemoryMap
from perfdoctor.schemas.network import Awaited, NetworkUse, Peer, RepeatedLine
from perfdoctor.schemas.recording import Collection, Window
from perfdoctor.schemas.syscalls import SyscallProfile, SyscallRow
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.threads import ChildProcess, ThreadTime
from perfdoctor.schemas.waits import FaultRow, WaitRow

PID = 4242
SECONDS = 10.0
APP = "/srv/app/app.py"
_LIBRARY = "/usr/lib/python3.11/"


def python(line: int, function: str = "work", file: str = APP) -> Frame:
    return Frame(kind=FrameKind.PYTHON, function=function, file=file, line=line)


def library(file: str, function: str, line: int = 100) -> Frame:
    return python(line, function, _LIBRARY + file)


def native(
    function: str, module: str = "/usr/lib/libpython3.11.so.1.0", file: str | None = None, line: int | None = None
) -> Frame:
    return Frame(kind=FrameKind.NATIVE, function=function, module=module, file=file, line=line)


def javascript(function: str, file: str, line: int) -> Frame:
    return Frame(kind=FrameKind.JAVASCRIPT, function=function, file=file, line=line)


def java(function: str, file: str, line: int) -> Frame:
    return Frame(kind=FrameKind.JAVA, function=function, file=file, line=line)


def kernel(*functions: str) -> Stack:
    return tuple(Frame(kind=FrameKind.KERNEL, function=function) for function in functions)


def call(
    name: str,
    at: Stack,
    calls: int,
    *,
    on: str | None = None,
    seconds: float = 0.0,
    blocked: float = 0.0,
    transferred: int = 0,
    errors: int = 0,
    empty: int = 0,
    unfinished: int = 0,
    pid: int = PID,
) -> SyscallRow:
    return SyscallRow(
        pid=pid,
        syscall=name,
        object=on,
        stack=at,
        calls=calls,
        errors=errors,
        empty=empty,
        unfinished=unfinished,
        bytes=transferred,
        seconds=max(seconds, blocked),
        blocked_seconds=blocked,
    )


def cpu(
    at: Stack, seconds: float, *, leaf: Stack = (), inside: Stack = (), pid: int = PID, thread: str = "python"
) -> CpuRow:
    return CpuRow(
        pid=pid, thread=thread, stack=at, native=leaf, kernel=inside, samples=round(seconds * 199), seconds=seconds
    )


def memory(per_second: float, *, start: float = 50e6, confidence: float = 1.0) -> MemoryTrend:
    """A straight line of readings, five a second."""
    samples = tuple(
        MemorySample(at=i / 5, rss=int(start + per_second * i / 5), anonymous=int(start + per_second * i / 5))
        for i in range(int(SECONDS * 5) + 1)
    )
    return MemoryTrend(samples=samples, bytes_per_second=per_second, confidence=confidence)


def thread(
    *,
    running: float,
    runnable: float = 0.0,
    asleep: float = 0.0,
    count: int = 1,
    born: bool = False,
    pid: int = PID,
    tid: int = 0,
    name: str = "python",
    switches: int = 0,
    woken: int = 0,
) -> ThreadTime:
    return ThreadTime(
        pid=pid,
        tid=tid,
        name=name,
        count=count,
        wall=running + runnable + asleep,
        running=running,
        runnable=runnable,
        in_syscall=asleep,
        elsewhere=0,
        voluntary_switches=woken,
        involuntary_switches=switches,
        started_in_window=born,
        ended_in_window=born,
    )


def loop(
    at: Stack, *, off: float, longest: float = 0.01, late: tuple[tuple[Stack, float], ...] = (), pid: int = PID
) -> PollingThread:
    """A thread that was off its poll for ``off`` of ``SECONDS``."""
    return PollingThread(
        pid=pid,
        tid=pid,
        stack=at,
        polls=900,
        poll_seconds=SECONDS - off,
        off_seconds=off,
        longest_seconds=longest,
        late=tuple(LateRow(stack=stack, samples=round(199 * spent), seconds=spent) for stack, spent in late),
    )


def window(
    *,
    calls: tuple[SyscallRow, ...] = (),
    samples: tuple[CpuRow, ...] = (),
    waits: tuple[WaitRow, ...] = (),
    faults: tuple[FaultRow, ...] = (),
    children: tuple[ChildProcess, ...] = (),
    files: tuple[FileFact, ...] = (),
    memory: MemoryTrend | None = None,
    memory_map: MemoryMap | None = None,
    peers: tuple[Peer, ...] = (),
    polling: tuple[PollingThread, ...] = (),
    threads: int = 1,
    times: tuple[ThreadTime, ...] = (),
    locks: tuple[Lock, ...] | None = None,
    locks_by: str = "bpf",
    limits: Limits | None = None,
    cores: int = 2,
    seconds: float = SECONDS,
    pid: int = PID,
) -> Evidence:
    """One window whose threads' times follow from the rows: what is neither CPU nor blocked was idle. ``times`` says
    otherwise."""
    running = sum(row.seconds for row in samples)
    blocked = sum(row.blocked_seconds for row in calls)
    asleep = max(0.0, threads * seconds - running - blocked)
    idle = call(
        "accept4", (library("socketserver.py", "BaseServer.serve_forever"),), 0, blocked=asleep, unfinished=1, pid=pid
    )
    every = (*calls, idle) if asleep > 0 and not times else calls
    in_call = asleep + blocked
    followed = ThreadTime(
        pid=pid,
        tid=pid,
        name="python",
        wall=running + in_call,
        running=running,
        runnable=0,
        in_syscall=in_call,
        elsewhere=0,
    )
    measured = Collection(backend="bpf", exact=True)
    how_locked = Collection(backend=locks_by, exact=locks_by != "goroutines")
    parts = ("syscalls", "cpu", "waits", "faults", "threads", "memory", "memory_map", "network")
    return Evidence(
        target=Target(pid=pid, start_time=1.0, name="python"),
        window=Window(started=1.7e9, seconds=seconds),
        cores=cores,
        collections=dict.fromkeys(parts, measured) | {"locks": how_locked},
        syscalls=SyscallProfile(rows=every, calls=sum(r.calls for r in every), seconds=sum(r.seconds for r in every)),
        cpu=CpuProfile(rows=samples, hz=199, samples=sum(r.samples for r in samples), cpu_seconds=running),
        waits=waits,
        faults=faults,
        threads=times or (followed,),
        children=children,
        loops=polling,
        memory=memory,
        memory_map=memory_map or MemoryMap(),
        files=files,
        limits=limits,
        locks=LockProfile(locks=locks) if locks is not None else None,
        network=NetworkUse(peers=peers, awaited=_awaited(peers, seconds)),
    )


def _awaited(peers: tuple[Peer, ...], seconds: float) -> tuple[Awaited, ...]:
    """As if no two peers were ever asked at once."""
    by_pid: dict[int, float] = defaultdict(float)
    for peer in peers:
        for one in peer.awaited if peer.direction == "outgoing" else ():
            by_pid[one.pid] += one.seconds
    return tuple(Awaited(pid=pid, seconds=min(total, seconds)) for pid, total in by_pid.items())


def in_loops(seen: Evidence, *lines: RepeatedLine) -> Evidence:
    """The same window, of which the text says which lines stand in loops."""
    assert seen.network
    return seen.model_copy(update={"network": seen.network.model_copy(update={"repeated": lines})})
