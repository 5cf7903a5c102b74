"""What one window is asked to follow, and what may end it early."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.schemas.syscalls import SyscallRow


@dataclass(slots=True)
class FirstLook:
    """After ``at`` seconds ``judge`` sees the waits for locks so far, and says whether the window is to end there, so
    that what is left of the time goes to a closer look: then ``ended`` is set."""

    at: float
    judge: Callable[[tuple[SyscallRow, ...], float], bool]
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events to follow. ``hz`` 0: no CPU samples. ``stacks`` False: counts only. ``part``: a question's own.
    ``mixed``: CPU samples of Python processes carry their native frames too, to the beginning of the thread.
    ``launch``: the target is a process that is about to execute its program, and does when this is called; it is
    measured from there on. ``until`` says why the window is to end early, None while it goes on."""

    calls: bool = True
    hz: int = 0
    faults: bool = False
    stacks: bool = True
    part: Part | None = None
    mixed: bool = False
    look: FirstLook | None = None
    launch: Callable[[], Awaitable[None]] | None = None
    until: Callable[[], str | None] | None = None
