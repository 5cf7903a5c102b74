"""What diagnose makes of a window as a whole."""

import pytest

from perfdoctor.diagnosis.catalogue import PATTERNS
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.example import call, cpu, kernel, library, memory, native, python, thread, window
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.finding import Severity
from perfdoctor.schemas.frame import Frame
from perfdoctor.schemas.recording import Collection
from perfdoctor.schemas.threads import ChildProcess, PoolLine

PATH = "/srv/app/settings.json"
LINE = (python(30, "load"),)
LOOP = native("_PyEval_EvalFrameDefault")


def settings_read_again() -> Evidence:
    rows = (
        call("openat", LINE, 5000, on=PATH, seconds=0.6),
        call("newfstatat", LINE, 5000, on=PATH, seconds=0.2),
        call("read", LINE, 10_000, on=PATH, transferred=5000 * 400, empty=5000, seconds=1.8),
        call("close", LINE, 5000, on=PATH, seconds=0.3),
    )
    fact = FileFact(path=PATH, kind="file", size=400)
    return window(calls=rows, files=(fact,), samples=(cpu(LINE, 2.0, leaf=(LOOP,)), cpu(LINE, 3.0, inside=kernel("x"))))


def test_one_cause_is_one_finding() -> None:
    findings = diagnose(settings_read_again()).findings
    assert [f.pattern for f in findings if f.severity is not Severity.INFO] == ["repeated-read"]
    assert "open-close-churn" in findings[0].related


def go(number: int, function: str) -> Frame:
    return native(f"main.{function}", "/srv/desk", "/srv/desk.go", number)


def test_what_makes_the_garbage_comes_before_its_collection() -> None:
    joins = (native("runtime.memmove"), native("runtime.concatstrings"), go(84, "page"), go(99, "main"))
    makes = (native("runtime.mallocgc"), go(72, "line"), go(84, "page"), go(99, "main"))
    collects = (native("runtime.gcBgMarkWorker"),)
    samples = (cpu(joins, 2.0), cpu(makes, 1.0), cpu(collects, 4.0), cpu((go(90, "sum"),), 2.0))
    findings = diagnose(window(samples=samples)).findings
    assert [(f.pattern, f.location and f.location.line) for f in findings[:2]] == [
        ("string-building", 84),
        ("gc-pressure", 84),
    ]
    elsewhere = (native("runtime.memmove"), native("runtime.concatstrings"), go(14, "log"), go(99, "main"))
    findings = diagnose(window(samples=(cpu(elsewhere, 0.8), *samples[1:]))).findings
    assert [(f.pattern, f.location and f.location.line) for f in findings[:2]] == [
        ("gc-pressure", 72),
        ("string-building", 14),
    ]


def test_findings_come_by_importance() -> None:
    line = (python(5, "save"),)
    small = call("fsync", line, 400, on="/data/x", seconds=2.0, blocked=2.0)
    evidence = settings_read_again()
    assert evidence.syscalls is not None
    rows = (*evidence.syscalls.rows, small)
    evidence = evidence.model_copy(update={"syscalls": evidence.syscalls.model_copy(update={"rows": rows})})
    found = diagnose(evidence.model_copy(update={"memory": memory(1e6)})).findings
    assert [f.pattern for f in found] == ["repeated-read", "sync-write", "memory-growth"]
    shares = [f.share for f in found]
    assert shares[0] is not None
    assert shares[1] is not None
    assert shares[0] > shares[1]


@pytest.mark.parametrize(
    ("focus", "kept"),
    [("io", {"repeated-read"}), ("memory", {"memory-growth"}), ("auto", {"repeated-read", "memory-growth"})],
)
def test_focus_keeps_its_own_patterns(focus: str, kept: set[str]) -> None:
    answer = diagnose(settings_read_again().model_copy(update={"memory": memory(1e6)}), focus)
    assert {f.pattern for f in answer.findings if f.severity is not Severity.INFO} == kept
    outside = {n.pattern for n in answer.not_checked if "focus" in n.why}
    assert outside == {p.id for p in PATTERNS.values() if focus != "auto" and focus not in p.focus}


def test_an_unknown_focus_is_refused() -> None:
    with pytest.raises(ValueError, match="disk"):
        diagnose(window(), "disk")


@pytest.mark.parametrize("part", ["syscalls", "cpu", "memory", "children"])
def test_what_cannot_be_judged_is_named(part: str) -> None:
    answer = diagnose(window(memory=memory(0)).model_copy(update={part: None}))
    unchecked = {n.pattern for n in answer.not_checked}
    assert unchecked == {p.id for p in PATTERNS.values() if part in p.needs}
    assert all(n.why and n.enable for n in answer.not_checked)


def test_growth_that_may_be_garbage_is_not_judged() -> None:
    grows = window(memory=memory(3e6))
    node = grows.model_copy(update={"target": grows.target.model_copy(update={"runtime": "node"})})
    assert [f.pattern for f in diagnose(grows).findings] == ["memory-growth"]
    answer = diagnose(node)
    assert answer.findings == () and "memory-growth" in {n.pattern for n in answer.not_checked}


def test_lost_events_take_from_the_confidence() -> None:
    whole = settings_read_again()
    lossy = Collection(backend="bpf", exact=False, lost=25_000)
    half = whole.model_copy(update={"collections": whole.collections | {"syscalls": lossy}})
    before, after = diagnose(whole).findings[0], diagnose(half).findings[0]
    assert after.confidence == pytest.approx(before.confidence / 2, abs=0.01)


def healthy() -> dict[str, Evidence]:
    """Programs that do their work, each of the shape of a problem."""
    http = (library("http/server.py", "BaseHTTPRequestHandler.handle_one_request"),)
    socket = "fd:9 (socket:[4])"
    handlers = tuple(
        cpu((python(10 * i, f"handle_{i}"),), 0.5, leaf=(native(name),))
        for i, name in enumerate(
            ["insertdict", "_PyEval_EvalFrameDefault", "pymalloc_alloc", "list_sort_impl", "_json"], 1
        )
    )
    web = (
        call("recvfrom", http, 4000, on=socket, transferred=4000 * 300, blocked=30.0),
        call("sendto", (python(12, "reply"),), 4000, on=socket, transferred=4000 * 1200, seconds=0.2),
        call("newfstatat", (python(12, "reply"),), 40, on="/srv/static/a.css", seconds=0.001),
        call("openat", (python(13, "reply"),), 40, on="/srv/static/a.css", seconds=0.001),
        call("write", (python(99, "log"),), 400, on="/var/log/a.log", transferred=400 * 90, seconds=0.01),
    )
    pool = (
        call(
            "futex",
            (library("queue.py", "Queue.get"), library("concurrent/futures/thread.py", "_worker")),
            9000,
            blocked=30.0,
        ),
        call("futex", (library("threading.py", "Thread.join"), python(70, "main")), 0, unfinished=1, blocked=10.0),
    )
    copy = (
        call("read", (python(5, "copy"),), 20_000, on="/data/in", transferred=20_000 << 18, seconds=4.0, blocked=3.0),
        call("write", (python(6, "copy"),), 20_000, on="/data/out", transferred=20_000 << 18, seconds=4.0),
        call("fsync", (python(7, "copy"),), 1, on="/data/out", seconds=0.5, blocked=0.5),
    )
    numpy = "/srv/.venv/lib/python3.11/site-packages/numpy/core/_multiarray_umath.cpython-311.so"
    growth = memory(2e5, confidence=0.55)
    event_loop = call("epoll_wait", (library("selectors.py", "EpollSelector.select"),), 30_000, empty=200, blocked=8.0)
    beat = call("clock_nanosleep", (python(3, "beat"),), 10, blocked=10.0)
    workers = ChildProcess(program="(fork)", started=4, ended=0, seconds=36.0)
    return {
        "a web server": window(calls=web, samples=handlers, threads=8, memory=growth),
        "a thread pool": window(calls=pool, samples=handlers, threads=6),
        "a file copy": window(calls=copy, samples=handlers[:1]),
        "numerics": window(samples=(cpu((python(7, "fit"),), 9.5, leaf=(native("DOUBLE_add", numpy),)),)),
        "an event loop": window(calls=(event_loop,), samples=handlers),
        "a service at rest": window(calls=(beat,), threads=2, memory=memory(0)),
        "a pool of processes": window(samples=handlers, children=(workers,)),
        "nothing at all": window(threads=0),
    }


@pytest.mark.parametrize("name", healthy())
def test_a_healthy_program_yields_no_warning(name: str) -> None:
    grave = [f for f in diagnose(healthy()[name]).findings if f.severity is not Severity.INFO]
    assert grave == []


def test_a_pool_is_told_where_it_is_made_and_explains_what_its_workers_wait_for() -> None:
    worker = (library("concurrent/futures/thread.py", "_worker"), library("threading.py", "Thread.run"))
    task = (python(20, "fetch"), library("concurrent/futures/thread.py", "_WorkItem.run"), *worker)
    result = (library("threading.py", "Condition.wait"), library("concurrent/futures/_base.py", "Future.result"))
    evidence = window(
        calls=(
            call("futex", (*result, python(50, "page")), 900, blocked=9.0),
            call("recvfrom", task, 900, on="fd:5 (socket:[9])", blocked=19.0),
        ),
        samples=(cpu(task, 0.6),),
        times=tuple(thread(running=0.3, asleep=9.7, tid=i) for i in range(3)),
    )
    pid = evidence.target.pid
    before = diagnose(evidence).findings
    made = PoolLine(pid=pid, file="/srv/app/archive.py", line=75, function="__init__")
    after = diagnose(evidence.model_copy(update={"pools": (made,)})).findings
    assert [f.pattern for f in after] == [f.pattern for f in before]
    assert (before[0].location and before[0].location.line, after[0].location and after[0].location.line) == (20, 75)
    assert after[0].stack == before[0].stack
    several = (made, made.model_copy(update={"line": 90}))
    assert diagnose(evidence.model_copy(update={"pools": several})).findings == before
