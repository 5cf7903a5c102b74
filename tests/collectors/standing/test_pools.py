"""Which threads are one pool, and is it full?"""

from perfdoctor.collectors.standing.pools import entry, pools, stem
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.thread_stacks import ThreadStand, ThreadState


def stack(*functions: str) -> Stack:
    return tuple(
        Frame(kind=FrameKind.PYTHON, function=name, file="/lib/threading.py" if name[0] == "T" else "/a.py", line=3)
        for name in functions
    )


def thread(tid: int, name: str, *, running: float = 0.0, runnable: float = 0.0) -> ThreadStand:
    return ThreadStand(
        pid=1, tid=tid, own_tid=tid, name=name, state=ThreadState.SLEEPING, seen=10.0, running=running,
        runnable=runnable, stack=stack("wait", "serve", "Thread.run"),
    )  # fmt: skip


def test_digits_do_not_tell_threads_apart() -> None:
    assert stem("http-nio-8080-exec-17") == "http-nio-#-exec-#"


def test_the_beginning_is_the_programs_own_function() -> None:
    assert entry(stack("wait", "serve", "Thread.run", "Thread._bootstrap")) == "serve"
    assert entry(stack("pause", "idle", "start_thread", "clone3")) == "idle"
    assert entry(()) == ""


def test_a_pool_is_idle_busy_or_saturated() -> None:
    rows = [thread(1, "main"), *(thread(tid, f"w-{tid}", running=9.0) for tid in (2, 3)), thread(4, "w-4")]
    (found,) = pools(rows)
    assert (found.name, found.entry, found.threads, found.idle, found.busy) == ("w-#", "serve", 3, 1, 2)
    assert found.running_share == 0.6 and not found.saturated
    (full,) = pools(thread(tid, f"w-{tid}", running=7.0, runnable=2.0) for tid in (2, 3))
    assert full.saturated and full.runnable_share == 0.2
    (busy,) = pools(thread(tid, f"w-{tid}", running=10.0) for tid in (2, 3))
    assert busy.busy == 2 and not busy.saturated
