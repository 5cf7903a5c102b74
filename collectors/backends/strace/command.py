"""How strace is asked."""

from collections.abc import Sequence

LOCK_CALLS = ("futex", "flock", "fcntl", "semop", "semtimedop")


def trace(pids: Sequence[int], only: Sequence[str] = ()) -> list[str]:
    """Print every system call (or ``only`` these) of processes, of their threads and of what they fork, until
    interrupted."""
    return [
        "strace",
        "-f",  # every thread; without it, only the first one of each process
        "-T",  # the time inside each call
        "-y",  # the path behind each descriptor, with < and > written as octal
        "-s0",  # none of the target's data: paths are no "strings" to strace, they stay whole
        # (clone and fork are followed whether they are printed or not)
        *([f"-etrace={','.join(only)}"] if only else []),
        "-o/dev/stdout",  # every line begins with its thread, and complaints stay apart on standard error
        *(f"-p{pid}" for pid in pids),
    ]
