"""The condition that whatever a program sees must meet, in bpftrace's language: what belongs() in threads.h says.

The process that was admitted may have become another program, or another process its number, by the time that an event
happens. So at each event the kernel is asked again whose the process is that runs.
"""

import os
import re
from functools import cache

_TASK = "( ( struct task_struct * ) curtask )"
_BTF = "/sys/kernel/btf/vmlinux"
_DUMPABLE_MASK, _DUMPABLE_BY_USER = 3, 1


def whose(owner: int) -> str:
    """Where structures of the kernel have other fields than these, bpftrace compiles nothing: it fails closed."""
    cred = f"{_TASK} -> real_cred"
    ids = [f"{cred} -> {name} . val == {owner}" for name in ("uid", "euid", "suid", "fsuid")]
    groups = [f"{cred} -> gid . val == {cred} -> {name} . val" for name in ("egid", "sgid")]
    # Who made a user namespace may do everything in it anyway. (The first one is root's, who is never confined.)
    nothing = " && ".join(f"{cred} -> cap_permitted . {part} == 0" for part in _capabilities(os.uname().release))
    free = f"( ( {nothing} ) || {cred} -> user_ns -> owner . val == {owner} )"
    dumpable = f"( {_TASK} -> mm -> {_flags()} & {_DUMPABLE_MASK} ) == {_DUMPABLE_BY_USER}"
    return " && ".join([*ids, *groups, free, dumpable])


def _capabilities(release: str) -> tuple[str, ...]:
    """One number since Linux 6.3, two before."""
    found = re.match(r"(\d+)\.(\d+)", release)
    new = found is None or (int(found[1]), int(found[2])) >= (6, 3)
    return ("val",) if new else ("cap [ 0 ]", "cap [ 1 ]")


@cache
def _flags() -> str:
    """``mm->flags`` is a number, or since Linux 6.18 a structure: the kernel's own list of names tells."""
    with open(_BTF, "rb") as file:  # noqa: PTH123
        return "flags . __mm_flags [ 0 ]" if b"\0__mm_flags\0" in file.read(64 << 20) else "flags"
