"""The code that the kernel maps into every process, to read the clock without a system call: no file has it.

All 64-bit processes of a kernel have the same, so ours is read in place of the target's.
"""

import os
from functools import cache
from pathlib import Path

VDSO = "[vdso]"
"""its path in /proc/PID/maps"""


@cache
def _copy() -> int:
    """A descriptor of a copy in memory, kept for good: it is some kilobytes, and the same for all."""
    for line in Path("/proc/self/maps").read_text().split("\n"):
        # 7ffd3d5f2000-7ffd3d5f4000 r-xp 00000000 00:00 0   [vdso]
        if line.endswith(VDSO):
            low, high = (int(word, 16) for word in line.split()[0].split("-"))
            with Path("/proc/self/mem").open("rb", buffering=0) as memory:
                memory.seek(low)
                content = memory.read(high - low)
            copy = os.memfd_create("vdso", os.MFD_CLOEXEC)
            os.write(copy, content)
            return copy
    raise FileNotFoundError("no vdso is mapped here")


def vdso_file() -> str:
    """A path to its code as an ELF file. OSError where there is none."""
    return f"/proc/self/fd/{_copy()}"
