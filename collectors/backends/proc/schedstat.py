"""/proc/PID/task/TID/schedstat: how long one thread ran, and how long it waited for a core
(Documentation/scheduler/sched-stats.rst). /proc/PID/schedstat is of the first thread only."""

from perfdoctor.collectors.host.base import Host


def parse(data: bytes) -> tuple[float, float]:
    """(seconds on a core, seconds ready and waiting for one) since the thread started. ValueError when it is not such
    a line."""
    # 155797013 9094216453 115
    words = data.split()
    if len(words) != 3:
        raise ValueError("not a line of schedstat")
    return int(words[0]) * 1e-9, int(words[1]) * 1e-9


def read(host: Host, pid: int, tid: int) -> tuple[float, float]:
    """OSError when there is no such thread, or when this kernel keeps no such figures."""
    return parse(host.read_file(f"/proc/{pid}/task/{tid}/schedstat"))
