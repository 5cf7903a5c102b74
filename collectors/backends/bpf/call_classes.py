"""What a system call's first arguments mean, by its name: a path, a descriptor, an address; what it returns."""

from perfdoctor.collectors.byte_calls import RETURNS_BYTES as BYTE_CALLS
from perfdoctor.collectors.syscall_names import name_of

NUMBERS = 512
PATH_0, PATH_1, FD_0, ADDRESS_0 = 1, 2, 3, 4
POLLS, RETURNS_FD, CLOSES_FD, RETURNS_BYTES, NEVER_RETURNS = 8, 16, 32, 64, 128
COPIES_FD = RETURNS_FD | NEVER_RETURNS
"""returns a descriptor where its second argument asks for a copy (fcntl)"""

_PATH_FIRST = """open creat stat lstat access readlink unlink rmdir mkdir chdir chmod chown lchown truncate statfs
execve mknod rename link symlink utime utimes getxattr lgetxattr listxattr llistxattr setxattr swapon umount2"""
_PATH_SECOND = """openat openat2 newfstatat statx faccessat faccessat2 readlinkat unlinkat mkdirat fchmodat fchmodat2
fchownat mknodat renameat renameat2 linkat utimensat execveat name_to_handle_at inotify_add_watch"""
_DESCRIPTOR = """fsync fdatasync sync_file_range ftruncate fallocate fstat fstatfs lseek fcntl flock ioctl fchmod fchown
close connect accept accept4 bind listen shutdown setsockopt getsockopt getsockname getpeername recvmmsg sendmmsg dup
dup2
dup3 epoll_wait epoll_pwait epoll_pwait2 epoll_ctl fadvise64 fgetxattr fsetxattr flistxattr timerfd_settime
timerfd_gettime
fchdir readahead io_uring_enter"""


def _table() -> dict[str, int]:
    table = dict.fromkeys(_PATH_FIRST.split(), PATH_0)
    table |= dict.fromkeys(_PATH_SECOND.split(), PATH_1)
    table |= dict.fromkeys(_DESCRIPTOR.split(), FD_0)
    table |= dict.fromkeys(BYTE_CALLS, FD_0 | RETURNS_BYTES)
    table |= dict.fromkeys(("futex", "futex_wait", "futex_wake"), ADDRESS_0)
    table |= dict.fromkeys(("exit", "exit_group"), NEVER_RETURNS)
    for name in ("epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6"):
        table[name] = table.get(name, 0) | POLLS
    for name in ("open", "creat", "openat", "openat2"):
        table[name] |= RETURNS_FD
    for name in ("dup", "dup2", "dup3"):
        table[name] |= RETURNS_FD  # of the same file
    table["fcntl"] |= COPIES_FD
    table["close"] |= CLOSES_FD
    return table


CLASSES = _table()


def class_of(number: int) -> int:
    """The class of a system call number on this machine, 0 when its arguments are of no interest."""
    return CLASSES.get(name_of(number), 0)
