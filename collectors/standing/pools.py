"""Which threads are one pool?"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.thread_stacks import Pool, ThreadStand

_IDLE, _BUSY, _QUEUED = 0.01, 0.8, 0.05
_DIGITS = re.compile(r"[0-9]+")
_BEGINNINGS = ("clone", "clone3", "__clone", "__clone3", "start_thread", "_start")


def pools(threads: Iterable[ThreadStand]) -> tuple[Pool, ...]:
    """At least two threads, the first of its process not among them; the largest pool first."""
    groups: defaultdict[tuple[int, str, str], list[ThreadStand]] = defaultdict(list)
    for thread in threads:
        if thread.tid != thread.pid and not thread.ended:
            groups[thread.pid, stem(thread.name), entry(thread.stack)].append(thread)
    found = [_pool(*key, group) for key, group in groups.items() if len(group) > 1]
    return tuple(sorted(found, key=lambda pool: (-pool.threads, pool.pid, pool.name, pool.entry)))


def stem(name: str) -> str:
    """``worker-#`` for ``worker-17``."""
    return _DIGITS.sub("#", name)


def entry(stack: Stack) -> str:
    """The function that a thread began in, without what every thread begins in; empty where the stack is not whole."""
    for frame in reversed(stack):
        library = frame.file and posixpath.basename(frame.file) == "threading.py"
        if not library and frame.function not in _BEGINNINGS and not frame.function.startswith("["):
            return frame.function
    return ""


def _pool(pid: int, name: str, began_in: str, threads: list[ThreadStand]) -> Pool:
    seen = sum(thread.seen for thread in threads) or 1.0
    shares = [(thread.running + thread.runnable) / (thread.seen or 1.0) for thread in threads]
    busy = sum(share >= _BUSY for share in shares)
    runnable = sum(thread.runnable for thread in threads) / seen
    return Pool(
        pid=pid,
        name=name,
        entry=began_in,
        threads=len(threads),
        idle=sum(share < _IDLE for share in shares),
        busy=busy,
        running_share=sum(thread.running for thread in threads) / seen,
        runnable_share=runnable,
        saturated=busy == len(threads) and runnable >= _QUEUED,
    )
