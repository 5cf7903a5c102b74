"""One small window, written by hand, whose every figure can be worked out in the head."""

from collections.abc import Callable

from perfdoctor.schemas.comparison import Comparison, FindingChange, MetricChange, StackChange, Verdict
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Diagnosis, Fact, Finding, Location, NotChecked, Severity
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.ledger import Ledger, LedgerRow, State
from perfdoctor.schemas.locks import (
    GilHolder,
    GilUse,
    Lock,
    LockHold,
    LockKind,
    LockProfile,
    LockWait,
    StandingWait,
)
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.process import FindAnswer, ProcessRow, Reading, Trend, WatchAnswer
from perfdoctor.schemas.recording import Collection, NextCall, Skipped, TargetCost, Window
from perfdoctor.schemas.syscalls import ErrnoCount, SyscallProfile, SyscallRow
from perfdoctor.schemas.system import BackendState, KernelFeature, ToolsAnswer
from perfdoctor.schemas.target import Target

PID = 4242
MAIN = Frame(kind=FrameKind.PYTHON, function="main", file="/srv/shop/app.py", line=97)
RANK = Frame(kind=FrameKind.PYTHON, function="rank", file="/srv/shop/search.py", line=41)
LOAD = Frame(kind=FrameKind.PYTHON, function="load", file="/srv/shop/store.py", line=13)
DECODE = Frame(kind=FrameKind.PYTHON, function="decode", file="/usr/lib/python3.11/json/decoder.py", line=337)
CONTAINS = Frame(kind=FrameKind.NATIVE, function="list_contains", module="/usr/bin/python3.11")
VFS_READ = Frame(kind=FrameKind.KERNEL, function="vfs_read")

TARGET = Target(
    pid=PID, start_time=12.5, name="shop", command=("python3", "app.py"), user="web", runtime="python3.11", threads=3
)
WINDOW = Window(started=1_700_000_000.25, seconds=5.0)
HOW = Collection(
    backend="bpf",
    exact=True,
    reason="the cheapest for the target",
    cost=TargetCost(kind="perturbs", events=311, estimated_seconds=0.0002),
)


def cpu_rows() -> tuple[CpuRow, ...]:
    """7 s of CPU time: 4 in rank (3 of them in list_contains), 2 in json called by load, 1 in the kernel for load."""
    return (
        CpuRow(pid=PID, stack=(RANK, MAIN), native=(CONTAINS,), samples=300, seconds=3.0),
        CpuRow(pid=PID, stack=(RANK, MAIN), samples=100, seconds=1.0),
        CpuRow(pid=PID, stack=(DECODE, LOAD, MAIN), samples=200, seconds=2.0),
        CpuRow(pid=PID, stack=(LOAD, MAIN), kernel=(VFS_READ,), samples=100, seconds=1.0),
    )


def syscall_rows() -> tuple[SyscallRow, ...]:
    """311 calls: 211 reads of two files and 97 stats, 89 of which fail, in load; 3 long waits in main."""
    reads = [0] * 32
    reads[9], reads[10], reads[13] = 100, 90, 10
    return (
        SyscallRow(
            pid=PID, syscall="read", object="/srv/a.json", stack=(LOAD, MAIN), calls=200, bytes=3200, seconds=0.5,
            blocked_seconds=0.4, max_seconds=0.01, histogram=tuple(reads),
        ),
        SyscallRow(
            pid=PID, syscall="read", object="/srv/b.json", stack=(DECODE, LOAD, MAIN), calls=11, bytes=176, empty=1,
            seconds=0.25, max_seconds=0.05,
        ),
        SyscallRow(pid=PID, syscall="newfstatat", object="/srv/x", stack=(LOAD, MAIN), calls=97, errors=89,
        seconds=0.01), SyscallRow(pid=PID, syscall="epoll_wait", object="fd:5", stack=(MAIN,), calls=3, seconds=4.24,
    max_seconds=2.0), )  # fmt: skip


def evidence(**changes: object) -> Evidence:
    rows = syscall_rows()
    cpu = cpu_rows()
    parts = Evidence(
        target=TARGET,
        window=WINDOW,
        cores=2,
        collections={"cpu": HOW.model_copy(update={"exact": False}), "syscalls": HOW},
        cpu=CpuProfile(rows=cpu, hz=99, samples=700, cpu_seconds=7.0, sampled_seconds=7.0),
        syscalls=SyscallProfile(
            rows=rows,
            errnos=(ErrnoCount(syscall="newfstatat", errno="ENOENT", calls=89),),
            calls=sum(row.calls for row in rows),
            seconds=sum(row.seconds for row in rows),
        ),
    )
    return parts.model_copy(update=changes)


def diagnosis() -> Diagnosis:
    return Diagnosis(
        findings=(
            Finding(
                pattern="hot-loop",
                title="One loop holds the CPU",
                severity=Severity.CRITICAL,
                share=0.57,
                confidence=0.9,
                location=Location(file="/srv/shop/search.py", line=41, function="rank"),
                stack=(RANK, MAIN),
                evidence=(Fact(what="CPU time at this line", value=4.0, unit="seconds", tool="trace-cpu"),),
                fix="Use a set for the membership test.",
                verify="Diagnose again: this line should hold less than a tenth of the CPU time.",
            ),
        ),
        not_checked=(NotChecked(pattern="memory-growth", why="the window is short", enable="Ask for 30 seconds."),),
        ledger=Ledger(
            thread_seconds=15.0,
            busy_seconds=7.1,
            unaccounted=0.0,
            rows=(
                LedgerRow(state=State.IDLE, seconds=7.9, share=0.527),
                LedgerRow(state=State.RUNNING_USER, seconds=7.1, share=0.473, top=(RANK, MAIN)),
            ),
        ),
    )


def comparison() -> Comparison:
    return Comparison(
        verdict=Verdict.IMPROVED,
        why="It uses 4 s of CPU time less.",
        per="second",
        metrics=(MetricChange(metric="cpu", unit="cores", before=1.4, after=0.6, low=-0.9, high=-0.7, better=True),),
        findings=(FindingChange(change="gone", pattern="hot-loop", location=None, before=0.57, after=None),),
        stacks=tuple(StackChange(stack=(RANK, MAIN), what="cpu", before=0.8, after=0.0) for _ in range(20)),
    )


def found() -> FindAnswer:
    row = ProcessRow(
        pid=PID, ppid=1, name="shop", command="python3 app.py", user="web", runtime="python3.11", state="R",
        cpu_share=1.4, rss=64 << 20, threads=3, age=3600.0, ports=(8080,), why="name",
    )  # fmt: skip
    call = NextCall(tool="proc-watch", arguments={"pid": PID}, why="its baseline")
    return FindAnswer(summary="1 process matches.", processes=(row,), total=1, omitted=0, unreadable=2, next=(call,))


def watched(readings: int = 25) -> WatchAnswer:
    return WatchAnswer(
        recording="",
        target=TARGET,
        window=WINDOW,
        collection=HOW.model_copy(update={"backend": "proc", "cost": TargetCost()}),
        summary="Busy: 1.4 cores, memory steady.",
        trends=(Trend(metric="cpu", unit="cores", mean=1.4, low=1.3, high=1.5, slope=0.0, confidence=0.1),),
        readings=tuple(
            Reading(
                at=i / 5, cpu=1.4, user_cpu=1.2, system_cpu=0.2, rss=64 << 20, threads=3, voluntary_switches=9.0,
                involuntary_switches=2.0, minor_faults=0.0, major_faults=0.0,
            )
            for i in range(readings)
        ),
        total_readings=readings,
        omitted_readings=0,
        pressure={"cpu": 0.12},
        next=(NextCall(tool="diagnose", arguments={"pid": PID}, why="the cause"),),
    )  # fmt: skip


def tools(*usable: str) -> ToolsAnswer:
    names = ("bpf", "bpftrace", "perf", "strace")
    return ToolsAnswer(
        summary="System calls can be traced.",
        system="Linux",
        kernel="6.18",
        architecture="x86_64",
        privileges=("root",),
        backends=tuple(
            BackendState(
                backend=name,
                available=name in usable,
                answers=("trace-syscalls",),
                unlock=None if name in usable else f"apt-get install {name}",
            )
            for name in names
        ),
        features=(KernelFeature(feature="BTF", available=True),),
        runtimes=("python",),
        next=(NextCall(tool="proc-find", why="find the process"),),
    )


def lock_profile() -> LockProfile:
    """A mutex: 41 waits in rank for load, 2 s. The GIL: 7 waits, 0.5 s. A condition: 3 waits for work, 4 s. A
    semaphore that is woken by what never waits for it: 11 waits, 1 s."""
    histogram = [0] * 32
    histogram[25] = 41
    mutex = LockWait(
        waiter=(RANK, MAIN), holder=(LOAD, MAIN), waits=41, seconds=2.0, max_seconds=0.06, histogram=tuple(histogram)
    )
    gil = LockWait(waiter=(RANK, MAIN), holder=(LOAD, MAIN), waits=7, seconds=0.5, max_seconds=0.1)
    work = LockWait(waiter=(MAIN,), holder=(LOAD, MAIN), waits=3, seconds=4.0, max_seconds=2.0)
    other = LockWait(waiter=(RANK,), holder=(LOAD,), waits=11, seconds=1.0, max_seconds=0.1)
    held = LockHold(stack=(LOAD, MAIN), holds=41, whole=40, seconds=1.9, max_seconds=0.055)
    return LockProfile(
        locks=(
            Lock(pid=PID, kind=LockKind.CONDITION, address=0x300, waits=3, seconds=4.0, threads=1, waiters=(work,)),
            Lock(
                pid=PID, kind=LockKind.MUTEX, name="index_lock in /srv/shop/fast.so", address=0x100, waits=41,
                seconds=2.0, max_seconds=0.06, threads=3, waiters=(mutex,), holders=(held,),
            ),
            Lock(pid=PID, kind=LockKind.SEMAPHORE, name="heap", address=0x400, waits=11, seconds=1.0, threads=1,
                 waiters=(other,)),
            Lock(pid=PID, kind=LockKind.INTERPRETER, name="the GIL", address=0x200, waits=7, seconds=0.5, threads=2,
                 waiters=(gil,)),
        ),
        standing=(
            StandingWait(pid=PID, tid=PID + 1, kind=LockKind.MUTEX, name="index_lock in /srv/shop/fast.so",
                         address=0x100, owner=PID + 2, seconds=0.2, stack=(RANK, MAIN)),
        ),
        gil=(
            GilUse(pid=PID, hz=500.0, samples=2500, held=2000,
                   holders=(GilHolder(tid=PID, thread="shop", samples=1500, lines=(((RANK, MAIN), 300),)),)),
        ),
        waits=62,
        seconds=7.5,
    )  # fmt: skip


SKIPPED = Skipped(backend="bpf", why="no privilege")


PARTS: dict[str, Callable[[], Model]] = {"locks": lock_profile}
"""by question: a small answer to it"""
