"""Which files may be the target's own source, and are no library's? By where they lie."""

import re
from collections.abc import Iterable, Iterator

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack

_LIBRARY = re.compile(
    r"/lib(?:64)?/(?:python|jvm|go|node)|/(?:site|dist)-packages/|/node_modules/|/usr/(?:local/go|include)/|/rustc/|^/rust/deps/"
)


def may_be_own(file: str) -> bool:
    return file.startswith("/") and not _LIBRARY.search(file)


def stacks_of(evidence: Evidence) -> Iterator[tuple[int, Stack]]:
    """All of a window's samples and system calls, with their processes."""
    yield from ((row.pid, row.stack) for row in (evidence.cpu.rows if evidence.cpu else ()))
    yield from ((row.pid, row.stack) for row in (evidence.syscalls.rows if evidence.syscalls else ()))


def files_of(stacks: Iterable[tuple[int, Stack]]) -> dict[int, list[str]]:
    """The files of stacks that may be the target's own, by process, in the order in which they are seen."""
    found: dict[int, dict[str, None]] = {}
    for pid, stack in stacks:
        own = (frame.file for frame in stack if frame.file and may_be_own(frame.file))
        found.setdefault(pid, {}).update(dict.fromkeys(own))
    return {pid: list(files) for pid, files in found.items()}


def own_frames(stack: Stack) -> Iterator[tuple[str, int, str]]:
    """Files, lines and functions of a stack that may be the target's own, innermost first."""
    return ((f.file, f.line, f.function) for f in stack if f.file and f.line and may_be_own(f.file))


def own_lines(stack: Stack) -> Iterator[tuple[str, int]]:
    """The lines of a stack, with their files, that may be the target's own, innermost first."""
    return ((file, line) for file, line, _ in own_frames(stack))
