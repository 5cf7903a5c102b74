"""/proc/PID/task/TID/syscall: the system call that a thread waits in, and its stack pointer (proc_pid_syscall(5))."""

from perfdoctor.collectors.host.base import Host


def parse_stack_pointer(data: bytes) -> int | None:
    """None of a thread that runs just now."""
    # 202 0x7f55 0x80 0x0 0x0 0x0 0x0 0x7ffd2e5ee1b0 0x7f8a6ad2b719  |  -1 0x7ffd… 0x7f8a…  |  running
    words = data.split()
    try:
        return int(words[-2], 16) if len(words) >= 3 else None
    except ValueError:
        return None


def read_stack_pointer(host: Host, pid: int, tid: int) -> int | None:
    """OSError when there is no such thread, or when it may not be inspected (PTRACE_MODE_ATTACH)."""
    return parse_stack_pointer(host.read_file(f"/proc/{pid}/task/{tid}/syscall", 4096))
