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


_SOCKET_CALLS = (
    "socket,socketpair,connect,accept,accept4,getsockopt,sendto,sendmsg,sendmmsg,recvfrom,recvmsg,recvmmsg,read,readv,"
    "write,writev,sendfile,close,dup,dup2,dup3,io_uring_enter"
)


def trace_sockets(pids: Sequence[int]) -> list[str]:
    """Print the calls that sockets are used by, with who is at their other end and the first bytes that they carry."""
    return [
        "strace",
        "-f",
        "-ttt",  # when each call began
        "-T",
        "-yy",  # both ends of each socket
        "-xx",  # strings as hexadecimal: nothing in them can be taken for syntax
        "-s256",  # enough to know a request's form; it goes no further than our memory
        f"-etrace={_SOCKET_CALLS}",
        "-o/dev/stdout",
        *(f"-p{pid}" for pid in pids),
    ]
