"""/proc/uptime: how long ago the machine started (proc_uptime(5))."""

from perfdoctor.collectors.host.base import Host


def parse(data: bytes) -> float:
    """Seconds since boot. ValueError when it is not such a line."""
    # 5525.68 10532.91
    return float((data.split() or [b""])[0])


def read(host: Host) -> float:
    return parse(host.read_file("/proc/uptime"))
