"""How strace is asked."""

from collections.abc import Sequence


def trace(pids: Sequence[int]) -> list[str]:
    """Print every system call of processes, of their threads and of what they fork, until interrupted."""
    return [
        "strace",
        "-f",  # every thread; without it, only the first one of each process
        "-T",  # the time inside each call
        "-y",  # the path behind each descriptor, with < and > written as octal
        "-s0",  # none of the target's data: paths are no "strings" to strace, they stay whole
        "-o/dev/stdout",  # every line begins with its thread, and complaints stay apart on standard error
        *(f"-p{pid}" for pid in pids),
    ]
