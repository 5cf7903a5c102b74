"""Source files, read below allowed folders only: asking to see code must not become a way to read secrets."""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from perfdoctor.collectors.beneath import open_beneath
from perfdoctor.collectors.text import quoted
from perfdoctor.schemas.problem import ProblemError

LARGEST = 4 << 20
"""bytes of a source file"""
_SYSTEM = re.compile(r"/(?:bin|boot|dev|etc|lib\d*|proc|run|sbin|sys|usr|var/(?:lib|log|run|spool|cache))(?:/|$)")
_WHOLE_HOME = re.compile(r"/home/[^/]+$|/[^/]*$")
"""folders that hold far more than a project, however small the process that stands there"""
_LEFT_OUT = frozenset(("node_modules", "__pycache__", "venv", "target", "build"))
"""besides all that is hidden"""
_MOST_FILES = 5000
_MOST_PLACES = 1000
_MOST_ROOTS = 50


@dataclass(frozen=True, slots=True)
class Source:
    """``path`` is the real one, ``root`` the allowed folder that it lies below; ``modified`` is Unix time. ``alike``:
    it is not the file that was asked for, but the one whose path ends like it."""

    path: str
    root: str
    lines: tuple[str, ...]
    modified: float
    digest: str
    alike: bool = False


def default_roots(cwd: str | None) -> tuple[str, ...]:
    """Where a target's own code is, when nobody has said it: its working directory, unless that is no project."""
    if not cwd or not cwd.startswith("/"):
        return ()
    real = os.path.realpath(cwd)
    return () if _SYSTEM.match(real) or _WHOLE_HOME.match(real) else (real,)


def roots_of_uris(uris: Sequence[str]) -> tuple[str, ...]:
    """The folders that a client names as its workspace (file:///srv/shop), but none that is no project: a client must
    not open the whole file system by its word."""
    found: dict[str, None] = {}
    for uri in uris[:_MOST_ROOTS]:
        try:
            parts = urlsplit(uri)
        except ValueError:
            continue
        path = unquote(parts.path)
        if parts.scheme == "file" and parts.netloc in ("", "localhost") and "\0" not in path:
            found |= dict.fromkeys(default_roots(path))
    return tuple(found)


def read_source(path: str, roots: Sequence[str]) -> Source:
    """A text file below one of ``roots`` (absolute, or relative to one of them). ProblemError when it lies elsewhere,
    also by a link, is no regular text file, or is larger than 4 MiB."""
    real, root = _below(path, roots)
    data, modified = _read(real, root)
    if b"\0" in data[:8192]:
        raise ProblemError(
            f"{_shown(path)} is not source code.", "It holds binary data.", "Ask for a file that a finding names."
        )
    lines = tuple(data.decode("utf-8", "replace").splitlines())
    return Source(real, root, lines, modified, hashlib.sha256(data).hexdigest())


class Sources:
    """The files below some roots, by the names that stacks have for them."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = roots
        self._files: list[str] | None = None

    def read(self, path: str) -> Source:
        """The file of that very path, which may be written as an address (file:///srv/shop.mjs)."""
        return read_source(_plain(path), self._roots)

    def find(self, path: str) -> Source:
        """The same; where there is no such file on this machine, the one below the roots whose path ends alike:
        compilers write down paths of the machine that they ran on, Java and ``go build -trimpath`` only packages.
        ProblemError where several do."""
        plain = _plain(path)
        try:
            return read_source(plain, self._roots)
        except ProblemError:
            there = plain.startswith("/") and os.path.exists(plain)  # noqa: PTH110 - (a hostile name is no error)
            alike = None if there else self._alike(plain)
            if alike is None:
                raise
        return replace(read_source(alike, self._roots), alike=True)

    def _alike(self, path: str) -> str | None:
        wanted = [part for part in path.split("/") if part not in ("", ".")]
        if not wanted or ".." in wanted or not self._roots:
            return None
        if self._files is None:
            self._files = list(_files_below(self._roots))
        most, found = min(2, len(wanted)), list[str]()
        for file in self._files:
            if not file.endswith("/" + wanted[-1]):
                continue
            same = _same_at_the_end(file.split("/"), wanted)
            if same > most:
                most, found = same, []
            if same == most:
                found.append(file)
        if len(found) > 1:
            raise ProblemError(
                f"{_shown(path)} may be any of {len(found)} files.",
                f"Their paths end alike: {', '.join(_shown(file) for file in found[:5])}.",
                "Ask for one of these.",
            )
        return found[0] if found else None


def _same_at_the_end(a: Sequence[str], b: Sequence[str]) -> int:
    number = 0
    while number < min(len(a), len(b)) and a[-1 - number] == b[-1 - number]:
        number += 1
    return number


def _plain(path: str) -> str:
    return unquote(path.removeprefix("file://")) if path.startswith("file:///") else path


@dataclass(frozen=True, slots=True)
class Found:
    """``places`` are (file, line, text), at most 1,000. ``skipped`` files could not be read, or are no text."""

    places: tuple[tuple[str, int, str], ...]
    files: int
    skipped: int


def search_source(text: str, roots: Sequence[str], *, word: bool) -> Found:
    """Every line with ``text``, in the order of the files' paths. ProblemError where no folder is allowed."""
    if not roots:
        raise _nothing_allowed()
    wanted = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)" if word else re.escape(text))
    places: list[tuple[str, int, str]] = []
    files = skipped = 0
    for path in _files_below(roots):
        try:
            source = read_source(path, roots)
        except ProblemError:
            skipped += 1
            continue
        files += 1
        for number, line in enumerate(source.lines, 1):
            if len(places) < _MOST_PLACES and wanted.search(line):
                places.append((path, number, line))
    return Found(tuple(places), files, skipped)


def _files_below(roots: Sequence[str]) -> Iterator[str]:
    """Files that may be searched, at most 5,000; hidden folders, dependencies and links are passed over."""
    number = 0
    for root in roots:
        for folder, folders, names in os.walk(os.path.realpath(root)):
            folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("."))
            for name in sorted(names):
                path = os.path.join(folder, name)  # noqa: PTH118 - many thousands of times
                if not name.startswith(".") and not os.path.islink(path):  # noqa: PTH114
                    number += 1
                    if number > _MOST_FILES:
                        return
                    yield path


def _below(path: str, roots: Sequence[str]) -> tuple[str, str]:
    if not path or "\0" in path:
        raise ProblemError("No file was named.", "A path is needed.", "Give the file of a finding's location.")
    if not roots:
        raise _nothing_allowed()
    for root in roots:
        top = os.path.realpath(root)
        real = os.path.realpath(os.path.join(top, path))  # noqa: PTH118 - an absolute path stays as it is
        if real.startswith(top.rstrip("/") + "/"):
            if any(part.startswith(".") for part in Path(real).relative_to(top).parts):
                break
            return real, top
    raise ProblemError(
        f"{_shown(path)} may not be shown.",
        "It is not below the folders whose code may be shown (links are followed before this is judged), or is hidden.",
        "Ask for a file of the user's own code, or add its folder to PERFDOCTOR_USER_ROOTS.",
    )


def _nothing_allowed() -> ProblemError:
    return ProblemError(
        "No folder of source code is allowed.",
        "None is set, and the process's working directory is not a project's.",
        "Set PERFDOCTOR_USER_ROOTS to the folders whose code may be shown, separated by `:`.",
    )


def _read(real: str, root: str) -> tuple[bytes, float]:
    try:
        fd = _open_beneath(root, os.path.relpath(real, root))
    except OSError as error:
        raise ProblemError(
            f"{_shown(real)} cannot be read.", f"{error.strerror}.", "Check that it is still there, and readable."
        ) from error
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
            kind = "larger than 4 MiB" if stat.S_ISREG(about.st_mode) else "no regular file"
            raise ProblemError(f"{_shown(real)} is not shown.", f"It is {kind}.", "Ask for a source file.")
        with open(fd, "rb", closefd=False) as file:
            return file.read(LARGEST), about.st_mtime
    finally:
        os.close(fd)


def _open_beneath(root: str, relative: str) -> int:
    """No link is followed: the path was real a moment ago, and whoever changed that since must not gain by it."""
    top = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return open_beneath(top, relative, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    finally:
        os.close(top)


def _shown(path: str) -> str:
    return quoted(path, 200)
