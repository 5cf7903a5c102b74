"""Can a thread of Java have made a call where it was sampled? By what its innermost methods are called."""

from collections.abc import Hashable
from itertools import takewhile

from perfdoctor.collectors.timeline import call_of
from perfdoctor.schemas.frame import Stack

_SLEEPS = ("futex", "nanosleep", "clock_nanosleep", "poll", "ppoll", "select", "pselect6", "epoll_")
_ASLEEP = frozenset(
    {
        *(f"java.lang.{name}" for name in ("Thread.sleep", "Thread.sleep0", "Object.wait", "Object.wait0")),
        *(f"{package}.Unsafe.park" for package in ("jdk.internal.misc", "sun.misc")),
    }
)
_STAT = ("stat", "lstat", "newfstatat", "statx", "access", "faccessat")
_DOES = (
    (("read", "pread", "recv"), ("read", "fill", "transfer", "load")),
    (("write", "pwrite", "send"), ("write", "flush", "transfer", "print")),
    (("open",), ("open", "inputstream", "outputstream", "bytechannel", "buffered")),
    (_STAT, ("stat", "exists", "attribute", "access", "length", "isfile", "isdirectory", "lastmodified")),
    (("fsync", "fdatasync"), ("force", "sync")),
    (("connect",), ("connect",)),
    (("accept",), ("accept",)),
)
"""by the beginning of a call's name, words in the names of the library's methods that make it"""


class Fits:
    """How well calls fit sampled stacks: each kind of call is held against each stack once. ``apart``: the sample is
    of a span that the call is outside of. A thread that slept, or that does, did so at another line then."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[int, Stack]] = {}

    def __call__(self, key: Hashable, stack: Stack, apart: bool = False) -> int:
        call = call_of(key)
        if call is None or not stack:
            return 1
        if apart and (stack[0].function in _ASLEEP or call[0].startswith(_SLEEPS)):
            return 0
        known = self._known.get((call[0], id(stack)))
        if known is None:
            known = self._known[call[0], id(stack)] = _fits(call[0], stack), stack  # (so that no other takes its id)
        return known[0]


def _fits(call: str, stack: Stack) -> int:
    """0 where the thread slept and the call does not sleep, 2 where both do, or a method of the library that stands
    innermost is called after what the call does, else 1."""
    if call.startswith(_SLEEPS):
        return 2 if stack[0].function in _ASLEEP else 1
    if stack[0].function in _ASLEEP:
        return 0
    words = next((words for begins, words in _DOES if call.startswith(begins)), ())
    library = takewhile(lambda frame: frame.module is not None, stack)
    return 2 if any(word in frame.function.rpartition(".")[2].lower() for frame in library for word in words) else 1
