"""/proc/PID/smaps_rollup: the sum over all mappings of a process (proc_pid_smaps(5)).

The kernel walks every page table for it and holds the lock of the target's mappings meanwhile: a few milliseconds for
a small process, some hundred for one of many gigabytes.
"""

from perfdoctor.collectors.host.base import Host


def parse(data: bytes) -> dict[str, int]:
    """Bytes by name (Rss, Pss, AnonHugePages …); empty when the text has none."""
    # Pss:                 229 kB
    found: dict[str, int] = {}
    for line in data.split(b"\n"):
        name, _, value = line.partition(b":")
        words = value.split()
        if len(words) == 2 and words[0].isdigit() and words[1] == b"kB":
            found[name.decode("ascii", "replace")] = int(words[0]) << 10
    return found


def parse_pss(data: bytes) -> int:
    """Proportional set size in bytes: shared pages divided by the number of those who share. ValueError when the
    text has none."""
    # Pss:                 229 kB
    for line in data.split(b"\n"):
        name, _, value = line.partition(b":")
        words = value.split()
        if name == b"Pss" and words:
            return int(words[0]) << 10
    raise ValueError("no Pss in this smaps_rollup")


def read(host: Host, pid: int) -> dict[str, int]:
    """OSError when there is no such process, or when it may not be inspected."""
    return parse(host.read_file(f"/proc/{pid}/smaps_rollup"))


def read_pss(host: Host, pid: int) -> int:
    """OSError when there is no such process, or when it may not be inspected."""
    return parse_pss(host.read_file(f"/proc/{pid}/smaps_rollup"))
