"""Files of a target that its runtime names: its own text, so they are read bounded and through its own root."""

import contextlib
from pathlib import Path

from perfdoctor.collectors.host.base import Host

LARGEST_SOURCE = 4 << 20


def content(host: Host, pid: int, file: str, largest: int) -> bytes:
    """What a regular file of process ``pid`` holds, ``file`` as the process sees it; empty where there is none, or it
    cannot be read, or has more than ``largest`` bytes."""
    with contextlib.suppress(OSError, ValueError):
        path = f"/proc/{pid}/root{file}"
        if Path(path).is_file() and Path(path).stat().st_size <= largest:
            return host.read_file(path, largest)
    return b""


def lines_of(host: Host, pid: int, file: str) -> list[str]:
    """The lines of a source of at most 4 MiB; none where it cannot be read."""
    return content(host, pid, file, LARGEST_SOURCE).decode("utf-8", "replace").splitlines()
