"""Apply this change."""

import json
from typing import Annotated, Any, Self

from anyio import to_thread
from pydantic import BeforeValidator, Field, model_validator

from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.edit import EditAnswer, EditState
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import NextCall
from perfdoctor.server.consent import Consent
from perfdoctor.server.formatters import edit as formatter
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.settings import DECLARATIONS
from perfdoctor.server.store.edits import digest
from perfdoctor.server.tools.tool import Arguments, Detail, RecordingId, Tool

_LINES = {Detail.BRIEF: 20, Detail.NORMAL: 80, Detail.FULL: 600}
_ASKED_LINES = 60
_REPEATED = 1500
"""characters of a change that the next call is given again; a longer one the caller has itself"""


def _from_shell(value: object) -> object:
    # At the shell, and of clients that write lists as text, it comes as JSON.
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError('must be a list such as [{"old": "a", "new": "b"}]') from None
    return value


class ExactEdit(Model):
    old: Annotated[str, Field(min_length=1, max_length=100_000)]
    new: Annotated[str, Field(max_length=100_000)]


class EditArguments(Arguments):
    file: Annotated[str | None, Field(max_length=4096, description="to change")] = None
    edits: Annotated[
        tuple[ExactEdit, ...] | None,
        Field(min_length=1, max_length=50, description="each old stands there once"),
        BeforeValidator(_from_shell),
    ] = None
    diff: Annotated[str | None, Field(max_length=400_000, description="or: a unified diff of this file")] = None
    undo: Annotated[str | None, Field(max_length=40, description="or: the id of an applied change")] = None
    dry_run: Annotated[bool, Field(description="only show it")] = True
    token: Annotated[str | None, Field(max_length=80, description="of the dry run, to apply it")] = None
    recording: Annotated[RecordingId | None, Field(description="that it answers")] = None

    @model_validator(mode="after")
    def _what_belongs_together(self) -> Self:
        if sum(given is not None for given in (self.edits, self.diff, self.undo)) != 1:
            raise ValueError("give one of edits, diff and undo")
        if (self.file is None) != (self.undo is not None):
            raise ValueError("give file with edits or diff, and without it undo")
        if self.dry_run and self.token is not None:
            raise ValueError("token is for dry_run=false: without it the change is only shown")
        if not self.dry_run and self.token is None:
            raise ValueError("dry_run=false needs the token of a dry run: a change is shown before it is made")
        return self


async def ask(call: Call, arguments: EditArguments) -> EditAnswer:
    roots = call.service.settings.writable_roots
    if not roots:
        raise ProblemError(
            "code-edit is switched off on this server.",
            "The setting writable_roots is empty: no folder may be written, which its operator must want.",
            "Change the file by your own means, or ask the operator to set PERFDOCTOR_WRITABLE_ROOTS to the project's "
            "folder.",
        )
    undone = await call.service.edits.find(arguments.undo) if arguments.undo is not None else None
    file = undone.path if undone else arguments.file or ""
    planned = await to_thread.run_sync(_plan, file, roots, arguments, undone.before if undone else None)
    if undone and digest(planned.before) != undone.after_digest:
        untouched = planned.before == undone.before
        raise ProblemError(
            f"The change {undone.id} cannot be taken back.",
            f"{quoted(file, 200)} "
            + ("is as it was before that change already." if untouched else "was changed again since."),
            "Nothing is left to do." if untouched else "Take back the later change first, or give edits instead.",
        )
    if planned.before == planned.after:
        raise ProblemError(
            "This would change nothing.",
            "The file would be the same, to the byte.",
            "Give old texts that differ from the new ones.",
        )
    if arguments.dry_run:
        return _answer(arguments, planned, "nobody was asked: nothing is changed")
    if arguments.token != planned.token:
        raise _other_token(arguments.token or "", planned)
    consent = await call.ask_user(_question(planned))
    if consent is Consent.DECLINED:
        raise ProblemError(
            f"{quoted(planned.path, 200)} was not changed.",
            "The user was asked, and declined.",
            "Ask the user what to do instead; do not try the same change again.",
        )
    identity = await call.service.edits.note(call.caller.name, planned.path, planned.before, planned.after)
    try:
        warnings = await to_thread.run_sync(_write, planned, roots)
    except ProblemError:
        await call.service.edits.forget(identity)
        raise
    return _answer(arguments, planned, consent.value, identity, warnings)


class _Plan(Model):
    """What a file is and would be."""

    path: str
    before: bytes
    after: bytes
    encoding: str
    line_ends: str
    lines: tuple[str, ...]
    added: int
    removed: int

    @property
    def token(self) -> str:
        """Of the file as it was read, and of what becomes of it."""
        becomes = digest(self.path.encode("utf-8", "surrogateescape") + b"\0" + self.after)
        return f"{digest(self.before)[:16]}-{becomes[:16]}"


def _plan(file: str, roots: tuple[str, ...], arguments: EditArguments, back: bytes | None) -> _Plan:
    from perfdoctor.collectors import workspace_file
    from perfdoctor.server.editing.exact import replaced
    from perfdoctor.server.editing.patch import patched
    from perfdoctor.server.editing.shown import diff_of
    from perfdoctor.server.editing.text import decode, encode

    with workspace_file.opened(file, roots) as opened:
        path, before = opened.path, opened.data
    if path.rpartition("/")[2] == DECLARATIONS:
        raise ProblemError(
            f"{quoted(path, 200)} may not be changed.",
            "It declares which programs workload-run may run: that is not for a change of code to widen.",
            "Ask the user to change it.",
        )
    text = decode(before)
    if text is None:
        raise ProblemError(
            f"{quoted(path, 200)} is not changed.", "It holds binary data.", "Give a file of source code."
        )
    if back is not None:
        after = back
        changed = decode(back)
        new = changed.text if changed else ""
    else:
        if arguments.edits is not None:
            new = replaced(text, [(one.old, one.new) for one in arguments.edits])
        else:
            new = patched(text, arguments.diff or "", path.rpartition("/")[2])
        after = encode(new, text)
    if b"\0" in after or len(after) > workspace_file.LARGEST:
        raise ProblemError(
            f"{quoted(path, 200)} would be no source code any more.",
            "It would hold a NUL character, or be larger than 1 MiB.",
            "Give a smaller change.",
        )
    shown = diff_of(text.text, new)
    return _Plan(
        path=path,
        before=before,
        after=after,
        encoding=text.encoding,
        line_ends=text.line_ends,
        lines=shown.lines,
        added=shown.added,
        removed=shown.removed,
    )


def _write(planned: _Plan, roots: tuple[str, ...]) -> tuple[str, ...]:
    from perfdoctor.collectors import workspace_file

    with workspace_file.opened(planned.path, roots) as opened:
        if opened.data != planned.before:  # (the user may have taken a while to answer)
            raise workspace_file.changed(planned.path)
        return opened.replace(planned.after)


def _other_token(given: str, planned: _Plan) -> ProblemError:
    what = "The token is not that of this change."
    if given.partition("-")[0] != planned.token.partition("-")[0]:
        why = "The file is not what it was at the dry run: somebody changed it since."
    else:
        why = "The file is as it was at the dry run, but this is another change than the one that was shown."
    return ProblemError(what, why, "Call code-edit with dry_run=true: it shows the change, and its token.")


def _question(planned: _Plan) -> str:
    more = len(planned.lines) - _ASKED_LINES
    shown = "\n".join(planned.lines[:_ASKED_LINES]) + (f"\n({more} more lines)" if more > 0 else "")
    return f"Change {clean(planned.path, 400)} (+{planned.added} -{planned.removed} lines)?\n\n{shown}"


def _answer(
    arguments: EditArguments, planned: _Plan, asked: str, identity: str | None = None, warnings: tuple[str, ...] = ()
) -> EditAnswer:
    """With the ``identity`` of a change that was made; without one it was only shown."""
    most = _LINES[arguments.detail]
    size = f"{quoted(planned.path, 200)}: +{planned.added} -{planned.removed} lines"
    if identity is None:
        summary = f"A dry run, nothing is changed yet. {size}."
        follows = _to_apply(arguments, planned)
    else:
        back = "taken back" if arguments.undo else "changed"
        summary = f"{size}, {back} as {identity}. The process runs the old code until it is restarted or reloaded."
        follows = _to_verify(arguments, identity)
    return EditAnswer(
        file=planned.path,
        state=EditState.APPLIED if identity else EditState.SHOWN,
        summary=summary,
        token=None if identity else planned.token,
        edit=identity,
        asked=asked,
        added=planned.added,
        removed=planned.removed,
        encoding=planned.encoding,
        line_ends=planned.line_ends,
        diff=planned.lines[:most],
        omitted_lines=max(0, len(planned.lines) - most),
        warnings=warnings,
        next=follows,
    )


def _to_apply(arguments: EditArguments, planned: _Plan) -> tuple[NextCall, ...]:
    same: dict[str, Any] = arguments.model_dump(
        mode="json", include={"file", "edits", "diff", "undo", "recording"}, exclude_none=True
    )
    why = "apply it, if it is right; the user is asked where the client can ask"
    if len(json.dumps(same)) > _REPEATED:
        same = {key: value for key, value in same.items() if key not in ("edits", "diff")}
        why = f"{why} (with the same edits or diff)"
    return (NextCall(tool="code-edit", arguments={**same, "dry_run": False, "token": planned.token}, why=why),)


def _to_verify(arguments: EditArguments, identity: str) -> tuple[NextCall, ...]:
    from perfdoctor.server.tools.catalogue import find

    calls = []
    if find("workload-run") is not None:
        calls.append(
            NextCall(tool="workload-run", why="run the declared workload, if there is one: it starts the new code")
        )
    restarted = "the pid, once the user has restarted or reloaded it; then diagnose it under the same load"
    calls.append(NextCall(tool="proc-find", why=restarted))
    if arguments.recording is not None:
        before = {"before": arguments.recording}
        calls.append(
            NextCall(tool="compare", arguments=before, why="prove the change, with the new recording as `after`")
        )
    take_back = {"undo": identity}
    calls.append(NextCall(tool="code-edit", arguments=take_back, why="take it back if it does not help"))
    return tuple(calls)


def say(answer: EditAnswer, _detail: Detail) -> str:
    return formatter.say(answer)


TOOL = Tool(
    name="code-edit",
    title="Change the code",
    description=(
        "Touches no process. Changes a source file: a dry run shows the diff and a token, a second call with that "
        "token applies it, at once; the user is asked where the client can. undo takes it back. Off unless the "
        "operator sets writable_roots."
    ),
    role=Role.OPERATE,
    arguments=EditArguments,
    answer=EditAnswer,
    ask=ask,
    say=say,
    positional=("file",),
    only_measures=False,
)
