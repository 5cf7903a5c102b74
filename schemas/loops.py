"""Threads that wait for events in one call, again and again: what an event loop does."""

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model


class LateRow(Model):
    """CPU samples at one stack, of a thread that had neither polled, slept in a call, nor used a file or a
    descriptor for 20 ms.
    ``seconds`` is the wall time that they stand for, from the beginning of the stretch."""

    stack: Stack = ()
    samples: int
    seconds: float


class PollingThread(Model):
    """A thread that called epoll_wait, poll or select more than once.

    ``stack`` is where it polled last; ``polls`` how often, and ``poll_seconds`` how long it was in there.
    ``off_seconds`` lie between two polls, when it has no time for an event: ``longest_seconds`` the longest such
    stretch, ``histogram`` as in SyscallRow. ``late``: what it computed in the midst of long ones.
    """

    pid: int
    tid: int
    name: str = ""
    stack: Stack = ()
    polls: int
    poll_seconds: float
    off_seconds: float
    longest_seconds: float
    histogram: tuple[int, ...] = ()
    late: tuple[LateRow, ...] = ()
