"""The files of an audit: ``audit.jsonl`` that is written, ``audit-….jsonl`` that are full, ``head.json``, ``lock``.

Lines are only ever appended. Who writes holds the lock, so that several processes write one chain; each call's lines
are on the disk (fdatasync) before ``write`` returns, and the head after them: it is never ahead of the lines.
"""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from perfdoctor.server.audit.chain import LONGEST_LINE, START, Broken, Head, head_of, head_text, line_of, link_of, torn
from perfdoctor.server.private import must_be_trusted
from perfdoctor.server.store.folder import private_folder

WRITTEN = "audit.jsonl"
HEAD = "head.json"
KEY = "audit.key"
_KEY_BYTES = 32
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def full_files(folder: Path) -> list[Path]:
    """Oldest first: their names hold the number of their first line."""
    return sorted(folder.glob("audit-*.jsonl"))


def read_key(path: Path) -> bytes:
    """FileNotFoundError when there is none, ProblemError when others may read it."""
    with path.open("rb") as file:
        must_be_trusted(path, os.fstat(file.fileno()), secret=True)
        return file.read(1024).strip()


class Book:
    """``key`` is the path of the key that lines are signed with; it is made when there is none. At most ``most_files``
    full files are kept, of about ``most_bytes`` each."""

    def __init__(self, folder: Path, key: Path, *, most_bytes: int, most_files: int) -> None:
        self._folder = folder
        self._key_path = key
        self._key = b""
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._left: tuple[int, int, Head] | None = None
        """inode and size of the written file when we left it, and the head: as long as they are the same, nobody else
        has written"""

    def write(self, entries: Sequence[Mapping[str, Any]]) -> Head | None:
        """Append a line for each entry. The head when a new file was begun, for whoever keeps it elsewhere. OSError
        when it cannot be done; what was half written is then told by the next line that can be."""
        private_folder(self._folder)
        with self._locked():
            self._key = self._key or self._made_key()
            turned = self._turn()
            fd = os.open(self._folder / WRITTEN, _APPEND, 0o600)
            try:
                self._append(fd, entries)
            finally:
                os.close(fd)
        return turned

    def _append(self, fd: int, entries: Sequence[Mapping[str, Any]]) -> None:
        head, said, rest = self._where(fd)
        told = [{"event": "recovered", **said}] if said else []
        data = b"\n" if rest else b""
        for entry in (*told, *entries):
            line, head = line_of(head, entry, self._key)
            data += line
        size = os.fstat(fd).st_size
        try:
            written = 0
            while written < len(data):
                written += os.write(fd, data[written:])
            os.fdatasync(fd)
        except OSError:
            self._left = None
            with contextlib.suppress(OSError):  # (a file that may only be appended to keeps the half line)
                os.ftruncate(fd, size)
            raise
        self._write_head(head)
        about = os.fstat(fd)
        self._left = about.st_ino, about.st_size, head

    def _where(self, fd: int) -> tuple[Head, dict[str, Any], bytes]:
        """After which line to go on; what the next one has to tell, and half a line that the file ends in."""
        about = os.fstat(fd)
        if self._left is not None and self._left[:2] == (about.st_ino, about.st_size):
            return self._left[2], {}, b""
        last, rest = _last_line(fd, about.st_size, self._key)
        found = last
        if last is None and not rest:
            for path in reversed(full_files(self._folder)):
                with path.open("rb") as file:
                    found = _last_line(file.fileno(), os.fstat(file.fileno()).st_size, self._key)[0]
                break
        try:
            kept = head_of((self._folder / HEAD).read_bytes(), self._key)
        except FileNotFoundError:
            kept = START
        except Broken:
            return found or START, {"head": "was not readable"} | _half(rest), rest
        if found is None or found.n < kept.n:
            # The end is gone. The chain goes on behind it all the same: the gap stays for everybody to see.
            gone = {"head": f"line {kept.n} was not there any more"} if kept.n else {}
            return kept, gone | _half(rest), rest
        return found, _half(rest), rest

    def _turn(self) -> Head | None:
        """Begin a new file where the old one is full. The oldest go; a line says which before they do."""
        path = self._folder / WRITTEN
        try:
            if path.stat().st_size < self._most_bytes:
                return None
            with path.open("rb") as file:
                first = link_of(file.readline(LONGEST_LINE + 1).rstrip(b"\n"), self._key).n
        except FileNotFoundError:
            return None
        except Broken:
            first = 0  # (it was tampered with; it is put away as it is)
        full = self._folder / f"audit-{first:012d}.jsonl"
        number = 0
        while full.exists():
            number += 1
            full = self._folder / f"audit-{first:012d}-{number}.jsonl"
        path.rename(full)
        self._left = None
        fd = os.open(path, _APPEND, 0o600)
        try:
            old = full_files(self._folder)[: -self._most_files]
            says: dict[str, Any] = {"event": "rotated", "file": full.name}
            if old:
                says |= {"removed": [one.name for one in old], "through": _last_number(old[-1], self._key)}
            self._append(fd, [says])
        finally:
            os.close(fd)
        for one in old:
            one.unlink(missing_ok=True)
        self._sync_folder()
        return self._left[2] if self._left is not None else None

    def _write_head(self, head: Head) -> None:
        new = self._folder / f".{HEAD}"
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, head_text(head, self._key))
            os.fsync(fd)
        finally:
            os.close(fd)
        new.rename(self._folder / HEAD)

    def _made_key(self) -> bytes:
        private_folder(self._key_path.parent)
        with contextlib.suppress(FileExistsError):
            fd = os.open(self._key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.write(fd, secrets.token_hex(_KEY_BYTES).encode())
                os.fsync(fd)
            finally:
                os.close(fd)
        return read_key(self._key_path)

    def _sync_folder(self) -> None:
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fd = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _half(rest: bytes) -> dict[str, Any]:
    return {"torn": torn(rest)} if rest else {}


def _last_line(fd: int, size: int, key: bytes) -> tuple[Head | None, bytes]:
    """The last whole line of a file as a head (None: there is none that is right), and what follows it."""
    begin = max(0, size - 2 * LONGEST_LINE)
    data = os.pread(fd, size - begin, begin)
    whole, newline, rest = data.rpartition(b"\n")
    if not newline:
        return None, data
    try:
        link = link_of(whole.rpartition(b"\n")[2], key)
    except Broken:
        return None, rest
    return Head(link.n, link.hash), rest


def _last_number(path: Path, key: bytes) -> int:
    with path.open("rb") as file:
        last = _last_line(file.fileno(), os.fstat(file.fileno()).st_size, key)[0]
    return last.n if last else 0
