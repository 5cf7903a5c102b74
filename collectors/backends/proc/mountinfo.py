"""/proc/self/mountinfo: what is mounted where, and which part of it (proc_pid_mountinfo(5))."""

import re
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host


@dataclass(frozen=True, slots=True)
class MountedPart:
    """The folder ``root`` of a file system of ``kind``, mounted at ``folder``. ``options`` are those of the file system
    itself: for a control group of version 1 its controllers."""

    root: str
    folder: str
    kind: str
    options: tuple[str, ...]


def parse(data: bytes) -> list[MountedPart]:
    # 35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
    found = []
    for line in data.decode("utf-8", "replace").split("\n"):
        left, dash, right = line.partition(" - ")
        here, there = left.split(), right.split()
        if dash and len(here) >= 6 and len(there) >= 3:
            found.append(MountedPart(_plain(here[3]), _plain(here[4]), there[0], tuple(there[2].split(","))))
    return found


def read(host: Host) -> list[MountedPart]:
    """As we see them."""
    return parse(host.read_file("/proc/self/mountinfo"))


def _plain(name: str) -> str:
    """Blanks and newlines are written as ``\\040`` and ``\\012``."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8) & 0xFF), name)
