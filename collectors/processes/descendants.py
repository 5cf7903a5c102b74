"""Which processes belong to a target."""

import contextlib

from perfdoctor.collectors.host.base import Host
from perfdoctor.schemas.target import Target

MOST = 1024


def tree(host: Host, target: Target) -> list[int]:
    """The target's pids and, when it includes its children, those of all its descendants, parents first (at most 1024;
    /proc/PID/task/TID/children)."""
    pids = list(target.pids)
    if target.children:
        for pid in pids:  # grows while it is walked
            with contextlib.suppress(OSError):
                for tid in host.list_folder(f"/proc/{pid}/task"):
                    with contextlib.suppress(OSError, ValueError):
                        pids.extend(map(int, host.read_file(f"/proc/{pid}/task/{tid}/children").split()))
            if len(pids) >= MOST:
                break
    return list(dict.fromkeys(pids))[:MOST]
