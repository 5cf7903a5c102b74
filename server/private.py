"""Files that decide who gets in: nobody but their owner may write them, and secrets nobody else may read."""

import os
import stat
from pathlib import Path

from perfdoctor.schemas.problem import ProblemError


def must_be_trusted(path: Path, about: os.stat_result, *, secret: bool = False) -> None:
    """ProblemError unless the file is ours or root's, a regular one, and others can neither write it nor replace it
    (nor read it, when it is ``secret``)."""
    if not stat.S_ISREG(about.st_mode):
        raise _distrusted(path, "It is no regular file.", "Put a regular file in its place.")
    if about.st_uid not in (0, os.geteuid()):
        raise _distrusted(path, "It belongs to another user, who could change it.", "Give it to the user of the server")
    forbidden = 0o077 if secret else 0o022
    if about.st_mode & forbidden:
        may = "read or write" if secret else "write"
        step = f"Run `chmod {'600' if secret else 'go-w'} {path}`"
        raise _distrusted(path, f"Others may {may} it (its mode is {about.st_mode & 0o777:03o}).", step)
    folder = path.absolute().parent.stat()
    if folder.st_uid not in (0, os.geteuid()) or (folder.st_mode & 0o022 and not folder.st_mode & stat.S_ISVTX):
        raise _distrusted(path, "Others may write its folder, and so replace it.", f"Run `chmod go-w {path.parent}`")


def _distrusted(path: Path, why: str, step: str) -> ProblemError:
    return ProblemError(f"{path} is not trusted.", why, f"{step.rstrip('.')}, and see whether it was changed.")
