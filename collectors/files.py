"""What are the files that a target named: how large, and did they change?"""

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from perfdoctor.collectors.backends.proc.fd import read_position
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.target import Target

MOST = 256
_DESCRIPTORS = 2048
_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFSOCK: "socket",
    stat.S_IFIFO: "pipe",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
_OPENAT2 = 437  # the same on every architecture
_IN_ROOT, _NO_MAGIC_LINKS = 0x10, 0x02  # RESOLVE_*, openat2(2)
_PLACEHOLDERS = ("\ufffd", "…")
"""what stands in a path for bytes that could not be shown, or for its middle"""


def file_facts(host: Host, target: Target, paths: Sequence[str], *, since: float) -> tuple[FileFact, ...]:
    """Facts about at most 256 paths as the target names them: absolute, or relative to its working directory.

    ``since`` is Unix time. The paths are the target's text. They are looked up below the target's own root (that of
    its container), where symbolic links cannot lead out, and nothing is opened: a pipe or a device is not even
    touched. Where the root cannot be reached (the target has ended, or is not ours), as we see them ourselves. A path
    that cannot be looked up is ``unknown``, one that is not there ``missing``.
    """
    with _folder(f"/proc/{target.pid}/root") as root, _folder(f"/proc/{target.pid}/cwd") as cwd:
        inside = None if root is None or cwd is None else (root, cwd)
        facts = [_fact(path, inside, since) for path in paths[:MOST]]
    written = {fact.path for fact in facts if fact.kind == "file" and fact.changed_in_window}
    through = _written_through(host, target) if written else frozenset[str]()
    return tuple(
        fact.model_copy(update={"written_through": fact.path in written and fact.path in through}) for fact in facts
    )


def _written_through(host: Host, target: Target) -> frozenset[str]:
    """The files that the target has open with O_SYNC or O_DSYNC now, of the first 2048 descriptors of each process."""
    found = set[str]()
    for pid in tree(host, target):
        with suppress(OSError):
            for fd in host.list_folder(f"/proc/{pid}/fd")[:_DESCRIPTORS]:
                with suppress(OSError, ValueError):
                    _, flags = read_position(host, pid, fd)
                    if flags & os.O_DSYNC:  # (one of the bits of O_SYNC)
                        found.add(clean(host.read_link(f"/proc/{pid}/fd/{fd}")))
    return frozenset(found)


@contextmanager
def _folder(path: str) -> Iterator[int | None]:
    try:
        fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)


def _fact(path: str, inside: tuple[int, int] | None, since: float) -> FileFact:
    try:
        found = _look_up(path, inside)
    except (FileNotFoundError, NotADirectoryError):
        known = not any(mark in path for mark in _PLACEHOLDERS)
        return FileFact(path=path, kind="missing" if known else "unknown")
    except (OSError, ValueError):
        return FileFact(path=path)
    return FileFact(
        path=path,
        kind=_KINDS.get(stat.S_IFMT(found.st_mode), "unknown"),
        size=found.st_size,
        changed_in_window=found.st_mtime >= since,
    )


def _look_up(path: str, inside: tuple[int, int] | None) -> os.stat_result:
    if not path or "\0" in path:
        raise ValueError("not a path")
    if inside is None:
        if not path.startswith("/"):
            raise ValueError("relative to a folder that is not known")
        return Path(path).stat()
    root, cwd = inside
    if not path.startswith("/"):
        # Links of the working directory are not bound to the root: openat2 knows one folder only. Facts, no contents.
        return os.stat(path, dir_fd=cwd)
    try:
        fd = _open_in_root(root, path)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):  # before Linux 5.6; a seccomp filter
            raise
        return os.stat(path.lstrip("/") or ".", dir_fd=root)
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)


def _open_in_root(root: int, path: str) -> int:
    """A handle (O_PATH) on ``path``, with ``root`` as the root directory of every link on the way."""
    how = struct.pack("=QQQ", os.O_PATH | os.O_CLOEXEC, 0, _IN_ROOT | _NO_MAGIC_LINKS)
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    fd = int(
        syscall(
            ctypes.c_long(_OPENAT2), ctypes.c_int(root), os.fsencode(path), ctypes.c_char_p(how), ctypes.c_size_t(24)
        )
    )
    if fd < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    return fd
