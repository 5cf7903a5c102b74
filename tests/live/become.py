"""Run as a program, as root: become another user, where our Python and this checkout can be read, and run a command.

``become.py UID GID FOLDER NAME=PATH … -- argv``: each PATH is seen at FOLDER/NAME by the command, and by nobody else
(what root installed below its own home may not be read by others). Standard library only.
"""

import ctypes
import os
import sys
from pathlib import Path

_TRACING = "/sys/kernel/tracing"
_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x00020000, 1 << 12, 1 << 14, 1 << 18


def main() -> None:
    uid, gid, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    end = sys.argv.index("--")
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(_CLONE_NEWNS) == 0
    assert libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None) == 0
    for given in sys.argv[4:end]:
        name, _, path = given.partition("=")
        place = folder / name
        assert libc.mount(path.encode(), str(place).encode(), None, ctypes.c_ulong(_MS_BIND | _MS_REC), None) == 0, (
            given
        )
    if uid == 0 and not os.path.exists(f"{_TRACING}/events"):  # as systemd does, which we may not have
        assert libc.mount(b"tracefs", _TRACING.encode(), b"tracefs", ctypes.c_ulong(0), None) == 0
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if not os.access(".", os.R_OK | os.X_OK):
        os.chdir("/")
    if passed := os.environ.pop("PASS_SOCKET", None):  # as systemd does: sd_listen_fds(3)
        os.dup2(int(passed), 3, inheritable=True)
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    os.execvpe(sys.argv[end + 1], sys.argv[end + 1 :], dict(os.environ))


if __name__ == "__main__":
    main()
