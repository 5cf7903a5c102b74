"""Where are the control groups of a process, as this machine has them mounted?"""

import contextlib
from dataclasses import dataclass

from perfdoctor.collectors.backends.proc import cgroup, mountinfo
from perfdoctor.collectors.host.base import Host

CONTROLLERS = ("memory", "cpu", "pids", "blkio", "io")
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Group:
    """One control group that can be read here, at ``folder``. ``path`` is its name below the root."""

    path: str
    folder: str


@dataclass(frozen=True, slots=True)
class Groups:
    """The process's own group and all above it, innermost first, by controller of version 1; ``unified`` by version 2.
    Empty where they are not mounted here, or not to be named from our namespace."""

    unified: tuple[Group, ...]
    version_1: dict[str, tuple[Group, ...]]


def groups_of(host: Host, pid: int) -> Groups:
    """OSError when there is no such process."""
    own = cgroup.read_groups(host, pid)
    try:
        mounts = mountinfo.read(host)
    except OSError:
        return Groups((), {})
    unified: tuple[Group, ...] = ()
    version_1: dict[str, tuple[Group, ...]] = {}
    for mount in mounts:
        if mount.kind == "cgroup2" and "" in own and not unified:
            unified = _line(host, mount, own[""])
        elif mount.kind == "cgroup":
            for controller in CONTROLLERS:
                if controller in mount.options and controller in own and controller not in version_1:
                    version_1[controller] = _line(host, mount, own[controller])
    return Groups(unified, version_1)


def _line(host: Host, mount: mountinfo.MountedPart, path: str) -> tuple[Group, ...]:
    """``path`` and what is above it, down to the part that is mounted."""
    parts = [part for part in path.split("/") if part]
    if ".." in parts:  # it lives outside of our cgroup namespace
        return ()
    root = [part for part in mount.root.split("/") if part]
    if ".." in root or parts[: len(root)] != root:
        # A container that sees the whole path of its group, but has only that group mounted at the root.
        root = []
    below = parts[len(root) :][:_DEEPEST]
    found = []
    for length in range(len(below), -1, -1):
        folder = "/".join([mount.folder.rstrip("/"), *below[:length]])
        with contextlib.suppress(OSError):
            host.list_folder(folder)
            found.append(Group("/" + "/".join([*root, *below[:length]]), folder))
    return tuple(found)
