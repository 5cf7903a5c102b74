"""/proc/PID/cgroup: whether a process runs in a container, and in which (cgroups(7))."""

import re
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host


@dataclass(frozen=True, slots=True)
class Container:
    """``kind`` is what made it (docker, podman, containerd, cri-o, kubernetes, lxc, nspawn); ``identity`` its long id,
    or its name where it has no id."""

    kind: str
    identity: str


# 0::/system.slice/docker-3f4e…64 hex digits….scope
# 12:memory:/docker/3f4e…
# 0::/kubepods.slice/kubepods-pod7d9f….slice/cri-containerd-3f4e….scope
# 0::/lxc.payload.shop/init.scope
# 0::/machine.slice/systemd-nspawn@shop.service/payload
_NAMED = (
    ("lxc", re.compile(r"/lxc(?:\.payload\.|/)([^/\n]{1,80})")),
    ("nspawn", re.compile(r"/systemd-nspawn@([^/\n]{1,80})\.service")),
    ("nspawn", re.compile(r"/machine-([^/\n]{1,80})\.scope")),
)
_LONG_ID = re.compile(r"(?<![0-9a-f])([0-9a-f]{64})(?![0-9a-f])")
_MAKERS = (
    ("containerd", "cri-containerd"),
    ("cri-o", "crio-"),
    ("podman", "libpod"),
    ("docker", "docker"),
    ("kubernetes", "kubepods"),
)


def parse(data: bytes) -> Container | None:
    """None for a process that no container holds, as far as this file tells."""
    text = data.decode("utf-8", "replace")
    found = _LONG_ID.search(text)
    if found:
        line = next(line for line in text.split("\n") if found[1] in line)
        return Container(next((kind for kind, mark in _MAKERS if mark in line), "container"), found[1])
    for kind, pattern in _NAMED:
        if named := pattern.search(text):
            return Container(kind, named[1])
    return None


def parse_groups(data: bytes) -> dict[str, str]:
    """The process's group by controller of version 1; by the empty name that of version 2."""
    # 4:memory:/docker/3f4e…  |  2:cpu,cpuacct:/  |  1:name=systemd:/init.scope  |  0::/system.slice/shop.service
    groups = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        parts = line.split(":", 2)
        if len(parts) == 3 and parts[2].startswith("/"):
            groups.update(dict.fromkeys(parts[1].split(","), parts[2]))
    return groups


def read_groups(host: Host, pid: int) -> dict[str, str]:
    """OSError when there is no such process."""
    return parse_groups(host.read_file(f"/proc/{pid}/cgroup"))


def read(host: Host, pid: int) -> Container | None:
    """OSError when there is no such process."""
    return parse(host.read_file(f"/proc/{pid}/cgroup"))
