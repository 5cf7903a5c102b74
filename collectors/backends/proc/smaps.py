"""/proc/PID/smaps: every mapping of a process, and how much of it is where (proc_pid_smaps(5)).

The kernel walks the page tables of each mapping for it, and the target may have to wait before it can map memory: 20 to
50 ms for each GiB of small pages (bench/smaps_cost.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host

LIMIT = 128 << 20
"""bytes of text: some 700 for each of the 65,530 mappings that a process may have by default"""
_MOST = 200_000
"""mappings that are kept; the rest is counted as not understood"""

# Rss:                 204 kB
_FIELDS = {
    b"Rss": "rss",
    b"Pss": "pss",
    b"Private_Dirty": "private_dirty",
    b"Swap": "swap",
    b"Referenced": "referenced",
    b"Anonymous": "anonymous",
    b"AnonHugePages": "huge",
    b"ShmemPmdMapped": "huge",
    b"FilePmdMapped": "huge",
    b"Shared_Hugetlb": "shared_hugetlb",
    b"Private_Hugetlb": "private_hugetlb",
    b"Locked": "locked",
}


@dataclass(slots=True)
class Mapping:
    """``low`` to ``high`` (exclusive). ``rights`` as the kernel writes them: rwxp, s for shared. Bytes. ``name`` is
    hostile text: the path as the kernel writes it (a newline as ``\\012``), ``[heap]`` and its like, or empty."""

    low: int
    high: int
    rights: str
    inode: int
    name: str
    rss: int = 0
    pss: int = 0
    private_dirty: int = 0
    swap: int = 0
    referenced: int = 0
    anonymous: int = 0
    huge: int = 0
    locked: int = 0
    shared_hugetlb: int = 0
    private_hugetlb: int = 0
    device: str = ""

    @property
    def size(self) -> int:
        return self.high - self.low


def parse(data: bytes) -> tuple[list[Mapping], int]:
    """(mappings in order of address, lines that were not understood)."""
    found: list[Mapping] = []
    unknown = 0
    now: Mapping | None = None
    for line in data.split(b"\n"):
        if not line:
            continue
        if not 65 <= line[0] <= 90:  # a field begins with a capital, an address with a small digit
            now = _head(line) if len(found) < _MOST else None
            if now is None:
                unknown += 1
            else:
                found.append(now)
            continue
        if line[-5:] == b" 0 kB":  # most are: half of the time that a reading takes
            continue
        name, _, value = line.partition(b":")
        field = _FIELDS.get(name)
        if field is None or now is None:
            continue
        try:
            setattr(now, field, getattr(now, field) + (int(value.split()[0]) << 10))
        except (ValueError, IndexError):
            unknown += 1
    return found, unknown


def _head(line: bytes) -> Mapping | None:
    # 55d0c8a00000-55d0c8a21000 r-xp 00002000 fe:00 1234                       /usr/bin/python3.11
    parts = line.split(None, 5)
    if len(parts) < 5 or len(parts[1]) != 4:
        return None
    low, dash, high = parts[0].partition(b"-")
    try:
        begin, end, inode = int(low, 16), int(high, 16), int(parts[4])
    except ValueError:
        return None
    if not dash or not 0 <= begin < end <= 1 << 64 or inode < 0:
        return None
    name = parts[5].decode("utf-8", "replace") if len(parts) == 6 else ""
    rights, device = parts[1].decode("ascii", "replace"), parts[3].decode("ascii", "replace")
    return Mapping(begin, end, rights, inode, name, device=device)


def read(host: Host, pid: int) -> tuple[list[Mapping], int]:
    """OSError when there is no such process, when it may not be inspected, or when this kernel keeps no such account
    (CONFIG_PROC_PAGE_MONITOR). A kernel thread or a zombie has no mappings."""
    return parse(host.read_file(f"/proc/{pid}/smaps", LIMIT))


def read_sums(host: Host, pid: int) -> Mapping:
    """The sum over all mappings, from smaps_rollup. OSError as above, or on Linux before 4.14; ValueError when it is
    empty."""
    found, _ = parse(host.read_file(f"/proc/{pid}/smaps_rollup"))
    if not found:
        raise ValueError("an empty smaps_rollup")
    return found[0]


def writable(mappings: list[Mapping]) -> Iterator[Mapping]:
    """Private anonymous memory that can be written."""
    return (m for m in mappings if m.rights.startswith("rw") and m.rights[3] == "p" and not m.inode)
