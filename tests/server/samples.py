"""One small window, written by hand, whose every figure can be worked out in the head."""

from collections.abc import Callable

from perfdoctor.schemas.allocations import AllocationProfile, AllocationRow, Mode
from perfdoctor.schemas.comparison import Comparison, FindingChange, MetricChange, StackChange, Verdict
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.custom import CustomBucket, CustomMap, CustomOutput, CustomRow
from perfdoctor.schemas.disk import CacheRow, DiskOperation, DiskRow, DiskUse, Moved
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.file_use import FileAct, FileRow, FileUse
from perfdoctor.schemas.finding import Diagnosis, Fact, Finding, Location, NotChecked, Severity
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.functions import FunctionKind, FunctionProfile, FunctionRow, Value
from perfdoctor.schemas.ledger import Ledger, LedgerRow, State
from perfdoctor.schemas.limits import Limits
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
from perfdoctor.schemas.memory_map import (
    AllocatorUse,
    Amounts,
    ArenaUse,
    KindUse,
    MappingUse,
    MemoryKind,
    MemoryMap,
    ProcessMemory,
    RuntimeHeap,
    Space,
)
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.network import Delay, NameLookup, NetworkError, NetworkUse, Peer, StatementShape, TalkRow
from perfdoctor.schemas.process import FindAnswer, ProcessRow, Reading, Trend, WatchAnswer
from perfdoctor.schemas.recording import Collection, NextCall, Skipped, TargetCost, Window
from perfdoctor.schemas.syscalls import ErrnoCount, SyscallProfile, SyscallRow
from perfdoctor.schemas.system import BackendState, KernelFeature, ToolsAnswer
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.thread_stacks import (
    Pool,
    TaskGroup,
    ThreadStacks,
    ThreadStand,
    ThreadState,
    WaitEdge,
    WaitKind,
    WaitsIn,
)
from perfdoctor.schemas.workload import Run

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


def run(**changes: object) -> Run:
    """Three seconds, 2.5 of them on a core, for a hundred orders."""
    one = Run(
        workload="shop",
        repeat=1,
        ended="exit 0",
        seconds=3.0,
        user_seconds=2.0,
        system_seconds=0.5,
        peak_bytes=64 << 20,
        syscalls=10_007,
        unit="order",
        units=100.0,
        metrics={"p99": 12.5},
    )
    return one.model_copy(update=changes)


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
        limits=limits(),
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


def memory_map() -> MemoryMap:
    """64 MiB in two processes, 40 of it heap that grew by 10, of which a quarter is holes."""
    mib = 1 << 20
    heap = {"size": 41 * mib, "rss": 40 * mib, "pss": 40 * mib, "private_dirty": 40 * mib}
    code = {"size": 48 * mib, "rss": 48 * mib, "pss": 24 * mib, "referenced": 48 * mib}
    return MemoryMap(
        total=Amounts(size=89 * mib, rss=88 * mib, pss=64 * mib, private_dirty=40 * mib, referenced=48 * mib),
        grown=10 * mib,
        total_mappings=20,
        kinds=(
            KindUse(kind=MemoryKind.HEAP, mappings=1, grown=10 * mib, per_second=2.0 * mib, confidence=0.9, **heap),
            KindUse(kind=MemoryKind.CODE, mappings=19, **code),
        ),
        mappings=(
            MappingUse(kind=MemoryKind.HEAP, name="[heap]", pid=PID, grown=10 * mib, **heap),
            *(
                MappingUse(kind=MemoryKind.CODE, name=f"/usr/lib/{i}.so", pid=PID, processes=2, size=mib, pss=mib)
                for i in range(18)
            ),
        ),
        rows=20,
        omitted_mappings=1,
        processes=(ProcessMemory(pid=PID, name="shop", **heap), ProcessMemory(pid=PID + 1, name="worker", **code)),
        allocators=(
            AllocatorUse(
                pid=PID, allocator="glibc 2.36", used=29 * mib, used_blocks=1009, free=10 * mib, free_blocks=89,
                largest_free=mib, top=mib, holes=(0,) * 10 + (71, 18), total_arenas=1,
                arenas=(ArenaUse(kind="main", start=4096, size=40 * mib, used=29 * mib, free=10 * mib, top=mib),),
            ),
        ),
        runtimes=(
            RuntimeHeap(
                pid=PID, runtime="java", source="hsperfdata",
                spaces=(Space(name="old", used=7 * mib, capacity=9 * mib),), counters={"threads": 23.0},
                grown={"young: times": 3.0},
            ),
        ),
        limits=limits(),
        read_seconds=0.003,
    )  # fmt: skip


def limits() -> Limits:
    return Limits(
        version="v2", group="/shop", cpu=0.5, throttled_share=0.43, throttled_seconds=2.1, memory=100 << 20,
        memory_used=97 << 20, memory_inactive=3 << 20, memory_hits=17, oom_kills=0, pids=64, pids_used=5,
        io=("8:0 rbps=max wbps=1048576 riops=max wiops=max",), parts={"anon": 60 << 20, "file": 37 << 20},
        set_by={"cpu": "/shop", "memory": "/"},
    )  # fmt: skip


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


def custom_output() -> CustomOutput:
    bars = (CustomBucket(low=None, high=-1, count=1), CustomBucket(low=0, high=1, count=96))
    return CustomOutput(
        program="t:a:b { @calls[comm] = count(); }",
        ran="tracepoint:a:b / ( pid == 4242 ) /\n{\n@calls [ comm ] = count (  ) ;\n}",
        lines=tuple(f"line {number}" for number in range(40)),
        cut_lines=3,
        cut_bytes=311,
        maps=(
            CustomMap(
                name="@calls", kind="map", rows=(CustomRow(key="shop", value=211),), total_rows=7, omitted_rows=6
            ),
            CustomMap(name="@took", kind="hist", rows=(CustomRow(key="", value=97, buckets=bars),), total_rows=1),
        ),
    )


def allocations() -> AllocationProfile:
    """300 allocations in load, 200 of them never freed and of every third of the window; 97 in main, all freed."""
    rows = (
        AllocationRow(
            pid=PID, function="malloc", stack=(LOAD, MAIN), calls=300, bytes=300_000, frees=100, freed_bytes=100_000,
            outstanding=200, outstanding_bytes=200_000, survivors=70, survivor_bytes=70_000,
            outstanding_thirds=(70_000, 60_000, 70_000), oldest=4.9, mean_life=0.001,
        ),
        AllocationRow(pid=PID, function="calloc", stack=(MAIN,), calls=97, bytes=970, frees=97, freed_bytes=970),
    )  # fmt: skip
    return AllocationProfile(
        mode=Mode.ALLOCATIONS, rows=rows, calls=397, bytes=300_970, outstanding_bytes=200_000, survivor_bytes=70_000
    )


def network() -> NetworkUse:
    """41 requests to a database over 3 connections, from two lines; one refused connect."""
    turns = [0] * 32
    turns[20] = 41
    database = Peer(
        transport="tcp", direction="outgoing", address="10.0.0.7:5432", opened=2, already_open=1, open_at_end=1,
        connect=Delay(times=2, seconds=0.004, max_seconds=0.003), requests=41, protocol="PostgreSQL", receives=41,
        turn=Delay(times=41, seconds=0.082, max_seconds=0.005, histogram=tuple(turns)), sends=82, small_sends=82,
        sent_bytes=1640, small_bytes=1640,
        received_bytes=8200, rtt_seconds=0.0005, max_rtt_seconds=0.001, retransmits=3,
        rows=(
            TalkRow(pid=PID, stack=(LOAD, MAIN), requests=37, answered=37, wait_seconds=0.074, sends=74),
            TalkRow(pid=PID, stack=(MAIN,), opened=2, requests=4, answered=4, wait_seconds=0.008, sends=8),
        ),
        statements=(StatementShape(shape="SELECT a FROM t WHERE id = ?", seen=37, pid=PID, stack=(LOAD, MAIN)),),
    )  # fmt: skip
    cache = Peer(
        transport="unix", direction="outgoing", address="/run/cache.sock", side="local", already_open=0,
        errors=(NetworkError(call="connect", errno="ECONNREFUSED", times=1),),
    )  # fmt: skip
    name = NameLookup(name="db.shop.example", kind="A", server="10.0.0.2:53", queries=2, failed=1, stack=(LOAD, MAIN))
    return NetworkUse(peers=(database, cache), names=(name,))


def disk() -> DiskUse:
    """40 reads of a device by load, most of what was read in the cache; 2 writes by main."""
    rows = (
        DiskRow(pid=PID, operation=DiskOperation.READ, device="vda", file="/srv/a.json", stack=(LOAD, MAIN),
                requests=40, bytes=163_840, seconds=0.08, max_seconds=0.01),
        DiskRow(pid=PID, operation=DiskOperation.WRITE, device="vda", stack=(MAIN,), requests=2, bytes=8192,
                seconds=0.004, max_seconds=0.003),
    )  # fmt: skip
    cache = (CacheRow(pid=PID, file="/srv/a.json", stack=(LOAD, MAIN), misses=40),)
    moved = Moved(asked_read=1_638_400, asked_written=9000, fetched=163_840, dirtied=8192)
    return DiskUse(rows=rows, cache=cache, moved=moved, file_read=1_638_400, hit_share=0.9, mean_depth=0.02, deepest=2)


def functions() -> FunctionProfile:
    """300 calls of deflate from load in 0.6 s, 20 of them failed."""
    row = FunctionRow(
        pid=PID, function="deflate", module="/usr/lib/libz.so.1", stack=(LOAD, MAIN), calls=300, returns=300,
        seconds=0.6, max_seconds=0.01, value=Value(values=300, negative=20, sum=280, least=-5, most=1),
    )  # fmt: skip
    return FunctionProfile(
        kind=FunctionKind.NATIVE, asked="deflate", functions=("deflate of /usr/lib/libz.so.1",), rows=(row,)
    )


def file_use() -> FileUse:
    """One file opened 40 times and read over, one that is not there, 7 syncs of a log."""
    rows = (
        FileRow(pid=PID, path="/srv/log", act=FileAct.SYNC, stack=(MAIN,), calls=7, seconds=0.7, max_seconds=0.2),
        FileRow(pid=PID, path="/srv/a.json", act=FileAct.READ, stack=(LOAD, MAIN), calls=80, bytes=32_000, seconds=0.02,
                sequential=40, random=0),
        FileRow(pid=PID, path="/srv/a.json", act=FileAct.OPEN, stack=(LOAD, MAIN), calls=40, seconds=0.01),
        FileRow(pid=PID, path="/srv/x", act=FileAct.LOOK, stack=(LOAD, MAIN), calls=89, errors=89, seconds=0.01),
    )  # fmt: skip
    return FileUse(rows=rows, unnamed=3)


def thread_stacks() -> ThreadStacks:
    """Two threads that wait for each other, one that computes, and a pool of 7 idle ones."""
    idle = tuple(
        ThreadStand(
            pid=PID, tid=5000 + i, own_tid=5000 + i, name=f"pool-{i}", state=ThreadState.SLEEPING, seen=5.0,
            sleeping=5.0, rested=True, stack=(LOAD, MAIN), waits=WaitsIn(call="futex", object="futex 0x7f00"),
        )
        for i in range(7)
    )  # fmt: skip
    circle = tuple(
        ThreadStand(
            pid=PID, tid=tid, own_tid=tid, name=name, state=ThreadState.SLEEPING, seen=5.0, sleeping=5.0, rested=True,
            stack=(frame, MAIN), waits=WaitsIn(call="futex", object=f"futex {address:#x}"),
        )
        for tid, name, frame, address in ((4301, "forth", RANK, 0x1000), (4302, "back", DECODE, 0x2000))
    )  # fmt: skip
    works = ThreadStand(
        pid=PID, tid=PID, own_tid=PID, name="shop", state=ThreadState.RUNNING, seen=5.0, running=4.0, runnable=0.7,
        sleeping=0.3, voluntary=3, involuntary=211, stack=(RANK, MAIN), moved=True,
    )  # fmt: skip
    edge = WaitEdge(pid=PID, kind=WaitKind.MUTEX, address=0x1000, waiter=4301, holder=4302, stands=True)
    back = WaitEdge(pid=PID, kind=WaitKind.MUTEX, address=0x2000, waiter=4302, holder=4301, stands=True)
    tasks = TaskGroup(
        pid=PID, tasks=23, state="waiting", waits="Future", names=("Task-1", "Task-2"), stack=(DECODE, RANK)
    )
    pool = Pool(
        pid=PID, name="pool-#", entry="main", threads=7, idle=7, busy=0, running_share=0.0, runnable_share=0.0,
        saturated=False,
    )  # fmt: skip
    return ThreadStacks(
        threads=(works, *circle, *idle), looks=50, pools=(pool,), edges=(edge, back), deadlocks=((4301, 4302),),
        stuck=(), tasks=(tasks,),
    )  # fmt: skip


PARTS: dict[str, Callable[[], Model]] = {
    "allocations": allocations,
    "custom": custom_output,
    "disk": disk,
    "file_use": file_use,
    "functions": functions,
    "locks": lock_profile,
    "memory_map": memory_map,
    "network": network,
    "thread_stacks": thread_stacks,
}
"""by question: a small answer to it"""
