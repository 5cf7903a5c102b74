"""Which version of its code does a process run? Read from the files of git, without starting git: neither a hook, nor
a filter, nor a program that a repository's configuration names can run.

What is read belongs to the target, and may be anything: only regular files of fixed names are opened, a little of each
is read, and nothing but a commit's number leaves here.
"""

import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.schemas.target import Target

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REFERENCE = re.compile(r"refs/[\w.+@-]{1,100}(?:/[\w.+@-]{1,100}){0,20}", re.ASCII)
_DEEPEST = 40
"""folders above where the code lies that are looked at"""
_LARGEST = 4 << 20
"""bytes of a list of packed references"""


def with_version(target: Target) -> Target:
    """``target`` with its ``commit`` and ``build_id``, from /proc/PID/cwd, /proc/PID/exe and the script it was started
    with (/proc/PID/cmdline), all as the process itself sees them."""
    return target.model_copy(update={"commit": _commit(target), "build_id": _build_id(target.pid)})


def _build_id(pid: int) -> str | None:
    with suppress(OSError, ValueError):
        program = Elf(f"/proc/{pid}/exe")
        try:
            return program.build_id() or None
        finally:
            program.close()
    return None


def _commit(target: Target) -> str | None:
    here = f"/proc/{target.pid}/cwd"
    for folder in (here, *_folders_of_code(target, here)):
        with suppress(OSError, ValueError):
            if found := commit_at(folder, f"/proc/{target.pid}/root"):
                return found
    return None


def _folders_of_code(target: Target, here: str) -> list[str]:
    """Where the script lies that an interpreter runs (``python3 shop/app.py``), or a program of its own. (The
    interpreter may lie in a checkout too: that of a version manager.)"""
    root = f"/proc/{target.pid}/root"
    found = []
    script = next((word for word in target.command[1:8] if not word.startswith("-")), None)
    if script and "\0" not in script:
        folder = os.path.dirname(script)  # noqa: PTH120
        found.append(root + folder if folder.startswith("/") else f"{here}/{folder}")
    if target.runtime in ("native", "go"):
        with suppress(OSError):
            program = os.readlink(f"/proc/{target.pid}/exe")  # noqa: PTH115
            found.append(root + os.path.dirname(program))  # noqa: PTH120
    return found


def commit_at(folder: str, root: str = "") -> str | None:
    """The commit that the checkout around ``folder`` stands at; None where there is no checkout, or no commit yet.

    ``root`` stands before the absolute paths that the checkout's own files name: they are those of its owner.
    """
    top = folder
    for _ in range(_DEEPEST):
        git = f"{top}/.git"
        try:
            about = os.lstat(git)
        except FileNotFoundError:
            if os.path.samestat(os.stat(top), os.stat(f"{top}/..")):  # noqa: PTH116
                return None
            top += "/.."
            continue
        if stat.S_ISDIR(about.st_mode):
            return _head(git, git)
        # A worktree or a submodule: gitdir: ../.git/worktrees/shop
        word, _, path = _line(git).partition(": ")
        if word != "gitdir" or not path:
            return None
        git = root + path if path.startswith("/") else f"{top}/{path}"
        shared = git
        with suppress(OSError):
            common = _line(f"{git}/commondir")
            shared = root + common if common.startswith("/") else f"{git}/{common}"
        return _head(git, shared)
    return None


def _head(git: str, shared: str) -> str | None:
    said = _line(f"{git}/HEAD")
    if _COMMIT.fullmatch(said):
        return said
    reference = said.removeprefix("ref: ")
    if not _REFERENCE.fullmatch(reference) or ".." in reference:
        return None
    for folder in dict.fromkeys((git, shared)):
        with suppress(OSError):
            said = _line(f"{folder}/{reference}")
            return said if _COMMIT.fullmatch(said) else None
    # 3f2a9c… refs/heads/main
    with suppress(OSError):
        for line in _read(f"{shared}/packed-refs", _LARGEST).split(b"\n"):
            commit, _, name = line.partition(b" ")
            if name == reference.encode() and _COMMIT.fullmatch(commit.decode("ascii", "replace")):
                return commit.decode()
    return None


def _line(path: str) -> str:
    return _read(path, 4096).split(b"\n", 1)[0].decode("utf-8", "replace").strip()


def _read(path: str, most: int) -> bytes:
    """The first bytes of a regular file; of anything else OSError, before it is opened: opening may already do
    something, or wait for ever."""
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(22, "no regular file")
        with Path(f"/proc/self/fd/{handle}").open("rb", buffering=0) as file:
            return file.read(most)
    finally:
        os.close(handle)
