"""Which change of code is it that two recordings are held against each other for, and can it be taken back?"""

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from anyio import to_thread

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.service import Call
from perfdoctor.server.store.edits import Edit, digest


async def judged_change(call: Call, before: Sequence[Evidence], after: Sequence[Evidence]) -> str | None:
    """The id of the caller's last change, if its file is in the code that ran after it and is still as that change made
    it; None where there is none, or where the code before had it already."""
    roots = call.service.settings.writable_roots
    if not roots:
        return None
    edit = await call.service.edits.newest(call.caller.name)
    if edit is None or any(one.window.started < edit.created for one in after):
        return None
    return await to_thread.run_sync(_judged, edit, roots, before, after)


def _judged(edit: Edit, roots: tuple[str, ...], before: Sequence[Evidence], after: Sequence[Evidence]) -> str | None:
    name = PurePath(edit.path).name
    if not any(PurePath(file).name == name for one in after for file in _files(one)):
        return None
    had_it = [one for one in before if one.window.started >= edit.created]
    if any(file == edit.path for one in had_it for file in _files(one)):
        return None
    return edit.id if _still(edit, roots) else None


def _files(evidence: Evidence) -> Iterator[str]:
    for stack in _stacks(evidence):
        for frame in stack:
            if frame.file:
                yield frame.file


def _stacks(evidence: Evidence) -> Iterator[Stack]:
    yield from (row.stack for row in (evidence.cpu.rows if evidence.cpu else ()))
    yield from (row.stack for row in (evidence.syscalls.rows if evidence.syscalls else ()))


def _still(edit: Edit, roots: tuple[str, ...]) -> bool:
    from perfdoctor.collectors import workspace_file

    try:
        with workspace_file.opened(edit.path, roots) as opened:
            return digest(opened.data) == edit.after_digest
    except ProblemError:
        return False
