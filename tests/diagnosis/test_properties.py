"""Whatever a backend hands over, diagnosis answers, and its figures stay within their bounds."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfdoctor.diagnosis.comparison import compare
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.ledger import ledger
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.limits import Limits
from perfdoctor.schemas.locks import Lock, LockHold, LockKind, LockProfile, LockWait
from perfdoctor.schemas.loops import LateRow, PollingThread
from perfdoctor.schemas.memory import HeapReading, LivingRow, MemorySample, MemoryTrend
from perfdoctor.schemas.memory_map import AllocatorUse, ArenaUse, KindUse, MemoryKind, MemoryMap, RuntimeHeap, Space
from perfdoctor.schemas.network import Awaited, Delay, NetworkError, NetworkUse, Peer, StatementShape, TalkRow
from perfdoctor.schemas.recording import Collection, Window
from perfdoctor.schemas.syscalls import SyscallProfile, SyscallRow
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.threads import ChildProcess, ThreadTime
from perfdoctor.schemas.waits import FaultRow, WaitKind, WaitRow

PATHS = [
    "/srv/a.py",
    "/usr/lib/python3.11/asyncio/events.py",
    "/usr/lib/python3.11/asyncio/base_events.py",
    "/usr/lib/python3.11/queue.py",
    "<string>",
    "",
    "x",
    None,
    "/lib/python3.12/site-packages/y/z.py",
]
MODULES = ["/srv/a", "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/libpython3.11.so.1.0", "", None]
FUNCTIONS = [
    "work",
    "_run",
    "_run_once",
    "uv__io_poll",
    "java.util.concurrent.FutureTask.get",
    "list_contains",
    "_PyEval_EvalFrameDefault",
    "wait",
    "get",
    "[vdso]",
    "",
    "[unknown]",
    "C.m",
]
CALLS = [
    "read",
    "write",
    "futex",
    "openat",
    "close",
    "fsync",
    "newfstatat",
    "clock_nanosleep",
    "poll",
    "recvfrom",
    "accept4",
    "wait4",
    "vfork",
    "mmap",
    "??",
]
OBJECTS = [None, "", "/data/x", "fd:3", "fd:3 (socket:[1])", "fd:0 (pipe:[1])", "futex:0x1", "fd:", "rel/x", "fd:1 ()"]

count = st.integers(0, 10**7)
some_seconds = st.floats(0, 100, allow_nan=False)
frames = st.builds(
    Frame,
    kind=st.sampled_from(FrameKind),
    function=st.sampled_from(FUNCTIONS),
    file=st.sampled_from(PATHS),
    line=st.none() | st.integers(0, 5),
    module=st.sampled_from(MODULES),
)
stacks = st.lists(frames, max_size=4).map(tuple)
pids = st.integers(0, 2)
calls = st.builds(
    SyscallRow,
    pid=pids,
    syscall=st.sampled_from(CALLS),
    object=st.sampled_from(OBJECTS),
    stack=stacks,
    calls=count,
    errors=count,
    empty=count,
    unfinished=st.integers(0, 3),
    bytes=count,
    seconds=some_seconds,
    blocked_seconds=some_seconds,
    runnable_seconds=some_seconds,
)
samples = st.builds(
    CpuRow, pid=pids, stack=stacks, native=stacks, kernel=stacks, samples=st.integers(0, 999), seconds=some_seconds
)
threads = st.builds(
    ThreadTime,
    pid=pids,
    tid=pids,
    name=st.just("t"),
    wall=some_seconds,
    running=some_seconds,
    runnable=some_seconds,
    in_syscall=some_seconds,
    elsewhere=some_seconds,
)
waits = st.builds(WaitRow, pid=pids, kind=st.sampled_from(WaitKind), stack=stacks, count=count, seconds=some_seconds)
faults = st.builds(FaultRow, pid=pids, stack=stacks, faults=count)
children = st.builds(ChildProcess, program=st.sampled_from(FUNCTIONS), started=count, ended=count, seconds=some_seconds)
readings = st.builds(MemorySample, at=some_seconds, rss=count, anonymous=count, swap=count)
heap_readings = st.builds(HeapReading, at=some_seconds, used=count, collected=st.booleans())
living = st.builds(LivingRow, pid=pids, stack=stacks, samples=count, bytes=st.none() | count)
trends = st.builds(
    MemoryTrend,
    heap=st.lists(heap_readings, max_size=9).map(tuple),
    samples=st.lists(readings, max_size=8).map(tuple),
    bytes_per_second=st.floats(-1e9, 1e9),
    confidence=st.floats(0, 1),
)
large = st.integers(0, 1 << 40)
arenas = st.builds(
    ArenaUse, kind=st.sampled_from(["main", "thread", "mapped"]), start=st.just(0), size=large, used=large
)
allocators = st.builds(
    AllocatorUse,
    pid=pids,
    allocator=st.just("glibc 2.36"),
    used=large,
    free=large,
    least_free=st.none() | large,
    arenas=st.lists(arenas, max_size=3).map(tuple),
)
spaces = st.builds(Space, name=st.just("objects"), used=large, capacity=st.none() | large, least_free=st.none() | large)
heaps = st.builds(
    RuntimeHeap,
    pid=pids,
    runtime=st.sampled_from(["python3.12", "java"]),
    source=st.sampled_from(["obmalloc", "hsperfdata"]),
    spaces=st.lists(spaces, max_size=3).map(tuple),
)
kinds = st.builds(KindUse, kind=st.sampled_from(MemoryKind), mappings=count, rss=large, referenced=large, grown=large)
maps = st.builds(
    MemoryMap,
    kinds=st.lists(kinds, max_size=4).map(tuple),
    allocators=st.lists(allocators, max_size=2).map(tuple),
    runtimes=st.lists(heaps, max_size=2).map(tuple),
    working_set=st.booleans(),
)
files = st.builds(FileFact, path=st.sampled_from(["/data/x", "rel/x"]), kind=st.just("file"), size=count)
late = st.builds(LateRow, stack=stacks, samples=count, seconds=some_seconds)
polling = st.builds(
    PollingThread,
    pid=pids,
    tid=pids,
    name=st.sampled_from(["node", "vert.x-eventloo", ""]),
    stack=stacks,
    polls=count,
    poll_seconds=some_seconds,
    off_seconds=some_seconds,
    longest_seconds=some_seconds,
    histogram=st.sampled_from([(), (0,) * 32, (3,) * 32]),
    late=st.lists(late, max_size=3).map(tuple),
)
limits = st.builds(
    Limits,
    version=st.just("v2"),
    group=st.sampled_from(["/", "/pod"]),
    cpu=st.none() | st.floats(0.001, 64),
    throttled_share=st.none() | st.floats(0, 1),
    throttled_seconds=st.none() | some_seconds,
)
waiters = st.builds(LockWait, waiter=stacks, holder=stacks, waits=count, seconds=some_seconds)
locks = st.builds(
    Lock,
    pid=pids,
    kind=st.sampled_from(LockKind),
    address=st.none() | st.just(1),
    waits=count,
    seconds=some_seconds,
    waiters=st.lists(waiters, max_size=3).map(tuple),
    holders=st.lists(st.builds(LockHold, stack=stacks, holds=count, seconds=some_seconds), max_size=2).map(tuple),
)
talk_rows = st.builds(
    TalkRow,
    pid=pids,
    stack=stacks,
    opened=count,
    requests=count,
    answered=count,
    wait_seconds=some_seconds,
    sends=count,
    sent_bytes=count,
    receives=count,
    received_bytes=count,
    failed=count,
)
delays = st.builds(Delay, times=count, seconds=some_seconds, max_seconds=some_seconds)
shapes = st.builds(
    StatementShape,
    shape=st.sampled_from(["", "SELECT ?", "GET /x/?", "BLPOP q", "(bind)", "GET k:? (pipelined)"]),
    seen=count,
    pid=pids,
    stack=stacks,
)
maybe = st.none() | count
awaited = st.lists(st.builds(Awaited, pid=pids, seconds=some_seconds), max_size=2).map(tuple)
peers = st.builds(
    Peer,
    transport=st.sampled_from(["tcp", "unix", "udp", "netlink"]),
    direction=st.sampled_from(["incoming", "outgoing", "unknown"]),
    address=st.sampled_from(["10.0.0.1:80", "(unnamed)", "", "[::1]:5432"]),
    side=st.sampled_from(["local", "remote"]),
    opened=maybe,
    already_open=maybe,
    open_at_end=maybe,
    requests=maybe,
    sends=maybe,
    receives=maybe,
    sent_bytes=count,
    received_bytes=count,
    connect=delays,
    turn=delays,
    rtt_seconds=st.none() | some_seconds,
    errors=st.lists(
        st.builds(NetworkError, call=st.just("connect"), errno=st.just("closed"), times=count), max_size=2
    ).map(tuple),
    protocol=st.sampled_from(["", "HTTP/1", "PostgreSQL", "Redis", "TLS"]),
    opaque=st.booleans(),
    rows=st.lists(talk_rows, max_size=3).map(tuple),
    statements=st.lists(shapes, max_size=3).map(tuple),
    awaited=awaited,
    sent_shrinks_to=st.none() | st.floats(0, 1),
    received_shrinks_to=st.none() | st.floats(0, 1),
)
networks = st.builds(NetworkUse, peers=st.lists(peers, max_size=3).map(tuple), awaited=awaited)
collections = st.dictionaries(
    st.sampled_from(["syscalls", "cpu", "locks"]),
    st.builds(Collection, backend=st.sampled_from(["bpf", "jvm"]), exact=st.booleans(), lost=count),
)


def several(of: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | st.lists(of, max_size=5).map(tuple)


runtimes = st.sampled_from(["unknown", "java", "node"])
targets = st.builds(Target, pid=st.just(1), start_time=st.just(0.0), name=st.just("t"), runtime=runtimes)
evidences = st.builds(
    Evidence,
    target=targets,
    window=st.builds(Window, started=st.just(0.0), seconds=st.sampled_from([0.0, 1e-6, 1.0, 10.0])),
    collections=collections,
    user_roots=st.sampled_from([(), ("/srv",)]),
    syscalls=st.none() | st.builds(SyscallProfile, rows=st.lists(calls, max_size=6).map(tuple), calls=count),
    cpu=st.none() | st.builds(CpuProfile, rows=st.lists(samples, max_size=6).map(tuple), cpu_seconds=some_seconds),
    waits=several(waits),
    faults=several(faults),
    threads=several(threads),
    children=several(children),
    memory=st.none() | trends,
    loops=several(polling),
    limits=st.none() | limits,
    locks=st.none() | st.builds(LockProfile, locks=st.lists(locks, max_size=3).map(tuple)),
    memory_map=st.none() | maps,
    living=several(living),
    files=st.lists(files, max_size=2).map(tuple),
    network=st.none() | networks,
)
relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@relaxed
@given(evidences)
def test_any_evidence_is_judged(evidence: Evidence) -> None:
    answer = diagnose(evidence)
    assert {n.pattern for n in answer.not_checked}.isdisjoint({f.pattern for f in answer.findings})
    for finding in answer.findings:
        assert finding.share is None or 0 <= finding.share <= 1
        assert 0 <= finding.confidence <= 1
        assert finding.fix
        assert finding.verify
    assert (answer.ledger is None) == (evidence.threads is None)


@relaxed
@given(evidences)
def test_the_ledger_adds_up(evidence: Evidence) -> None:
    account = ledger(evidence)
    total = sum(row.seconds for row in account.rows)
    assert abs(total + account.unaccounted - account.thread_seconds) < 1e-6 * max(1.0, total)
    assert all(row.seconds > 0 and 0 <= row.share <= 1 for row in account.rows)
    assert 0 <= account.busy_seconds <= total + 1e-9


@settings(relaxed, max_examples=60)
@given(evidences, evidences)
def test_any_two_windows_are_compared(before: Evidence, after: Evidence) -> None:
    comparison = compare(before, after)
    assert comparison.why
    assert comparison.metrics
    for metric in comparison.metrics:
        assert metric.low is None or metric.high is None or metric.low <= metric.high
