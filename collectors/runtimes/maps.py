"""What is mapped where in a process (/proc/PID/maps)."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from perfdoctor.collectors.host.base import Host


@dataclass(frozen=True, slots=True)
class Mapping:
    """``low`` to ``high`` (exclusive) holds the file at ``path`` from ``offset`` on. ``path`` is hostile text."""

    low: int
    high: int
    executable: bool
    offset: int
    inode: int
    path: str


def read_mappings(host: Host, pid: int) -> list[Mapping]:
    """The mappings of a process in order of address. OSError when they may not be read."""
    mappings = []
    for line in host.read_file(f"/proc/{pid}/maps").decode("utf-8", "replace").split("\n"):
        # 55d0c8a00000-55d0c8a21000 r-xp 00002000 fe:00 1234   /usr/bin/python3.11
        parts = line.split(None, 5)
        if len(parts) < 5:
            continue
        low, _, high = parts[0].partition("-")
        path = parts[5] if len(parts) == 6 else ""
        mappings.append(Mapping(int(low, 16), int(high, 16), "x" in parts[1], int(parts[2], 16), int(parts[4]), path))
    return mappings


def open_path(pid: int, mapping: Mapping) -> str:
    """A path of ours that leads to the mapped file: through the target's own root, and also when it was deleted, or
    when another file has its name now."""
    inside = f"/proc/{pid}/root{mapping.path}"
    mapped = f"/proc/{pid}/map_files/{mapping.low:x}-{mapping.high:x}"
    with suppress(OSError):
        if Path(inside).stat().st_ino == mapping.inode:
            return inside
        # (Layered file systems have several numbers for a file, and map_files takes privilege.)
        Path(mapped).stat()
        return mapped
    return inside if Path(inside).exists() else mapped
