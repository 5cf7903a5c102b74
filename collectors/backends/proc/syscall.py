"""/proc/PID/task/TID/syscall: the system call that a thread waits in (proc_pid_syscall(5)).

Reading it raises OSError when there is no such thread, or when it may not be inspected (PTRACE_MODE_ATTACH).
"""

from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thread sleeps. ``call`` is the number of its system call, with its six ``arguments``; None, without
    arguments, where it sleeps in none (in a page fault, say)."""

    call: int | None
    arguments: tuple[int, ...]
    stack_pointer: int
    instruction: int


def parse(data: bytes) -> Place | None:
    """None of a thread that runs just now."""
    # 202 0x7f55 0x80 0x0 0x0 0x0 0x0 0x7ffd2e5ee1b0 0x7f8a6ad2b719  |  -1 0x7ffd… 0x7f8a…  |  running
    words = data.split()
    if words == [b"running"]:
        return None
    if len(words) not in (3, 9):
        raise ValueError(f"not the place of a thread: {data[:60]!r}")
    *arguments, stack_pointer, instruction = (int(word, 16) for word in words[1:])
    return Place(int(words[0]) if arguments else None, tuple(arguments), stack_pointer, instruction)


def read(host: Host, pid: int, tid: int) -> Place | None:
    return parse(host.read_file(f"/proc/{pid}/task/{tid}/syscall", 4096))
