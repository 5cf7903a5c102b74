"""The programs that the administrator offers: NAME.bt in a folder of root's, beside the policy.

A caller says a name and nothing else, so that nothing of what is compiled and run was written by a caller.
"""

import os
import re
import stat

from perfdoctor.collectors.backends.bpftrace.language.tokens import LONGEST_PROGRAM
from perfdoctor.collectors.helper.refusal import RefusedError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_END = ".bt"
_MOST = 64
"""programs that are told of"""
_ABOUT = 100


def listed(folder: str) -> list[list[str]]:
    """Name and first line of comment of each program, by name. OSError when there is no such folder of root's."""
    place = _open_folder(folder)
    try:
        names = sorted(name.removesuffix(_END) for name in os.listdir(place) if name.endswith(_END))  # noqa: PTH208
        found = []
        for name in [one for one in names if _NAME.fullmatch(one)][:_MOST]:
            try:
                found.append([name, _about(_read(place, name))])
            except (OSError, ValueError):
                continue  # (to run it says why)
        return found
    finally:
        os.close(place)


def read(folder: str, name: str) -> str:
    """RefusedError when there is no such program, or others than root could change it."""
    if not _NAME.fullmatch(name):
        raise _unknown(name)
    try:
        place = _open_folder(folder)
    except OSError as error:
        raise _unknown(name) from error
    try:
        return _read(place, name)
    except FileNotFoundError as error:
        raise _unknown(name) from error
    except (OSError, ValueError) as error:
        raise RefusedError(f"The program {name} cannot be run.", f"Its file cannot be used: {error}.") from error
    finally:
        os.close(place)


def _unknown(name: str) -> RefusedError:
    shown = name if _NAME.fullmatch(name) else "of that name"
    return RefusedError(f"There is no program {shown}.", "Its administrator's folder of programs has none such.")


def _open_folder(folder: str) -> int:
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    if is_roots(place, stat.S_IFDIR):
        return place
    os.close(place)
    raise PermissionError(1, "it must be a folder of root's that nobody else may write")


def _read(place: int, name: str) -> str:
    # (not waiting, where somebody made it a pipe)
    file = os.open(name + _END, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=place)
    try:
        if not is_roots(file, stat.S_IFREG):
            raise PermissionError(1, "it must be a file of root's that nobody else may write")
        text = os.pread(file, LONGEST_PROGRAM + 1, 0)
    finally:
        os.close(file)
    if len(text) > LONGEST_PROGRAM:
        raise ValueError(f"it is longer than {LONGEST_PROGRAM:,} bytes")
    return text.decode("utf-8")


def is_roots(fd: int, kind: int) -> bool:
    """Whether what is open is of this kind, root's (or our own, which the unit's user has none of), and nobody else's
    to write."""
    found = os.fstat(fd)
    return stat.S_IFMT(found.st_mode) == kind and found.st_uid in (0, os.geteuid()) and not found.st_mode & 0o022


def _about(text: str) -> str:
    first = text.lstrip().partition("\n")[0]
    return first.removeprefix("//").strip()[:_ABOUT] if first.startswith("//") else ""
