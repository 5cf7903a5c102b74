"""What goes wrong in a window on a Go program is told as elsewhere, and looks end with it."""

import anyio
import pytest

from perfdoctor.collectors import golang
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.locks import LockKind
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import Collection, Window
from perfdoctor.schemas.target import Target

pytestmark = pytest.mark.anyio
NOBODY = Target(pid=1 << 29, start_time=1.0, name="gone", runtime="go")


async def test_a_refusal_comes_as_it_is() -> None:
    async def window() -> Evidence:
        raise ProblemError("It cannot be measured.", "It has ended.", "Call proc-find.")

    with pytest.raises(ProblemError, match="It cannot be measured"):
        await golang.beside(LocalHost(), NOBODY, window)


async def test_a_window_is_cancelled() -> None:
    with anyio.move_on_after(0.05) as scope:
        await golang.beside(LocalHost(), NOBODY, lambda: anyio.sleep(9))  # type: ignore[arg-type, return-value]
    assert scope.cancelled_caught


async def test_goroutines_that_cannot_be_read_are_said_to_lack() -> None:
    async def window() -> Evidence:
        how = Collection(backend="bpf", exact=True)
        return Evidence(target=NOBODY, window=Window(started=1.0, seconds=1.0), collections={"syscalls": how})

    evidence = await golang.beside(LocalHost(), NOBODY, window)
    assert evidence.locks is None and evidence.goroutines is None
    assert evidence.collections["syscalls"].lacks == ("locks of Go: its memory may not be read",)


def frames(*functions: str) -> tuple[Frame, ...]:
    return tuple(Frame(kind=FrameKind.NATIVE, function=function) for function in functions)


@pytest.mark.parametrize(
    ("functions", "kind", "name"),
    [
        (
            ("runtime.gopark", "sync.(*Mutex).lockSlow", "main.(*Cart).Add"),
            LockKind.MUTEX,
            "sync.Mutex of main.(*Cart)",
        ),
        (("internal/sync.(*Mutex).Lock", "sync.(*Mutex).Lock", "main.put"), LockKind.MUTEX, "sync.Mutex of main.put"),
        (("sync.(*RWMutex).RLock", "main.(*Cart).Sum"), LockKind.RWLOCK, "sync.RWMutex of main.(*Cart)"),
        (("sync.(*Mutex).Lock", "sync.(*RWMutex).Lock", "main.put"), LockKind.RWLOCK, "sync.RWMutex of main.put"),
        (
            ("runtime.selectgo", "database/sql.(*DB).conn", "main.sum"),
            LockKind.POOL,
            "connections of database/sql",
        ),
    ],
)
def test_which_lock_is_waited_for(functions: tuple[str, ...], kind: LockKind, name: str) -> None:
    assert golang._asked(frames(*functions)) == (kind, name)


def test_who_sends_on_a_channel_waits_for_a_worker() -> None:
    sends = frames("runtime.gopark", "runtime.chansend", "runtime.chansend1", "main.(*desk).submit", "main.serve")
    assert golang._asked(sends) == (LockKind.POOL, "workers behind a channel of main.(*desk).submit")
    assert golang._asked(frames("runtime.gopark", "runtime.chanrecv1", "main.(*desk).work")) is None


def test_other_waits_are_none_for_a_lock() -> None:
    assert golang._asked(frames("runtime.gopark", "sync.(*WaitGroup).Wait", "main.main")) is None
    assert golang._asked(frames("runtime.selectgo", "main.serve")) is None
    assert golang._asked(()) is None
