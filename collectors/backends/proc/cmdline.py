"""/proc/PID/cmdline: what a process says that it was started with (proc_pid_cmdline(5))."""

from perfdoctor.collectors.host.base import Host

_LIMIT = 64 << 10


def parse(data: bytes) -> tuple[str, ...]:
    """The arguments, hostile text as it is. A process may have written anything there, without a single NUL."""
    # python3\0app.py\0--port\08080\0
    text = data.decode("utf-8", "replace").rstrip("\0")
    return tuple(text.split("\0")) if text else ()


def read(host: Host, pid: int) -> tuple[str, ...]:
    """The first 64 KiB of it. Empty for a kernel thread and a zombie; OSError when there is no such process."""
    data = host.read_file(f"/proc/{pid}/cmdline", _LIMIT)
    # Half an argument is worth nothing, and half a secret is not recognised as one.
    return parse(data.rpartition(b"\0")[0] if len(data) == _LIMIT else data)
