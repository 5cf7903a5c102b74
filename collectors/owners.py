"""Which process of this machine is behind a local peer?"""

import contextlib

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.text import clean

_MOST_PROCESSES = 4096
_MOST_FILES = 1024


def owners(host: Host, inodes: set[int]) -> dict[int, str]:
    """``name (pid 7)`` of a process that holds each of these sockets, as far as /proc shows it."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[int, str] = {}
    pids = [name for name in host.list_folder("/proc") if name.isdecimal()] if wanted else []
    for pid in pids[:_MOST_PROCESSES]:
        with contextlib.suppress(OSError):  # ended, or another user's
            for name in host.list_folder(f"/proc/{pid}/fd")[:_MOST_FILES]:
                with contextlib.suppress(OSError):
                    inode = wanted.get(host.read_link(f"/proc/{pid}/fd/{name}"))
                    if inode is not None and inode not in found:
                        program = host.read_file(f"/proc/{pid}/comm", 64).decode("utf-8", "replace").strip()
                        found[inode] = f"{clean(program, 32)} (pid {pid})"
        if len(found) == len(wanted):
            break
    return found
