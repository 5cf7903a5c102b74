"""System calls by what they do."""

READS = frozenset({"read", "pread64", "readv", "preadv", "preadv2", "recvfrom", "recvmsg", "recv"})
WRITES = frozenset({"write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg", "send"})
RECEIVES = frozenset({"recvfrom", "recvmsg", "recvmmsg", "recv"})
SENDS = frozenset({"sendto", "sendmsg", "sendmmsg", "send"})
ACCEPTS = frozenset({"accept", "accept4"})
OPENS = frozenset({"open", "openat", "openat2", "creat"})
LOOKUPS = frozenset(
    {"stat", "lstat", "newfstatat", "fstatat64", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat"}
)
SLEEPS = frozenset({"nanosleep", "clock_nanosleep"})
POLLS = frozenset({"poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2"})
FUTEXES = frozenset({"futex", "futex_wait", "futex_waitv"})
WAITS_FOR_CHILD = frozenset({"wait4", "waitid", "waitpid"})
STARTS_CHILD = frozenset({"fork", "vfork", "clone", "clone3", "execve", "execveat", "posix_spawn"})
SIGNALS = frozenset({"pause", "rt_sigtimedwait", "rt_sigsuspend", "sigsuspend", "signalfd"})
CONNECTS = frozenset({"connect"})
YIELDS = frozenset({"sched_yield"})
CLOCKS = frozenset({"clock_gettime", "gettimeofday", "time"})
OPEN_COMPANIONS = frozenset({"close", "fstat", "newfstatat", "lseek", "ioctl", "fcntl"})
"""what an open brings with it: the runtime asks the new descriptor for its kind, its size and its position"""
