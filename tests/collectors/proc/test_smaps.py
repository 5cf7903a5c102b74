"""What the parser makes of /proc/PID/smaps, of new kernels and old."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.proc import mountinfo, smaps, syscall
from perfdoctor.collectors.backends.proc.cgroup import parse_groups

RECORDED = Path(__file__).parents[2] / "transcripts" / "proc" / "smaps"

# Linux 3.4 to 4.4 named the stacks of threads, and wrote the page sizes after the rest.
OLD = b"""\
00400000-0040b000 r-xp 00000000 08:01 1179660                            /opt/shop/bin/shop
Size:                 44 kB
Rss:                  40 kB
Pss:                  13 kB
Shared_Clean:         40 kB
Shared_Dirty:          0 kB
Private_Clean:         0 kB
Private_Dirty:         0 kB
Referenced:           36 kB
Anonymous:             0 kB
AnonHugePages:         0 kB
Swap:                  0 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Locked:                0 kB
VmFlags: rd ex mr mw me dw sd
7f2c5a7f0000-7f2c5aff0000 rw-p 00000000 00:00 0                          [stack:1234]
Size:               8192 kB
Rss:                  12 kB
Pss:                  12 kB
Private_Dirty:        12 kB
Referenced:           12 kB
Anonymous:            12 kB
Swap:                 20 kB
Locked:                0 kB
VmFlags: rd wr mr mw me ac sd
"""


def test_a_new_kernel() -> None:
    found, unknown = smaps.parse(RECORDED.read_bytes())
    assert unknown == 0
    text = RECORDED.read_text()
    assert len(found) == text.count("\nSize:") and found == sorted(found, key=lambda m: m.low)
    for field, word in {"rss": "Rss:", "pss": "Pss:", "referenced": "Referenced:", "anonymous": "Anonymous:"}.items():
        lines = [int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith(word)]
        assert [getattr(m, field) for m in found] == lines
    assert [m.size for m in found] == [
        int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("Size:")
    ]
    largest = max(found, key=lambda m: m.rss)
    assert largest.anonymous >= 23 << 20 and (largest.name, largest.rights) == ("", "rw-p")
    assert {"[heap]", "[stack]", "[vdso]"} <= {m.name for m in found}


def test_an_old_kernel() -> None:
    found, unknown = smaps.parse(OLD)
    assert unknown == 0
    program, stack = found
    assert (program.name, program.rights, program.inode) == ("/opt/shop/bin/shop", "r-xp", 1179660)
    assert (program.rss, program.pss, program.referenced) == (40 << 10, 13 << 10, 36 << 10)
    assert (stack.name, stack.size, stack.rss, stack.swap) == ("[stack:1234]", 8 << 20, 12 << 10, 20 << 10)


def test_pages_of_hugetlbfs_and_every_kind_of_transparent_ones() -> None:
    text = (
        b"7f0000000000-7f0000400000 rw-s 00000000 00:0f 77   /anon_hugepage (deleted)\nRss: 0 kB\n"
        b"Private_Hugetlb: 2048 kB\nShared_Hugetlb: 2048 kB\nAnonHugePages: 3 kB\n"
        b"ShmemPmdMapped: 5 kB\nFilePmdMapped: 7 kB\n"
    )
    [mapping], _ = smaps.parse(text)
    assert (mapping.private_hugetlb, mapping.shared_hugetlb, mapping.huge) == (2 << 20, 2 << 20, 15 << 10)


@pytest.mark.parametrize(
    "line",
    [b"zz-10 r--p 0 0:0 0", b"10-5 r--p 0 0:0 0", b"1000 r--p 0 0:0 0", b"10-20 r-- 0 0:0 0", b"10-20 r--p 0 0:0 x"],
)
def test_what_is_no_mapping_is_counted_and_its_fields_are_nobodys(line: bytes) -> None:
    found, unknown = smaps.parse(line + b"\nRss: 4 kB\n1000-2000 rw-p 0 0:0 0\nRss: 8 kB\nPss: much\n")
    assert [m.rss for m in found] == [8 << 10] and unknown == 2


@given(st.text(st.characters(exclude_characters="\n\0", codec="utf-8"), min_size=1, max_size=60))
def test_no_name_misleads(name: str) -> None:
    line = f"7f0000000000-7f0000001000 rw-s 00000000 fe:00 7    /{name}\nRss: 4 kB\n1000-2000 rw-p 0 00:00 0\n"
    found, unknown = smaps.parse(line.encode())
    assert unknown == 0 and [(m.low, m.inode, m.rss) for m in found] == [(0x7F0000000000, 7, 4 << 10), (0x1000, 0, 0)]


def test_places_of_threads() -> None:
    in_futex = syscall.parse(b"202 0x7f55 0x80 0x2 0x0 0x0 0xffffffff 0x7ffd2e5ee1b0 0x7f8a6ad2b719\n")
    arguments = (0x7F55, 0x80, 2, 0, 0, 0xFFFFFFFF)
    assert in_futex == syscall.Place(202, arguments, 0x7FFD2E5EE1B0, 0x7F8A6AD2B719)
    assert syscall.parse(b"-1 0x7ffd00001000 0x7f8a6ad2b719\n") == syscall.Place(
        None, (), 0x7FFD00001000, 0x7F8A6AD2B719
    )
    assert syscall.parse(b"running\n") is None
    with pytest.raises(ValueError, match="not the place of a thread"):
        syscall.parse(b"")


def test_mounts_and_groups() -> None:
    text = b"35 31 0:32 /docker/a\\040b /sys/fs/cgroup/memory ro,nosuid shared:9 - cgroup cgroup rw,memory\nbroken\n"
    [mount] = mountinfo.parse(text)
    assert (mount.root, mount.folder, mount.kind) == ("/docker/a b", "/sys/fs/cgroup/memory", "cgroup")
    assert mount.options == ("rw", "memory")
    groups = parse_groups(b"4:memory:/jobs/a:b\n2:cpu,cpuacct:/\n1:name=systemd:/init\n0::/x.slice\nnonsense\n")
    assert groups == {"memory": "/jobs/a:b", "cpu": "/", "cpuacct": "/", "name=systemd": "/init", "": "/x.slice"}
