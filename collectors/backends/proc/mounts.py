"""/proc/self/mounts: what is mounted where (proc_pid_mounts(5))."""

from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host


@dataclass(frozen=True, slots=True)
class Mount:
    folder: str
    kind: str
    options: tuple[str, ...]


def parse(data: bytes) -> list[Mount]:
    # proc /proc proc rw,nosuid,relatime,hidepid=invisible 0 0
    lines = (line.split() for line in data.decode("utf-8", "replace").split("\n"))
    return [Mount(words[1], words[2], tuple(words[3].split(","))) for words in lines if len(words) >= 4]


def read(host: Host) -> list[Mount]:
    """As we see them."""
    return parse(host.read_file("/proc/self/mounts"))
