"""Open a file below a folder, and nowhere else: whatever links, mounts and races there are on the way."""

import ctypes
import errno
import os
import struct
from typing import Any

_OPENAT2 = 437  # the same on every architecture
_BENEATH, _NO_SYMLINKS, _NO_MAGIC_LINKS, _NO_MOUNTS = 0x08, 0x04, 0x02, 0x01  # RESOLVE_*, openat2(2), Linux 5.6
_NOT_HERE = (errno.ENOSYS, errno.EPERM)
"""an older kernel; a container whose seccomp profile does not know the call"""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

libc: Any = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def open_beneath(top: int, relative: str, flags: int, *, mounts: bool = True) -> int:
    """A descriptor of ``relative`` below the open folder ``top``. OSError where a part of it is a link of any kind, is
    ``..``, or (without ``mounts``) lies on another mount. By openat2(2), else folder by folder without following."""
    resolve = _BENEATH | _NO_SYMLINKS | _NO_MAGIC_LINKS | (0 if mounts else _NO_MOUNTS)
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, 0, resolve)
    path, size = os.fsencode(relative), ctypes.c_size_t(len(how))
    fd = int(libc.syscall(ctypes.c_long(_OPENAT2), ctypes.c_int(top), path, ctypes.c_char_p(how), size))
    if fd >= 0:
        return fd
    if (number := ctypes.get_errno()) not in _NOT_HERE:
        raise OSError(number, os.strerror(number), relative)
    return walk_beneath(top, relative, flags, mounts=mounts)


def walk_beneath(top: int, relative: str, flags: int, *, mounts: bool = True) -> int:
    """The same without openat2: each folder is opened from the one before, and no link is followed. (A mount of the
    same file system is not told from a folder.)"""
    parts = [part for part in relative.split("/") if part not in ("", ".")]
    if ".." in parts or relative.startswith("/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), relative)
    here = os.open(".", _FOLDER, dir_fd=top)
    try:
        device = os.fstat(here).st_dev
        for part in parts[:-1]:
            there = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = there
            if not mounts and os.fstat(here).st_dev != device:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), relative)
        last = os.open(parts[-1] if parts else ".", flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
        if not mounts and os.fstat(last).st_dev != device:
            os.close(last)
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), relative)
        return last
    finally:
        os.close(here)
