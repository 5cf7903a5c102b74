"""Run as a program: mount tracefs where only this process sees it, then become the program that is named.

The mount belongs to a namespace of its own: whichever way the program ends, SIGKILL included, nothing stays mounted.
(perf mounts tracefs by itself, for the whole machine, and leaves it there.) Standard library only; needs CAP_SYS_ADMIN.
"""

import ctypes
import os
import sys

FOLDER = "/sys/kernel/tracing"
_CLONE_NEWNS = 0x00020000
_MS_REC, _MS_PRIVATE = 1 << 14, 1 << 18


def main() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    # Without "private", the mount would travel back to the namespace that we came from.
    private = _MS_REC | _MS_PRIVATE
    done = (
        libc.unshare(_CLONE_NEWNS) == 0
        and libc.mount(b"none", b"/", None, ctypes.c_ulong(private), None) == 0
        and libc.mount(b"tracefs", FOLDER.encode(), b"tracefs", ctypes.c_ulong(0), None) == 0
    )
    if not done:
        sys.exit(f"tracefs could not be mounted: {os.strerror(ctypes.get_errno())}")
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
