"""/proc/pressure/*: how long some task of the machine waited for a resource (Documentation/accounting/psi.rst)."""

import contextlib

from perfdoctor.collectors.host.base import Host

RESOURCES = ("cpu", "io", "memory")


def parse_some(data: bytes) -> float:
    """Seconds since boot in which at least one task waited. ValueError when it is not such a file."""
    # some avg10=56.30 avg60=46.96 avg300=33.09 total=366588113
    for line in data.split(b"\n"):
        if line.startswith(b"some "):
            _, found, total = line.rpartition(b" total=")
            if found:
                return int(total) * 1e-6
    raise ValueError("not a file of /proc/pressure")


def read(host: Host) -> dict[str, float]:
    """By resource; empty where the kernel was built or started without it (CONFIG_PSI, psi=0)."""
    found = {}
    for resource in RESOURCES:
        with contextlib.suppress(OSError, ValueError):
            found[resource] = parse_some(host.read_file(f"/proc/pressure/{resource}"))
    return found
