"""Small windows for examples: what a pattern is shown to prove itself."""

from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.memory import MemorySample, MemoryTrend
from perfdoctor.schemas.memory_map import MemoryMap
from perfdoctor.schemas.network import NetworkUse, Peer
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
    threads: int = 1,
    seconds: float = SECONDS,
    pid: int = PID,
) -> Evidence:
    """One window whose threads' times follow from the rows: what is neither CPU nor blocked was idle."""
    running = sum(row.seconds for row in samples)
    blocked = sum(row.blocked_seconds for row in calls)
    asleep = max(0.0, threads * seconds - running - blocked)
    idle = call(
        "accept4", (library("socketserver.py", "BaseServer.serve_forever"),), 0, blocked=asleep, unfinished=1, pid=pid
    )
    every = (*calls, idle) if asleep > 0 else calls
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
    parts = ("syscalls", "cpu", "waits", "faults", "threads", "memory", "memory_map", "network")
    return Evidence(
        target=Target(pid=pid, start_time=1.0, name="python"),
        window=Window(started=1.7e9, seconds=seconds),
        cores=2,
        collections=dict.fromkeys(parts, measured),
        syscalls=SyscallProfile(rows=every, calls=sum(r.calls for r in every), seconds=sum(r.seconds for r in every)),
        cpu=CpuProfile(rows=samples, hz=199, samples=sum(r.samples for r in samples), cpu_seconds=running),
        waits=waits,
        faults=faults,
        threads=(followed,),
        children=children,
        memory=memory,
        memory_map=memory_map or MemoryMap(),
        files=files,
        network=NetworkUse(peers=peers),
    )
