"""Where clients come in: a TCP port, or a Unix socket."""

import contextlib
import grp
import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.transports.connection import SEND_BUFFER

_WAITING = 512
"""clients that come before they are accepted, or many at once, wait here instead of being refused"""
_LONGEST = 107
"""bytes of a Unix socket's path (unix(7): 108 with the zero at its end)"""


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """``mode`` decides who may connect; who is not the user that runs the server needs a token besides."""

    path: Path
    mode: int = 0o600
    group: str | None = None
    allow: tuple[str, ...] = ()
    """further values of the Host header that are answered"""


def tcp(host: str, port: int) -> socket.socket:
    """ProblemError when nobody can listen there."""
    if not 0 <= port <= 65535:  # getaddrinfo would take the remainder
        raise ProblemError(
            f"Cannot listen on {host}:{port}.", "A port is a number up to 65535.", "Choose another --port."
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # (connections inherit it)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        listener.bind(address)
        listener.listen(_WAITING)
    except (OSError, OverflowError) as error:
        raise ProblemError(
            f"Cannot listen on {host}:{port}.", f"{error}.", "Choose another --port, or an address of this machine."
        ) from error
    return listener


@contextlib.contextmanager
def unix(where: UnixSocket) -> Iterator[socket.socket]:
    """Listens at a path until it is left, and takes the path away then. Only its owner can reach it before it has its
    mode. ProblemError when that cannot be, or when another server listens there."""
    path = where.path
    _private_place(path)
    group = _group(where)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            _take_away_if_left_behind(path)
            before = os.umask(0o177)
            try:
                listener.bind(str(path))
            finally:
                os.umask(before)
            ours = path.lstat().st_ino
            if group is not None:
                os.chown(path, -1, group)
            path.chmod(where.mode)
            listener.listen(_WAITING)
        except OSError as error:
            raise _cannot(path, f"{error}.", "Choose another --unix path.") from error
        try:
            yield listener
        finally:
            with contextlib.suppress(OSError):
                if path.lstat().st_ino == ours:
                    path.unlink()


def _private_place(path: Path) -> None:
    """Nobody else can put something of theirs in the socket's place."""
    if not path.is_absolute() or len(os.fsencode(path)) > _LONGEST:
        raise _cannot(
            path, f"A socket's path is absolute and at most {_LONGEST} bytes long.", "Choose another --unix path."
        )
    folder = path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except OSError as error:
        raise _cannot(path, f"{error}.", "Choose a folder that this user may make or use.") from error
    if about.st_uid not in (0, os.geteuid()):
        raise _cannot(path, f"The folder {folder} belongs to somebody else.", "Choose a folder of yours.")
    if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not about.st_mode & stat.S_ISVTX:
        raise _cannot(
            path,
            f"Others may write the folder {folder}, and could put a socket of theirs in its place.",
            f"`chmod go-w {folder}`, or choose a folder that only you may write.",
        )


def _take_away_if_left_behind(path: Path) -> None:
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise _cannot(path, "There is something else than a socket.", "Choose another --unix path.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.settimeout(1)
        try:
            other.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()  # of a server that was killed
            return
        except OSError as error:
            raise _cannot(path, f"{error}.", "Choose another --unix path.") from error
    raise _cannot(path, "Another server listens there.", "End it, or choose another --unix path.")


def _group(where: UnixSocket) -> int | None:
    if where.group is None:
        return None
    try:
        return grp.getgrnam(where.group).gr_gid
    except KeyError as error:
        raise _cannot(where.path, f"There is no group {where.group!r}.", "Name one of this machine.") from error


def _cannot(path: Path, why: str, then: str) -> ProblemError:
    return ProblemError(f"Cannot listen at {path}.", why, then)
