"""/proc/PID/environ: the environment that a process was started with (proc_pid_environ(5)). It holds secrets: only one
named variable is ever taken out of it."""

from perfdoctor.collectors.host.base import Host

_LIMIT = 128 << 10


def parse_value(data: bytes, name: str) -> str | None:
    # PATH=/usr/bin\0HOSTNAME=shop-7d9f\0
    wanted = name.encode() + b"="
    for entry in data.split(b"\0"):
        if entry.startswith(wanted):
            return entry[len(wanted) :].decode("utf-8", "replace")
    return None


def read_value(host: Host, pid: int, name: str) -> str | None:
    """OSError when there is no such process, or when it may not be inspected."""
    return parse_value(host.read_file(f"/proc/{pid}/environ", _LIMIT), name)
