"""A file of the user's workspace, read to be changed: found below the folders that may be written and nowhere else, and
replaced as a whole, or left as it was."""

import ctypes
import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from perfdoctor.collectors.beneath import libc, open_beneath
from perfdoctor.collectors.text import quoted
from perfdoctor.schemas.problem import ProblemError

LARGEST = 1 << 20
"""bytes of a file that may be changed: a source file, not data"""
_EXCHANGE = 2  # RENAME_EXCHANGE, renameat2(2), Linux 3.15
_BESIDE = ".perfdoctor-edit-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_COPIED = ("security.capability", "security.ima", "security.evm")
"""of the content that was: the kernel takes them away from a file that is written to, and so do we"""
_ACL = "system.posix_acl_access"


@dataclass(slots=True)
class WorkspaceFile:
    """``data`` is what it held when it was opened; ``root`` the allowed folder that it lies below."""

    path: str
    root: str
    data: bytes
    _top: int
    _below: str
    _folder: int
    _name: str
    _about: os.stat_result

    def replace(self, data: bytes) -> tuple[str, ...]:
        """Put ``data`` in its place, at once: written beside it, synced, exchanged. Mode, owner, extended attributes
        and access lists are kept; what could not be is told.

        ProblemError when it is no longer what was read: then it stays as it is. Also when we are killed it is either
        the old or the new file.
        """
        beside = _BESIDE + hashlib.sha256(os.fsencode(self._name)).hexdigest()[:16]
        try:
            fd = self._create(beside)
            try:
                with os.fdopen(os.dup(fd), "wb") as file:
                    file.write(data)
                told = self._dress(fd)
                os.fsync(fd)
                self._exchange(beside)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(beside, dir_fd=self._folder)
                os.close(fd)
            os.fsync(self._folder)
        except OSError as error:
            raise ProblemError(
                f"{quoted(self.path, 200)} was not changed.",
                f"{error.strerror}.",
                "Check that perfdoctor's user may write in its folder, and that there is space.",
            ) from error
        return told

    def _create(self, beside: str) -> int:
        """The new file, held by a lock as long as somebody writes it: one that nobody holds was left by a kill."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        for _ in range(2):
            with suppress(FileExistsError):
                fd = os.open(beside, flags, 0o600, dir_fd=self._folder)
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return fd
            self._remove_abandoned(beside)
        raise OSError(errno.EBUSY, "Another edit of it is being written")

    def _remove_abandoned(self, beside: str) -> None:
        with suppress(FileNotFoundError):
            if stat.S_ISREG(os.stat(beside, dir_fd=self._folder, follow_symlinks=False).st_mode):
                held = os.open(beside, _READ, dir_fd=self._folder)
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise OSError(errno.EBUSY, "Another edit of it is being written") from error
                finally:
                    os.close(held)
            os.unlink(beside, dir_fd=self._folder)

    def _dress(self, fd: int) -> tuple[str, ...]:
        """Owner, attributes and mode as the file has them; what could not be kept."""
        told, new = [], os.fstat(fd)
        if (new.st_uid, new.st_gid) != (self._about.st_uid, self._about.st_gid):
            try:
                os.fchown(fd, self._about.st_uid, self._about.st_gid)
            except PermissionError:
                told.append("Its owner could not be kept: it belongs to perfdoctor's user now.")
                with suppress(PermissionError):
                    os.fchown(fd, -1, self._about.st_gid)
        if lost := self._copy_attributes(fd):
            told.append(f"Extended attributes could not be kept: {', '.join(lost)}.")
        os.fchmod(fd, stat.S_IMODE(self._about.st_mode))
        return tuple(told)

    def _copy_attributes(self, fd: int) -> list[str]:
        lost: list[str] = []
        old = os.open(self._name, _READ, dir_fd=self._folder)
        try:
            names = os.listxattr(old)
            if _ACL in os.listxattr(fd) and _ACL not in names:
                os.removexattr(fd, _ACL)  # (of the folder's default)
            for name in names:
                if name not in _NOT_COPIED:
                    value = os.getxattr(old, name)
                    try:
                        os.setxattr(fd, name, value)
                    except OSError:
                        if name not in os.listxattr(fd) or os.getxattr(fd, name) != value:
                            lost.append(quoted(name, 60))
        except OSError as error:
            if error.errno != errno.ENOTSUP:
                raise
        finally:
            os.close(old)
        return lost

    def _exchange(self, beside: str) -> None:
        """Swap the two names, and look what came out: only then nobody can have changed it in between."""
        self._check(self._name)
        if _rename(self._folder, beside, self._name, _EXCHANGE):
            try:
                self._check(beside)
            except (OSError, ProblemError):
                _rename(self._folder, beside, self._name, _EXCHANGE)
                raise
        else:  # a file system that cannot exchange
            os.rename(beside, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def _check(self, name: str) -> None:
        """That ``name`` is the very file that was read, with the same content, in a folder that is where it was."""
        try:
            fd = os.open(name, _READ, dir_fd=self._folder)
            try:
                now = os.fstat(fd)
                same = os.path.samestat(now, self._about) and stat.S_ISREG(now.st_mode) and now.st_nlink == 1
                same = same and _content(fd) == self.data
            finally:
                os.close(fd)
            here = _open_folder(self._top, self._below)
            try:
                same = same and os.path.samestat(os.fstat(here), os.fstat(self._folder))
            finally:
                os.close(here)
        except OSError:
            same = False
        if not same:
            raise changed(self.path)


def changed(path: str) -> ProblemError:
    return ProblemError(
        f"{quoted(path, 200)} was changed meanwhile.",
        "It is not what was read; whoever changed it must not lose that. Nothing was written.",
        "Call code-edit again without token: it shows the change of what is there now.",
    )


def is_below(path: str, roots: Sequence[str]) -> bool:
    """Whether a path (a real one) lies below a folder that may be written. Nothing is opened."""
    return any(path.startswith(os.path.realpath(root).rstrip("/") + "/") for root in roots)


@contextmanager
def opened(path: str, roots: Sequence[str]) -> Iterator[WorkspaceFile]:
    """A text file below one of ``roots`` (absolute, or relative to one of them), to be changed.

    ProblemError when it lies elsewhere or a link leads there, is hidden, is no regular file or one with several names
    (hard links), may not be written, or is larger than 1 MiB.
    """
    for root, relative in _places(path, roots):
        below, _, name = relative.rpartition("/")
        try:
            top = os.open(root, _FOLDER)
        except OSError:
            continue
        try:
            folder = _open_folder(top, below)
        except OSError as error:
            os.close(top)
            if error.errno == errno.ENOENT:
                continue
            raise _refused(path, _why(error)) from error
        try:
            found = _read(path, folder, name)
            if found is None:
                continue
            data, about = found
            yield WorkspaceFile(f"{root.rstrip('/')}/{relative}", root, data, top, below, folder, name, about)
            return
        finally:
            os.close(folder)
            os.close(top)
    raise _refused(path, "There is no such file below the folders that may be written")


def _places(path: str, roots: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(root, path below it) that ``path`` may mean."""
    if not path or "\0" in path:
        raise _refused(path.replace("\0", "\ufffd"), "It names no file")
    found = False
    for root in roots:
        tops = dict.fromkeys((root.rstrip("/"), os.path.realpath(root).rstrip("/")))
        rest = next((path[len(top) :] for top in tops if path.startswith(top + "/")), None)
        if rest is None and path.startswith("/"):
            continue
        parts = [part for part in (path if rest is None else rest).split("/") if part not in ("", ".")]
        if ".." in parts or not parts:
            break
        if any(part.startswith(".") for part in parts):
            raise _refused(path, "It is hidden: such files configure programs and repositories, and may start programs")
        found = True
        yield os.path.realpath(root), "/".join(parts)
    if not found:
        raise _refused(path, "It does not lie below the folders that may be written")


def _open_folder(top: int, below: str) -> int:
    return open_beneath(top, below or ".", _FOLDER, mounts=False)


def _read(path: str, folder: int, name: str) -> tuple[bytes, os.stat_result] | None:
    """The content, and what the file is; None where there is none of that name."""
    try:
        # Opening a device may already do something: what it is, is known before.
        held = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(path, _why(error)) from error
    try:
        about = os.fstat(held)
        if why := _not_to_be_changed(about, os.fstat(folder)):
            raise _refused(path, why)
        with Path(f"/proc/self/fd/{held}").open("rb", buffering=0) as file:
            if not os.path.samestat(os.fstat(file.fileno()), about):
                raise changed(path)
            return _content(file.fileno()), about
    except OSError as error:
        raise _refused(path, _why(error)) from error
    finally:
        os.close(held)


def _not_to_be_changed(about: os.stat_result, folder: os.stat_result) -> str | None:
    if stat.S_ISLNK(about.st_mode):
        return "It is a symbolic link, which may lead anywhere"
    if not stat.S_ISREG(about.st_mode):
        return "It is no regular file"
    if about.st_dev != folder.st_dev:
        return "Another file system is mounted there"
    if about.st_nlink != 1:
        return f"It has {about.st_nlink} names (hard links): one of them may lie outside of the workspace"
    if about.st_mode & (stat.S_ISUID | stat.S_ISGID):
        return "It runs with the rights of its owner (set-user-id)"
    if not about.st_mode & 0o222:
        return "It is read-only"
    return f"It is larger than {LARGEST >> 20} MiB" if about.st_size > LARGEST else None


def _content(fd: int) -> bytes:
    chunks, left = [], LARGEST + 1
    while left > 0 and (chunk := os.read(fd, left)):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _rename(folder: int, old: str, new: str, flags: int) -> bool:
    """renameat2 within a folder; False where the kernel or the file system does not know the flags."""
    fold = ctypes.c_int(folder)
    if not hasattr(libc, "renameat2"):
        return False
    if libc.renameat2(fold, os.fsencode(old), fold, os.fsencode(new), ctypes.c_uint(flags)) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), new)


def _why(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.EXDEV, errno.ENOTDIR):
        return "A part of its path is a link, a mount, or no folder: it may lead out of the workspace"
    return error.strerror or "It cannot be opened"


def _refused(path: str, why: str) -> ProblemError:
    return ProblemError(
        f"{quoted(path, 200)} may not be changed.",
        f"{why}.",
        "Give a file of the user's own code below writable_roots (PERFDOCTOR_WRITABLE_ROOTS).",
    )
