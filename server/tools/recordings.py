"""What was measured, and what does it say?"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import Field, model_validator

from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import NextCall
from perfdoctor.server.formatters import recordings
from perfdoctor.server.policy import LOCAL, Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind, Recording, RecordingsAnswer
from perfdoctor.server.tools.tool import Detail, Listing, RecordingId, Tool

_TAKES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # action: (arguments of which it needs one, others that it takes)
    "list": ((), ("label",)),
    "show": (("id",), ()),
    "pin": (("id",), ()),
    "unpin": (("id",), ()),
    "share": (("id",), ()),
    "unshare": (("id",), ()),
    "tag": (("id",), ("label",)),
    "delete": (("id",), ()),
    "export": (("id", "label"), ("file",)),
    "import": (("file",), ()),
    "query": (("sql",), ()),
}
_ARGUMENTS = ("id", "label", "file", "sql")
_NEEDS = {
    "pin": Role.TRACE,
    "unpin": Role.TRACE,
    "share": Role.TRACE,
    "unshare": Role.TRACE,
    "tag": Role.TRACE,
    "delete": Role.OPERATE,
    "export": Role.OPERATE,
    "import": Role.OPERATE,
}


class RecordingsArguments(Listing):
    action: Annotated[
        Literal["list", "show", "pin", "unpin", "share", "unshare", "tag", "delete", "export", "import", "query"],
        Field(description="what to do"),
    ] = "list"
    id: Annotated[RecordingId | None, Field(description="which one")] = None
    label: Annotated[str | None, Field(max_length=80, description="to tag (empty: none), list or export by")] = None
    file: Annotated[str | None, Field(max_length=4096, description="to import, or export to")] = None
    sql: Annotated[
        str | None,
        Field(max_length=4000, description="a SELECT; views hold the recordings whose ids it names"),
    ] = None

    @model_validator(mode="after")
    def _what_belongs_together(self) -> Self:
        one_of, others = _TAKES[self.action]
        given = [name for name in _ARGUMENTS if getattr(self, name) is not None]
        needed = [name for name in given if name in one_of]
        if (one_of and len(needed) != 1) or (self.action == "tag" and self.label is None):
            wanted = " and ".join(("id", "label")) if self.action == "tag" else " or ".join(one_of)
            raise ValueError(f"action {self.action} needs {wanted}")
        for name in given:
            if name not in one_of and name not in others:
                raise ValueError(f"action {self.action} takes no {name}")
        return self


async def ask(call: Call, arguments: RecordingsArguments) -> RecordingsAnswer:
    action = arguments.action
    if action in _NEEDS:
        call.caller.must(_NEEDS[action], f"{action} {'recordings' if action == 'import' else 'a recording'}")
    if action == "list":
        return await _list(call, arguments)
    if action == "query":
        return await _query(call, arguments)
    if action == "export":
        return await _export(call, arguments)
    if action == "import":
        return await _import(call, arguments)
    assert arguments.id is not None
    store = call.recordings
    if action == "delete":
        one = await store.delete(arguments.id)
        left = NextCall(tool="recordings", why="see what is left")
        return _of_one(one, f"Deleted {one.id}.", (left,))
    if action == "tag":
        label = clean(arguments.label or "", 80).strip()
        one = await store.tag(arguments.id, label)
        return _of_one(one, f"{one.id} is labelled {quoted(label, 80)}." if label else f"{one.id} has no label now.")
    if action in ("pin", "unpin"):
        one = await store.pin(arguments.id, pinned=action == "pin")
        stays = "stays until it is unpinned or deleted" if one.pinned else "may make room for newer ones again"
        return _of_one(one, f"{one.id} {stays}.")
    if action in ("share", "unshare"):
        one = await store.share(arguments.id, shared=action == "share")
        seen = "is seen by all callers of this server" if one.shared else f"is seen by {one.caller} and admins only"
        return _of_one(one, f"{one.id} {seen} now.")
    one = await store.find(arguments.id)
    return _of_one(one, f"{one.id}: {one.summary} The full evidence is the resource recording://{one.id}.")


def _of_one(one: Recording, summary: str, follows: tuple[NextCall, ...] | None = None) -> RecordingsAnswer:
    return RecordingsAnswer(
        summary=summary, recordings=(one,), total=1, next=_after_show(one) if follows is None else follows
    )


async def _list(call: Call, arguments: RecordingsArguments) -> RecordingsAnswer:
    store = call.recordings
    if arguments.label is None:
        found, total = await call.list_recordings(arguments.rows)
    else:
        labelled = call.only_readable(await store.labelled(arguments.label))[::-1]
        found, total = labelled[: arguments.rows], len(labelled)
    gone = await store.expired()
    said = f"{total} recordings{' of that label' if arguments.label is not None else ''}, newest first."
    if not total:
        said = "No recording has that label." if arguments.label is not None else "Nothing has been recorded yet."
    if gone.total:
        quota = call.service.settings
        said += (
            f" {gone.total} older ones made room for newer ones (quota: {quota.keep_recordings} recordings, "
            f"{quota.keep_bytes >> 20} MiB); pin those that must stay."
        )
    return RecordingsAnswer(
        summary=said,
        recordings=found,
        total=total,
        omitted=total - len(found),
        expired=gone.total,
        next=_after_list(found),
    )


async def _query(call: Call, arguments: RecordingsArguments) -> RecordingsAnswer:
    from perfdoctor.server.store.query import named, query

    assert arguments.sql is not None
    await call.must_read(named(arguments.sql))
    found = await query(
        call.recordings, call.service.settings.state, arguments.sql, arguments.rows, only=call.only_readable
    )
    number = len(found.rows)
    of_whom = f" Evidence of {', '.join(found.read)}." if found.read else ""
    more = " There are more: limit shows them, or a narrower SELECT." if found.more else ""
    if found.unlisted:
        more += f" The view recordings holds the newest only, without {found.unlisted} older ones."
    follows = [
        NextCall(tool="code-inspect", arguments={"recording": one}, why="read the code of its costliest line")
        for one in found.read[:1]
    ]
    return RecordingsAnswer(
        summary=f"{number} row{'' if number == 1 else 's'}.{of_whom}{more}",
        total=number + found.more,
        omitted=int(found.more),
        columns=found.columns,
        rows=found.rows,
        next=tuple(follows) or (NextCall(tool="recordings", why="see which recordings there are"),),
    )


async def _export(call: Call, arguments: RecordingsArguments) -> RecordingsAnswer:
    store = call.recordings
    if arguments.id is not None:
        name = (await store.find(arguments.id)).id
        wanted: tuple[str, ...] = (name,)
    else:
        labelled = call.only_readable(await store.labelled(arguments.label or ""))
        if not labelled:
            raise ProblemError(
                f"No recording has the label {quoted(arguments.label or '', 80)}.",
                "A label is given by action tag, and must be the same to the letter.",
                "Call recordings with action list to see the labels.",
            )
        wanted = tuple(one.id for one in labelled)
        name = f"{labelled[0].id}-and-{len(labelled) - 1}-more"
    path = _path(call, arguments.file) if arguments.file else _exports(call) / f"{name}.perfdoctor"
    found = await store.export(wanted, path, replace=arguments.file is None)
    return RecordingsAnswer(
        summary=f"{len(found)} recording{'' if len(found) == 1 else 's'} written to {quoted(str(path), 400)}; on "
        "another machine, recordings import takes that file.",
        recordings=found[: arguments.rows],
        total=len(found),
        omitted=max(0, len(found) - arguments.rows),
        file=str(path),
        next=_after_show(found[-1]),
    )


async def _import(call: Call, arguments: RecordingsArguments) -> RecordingsAnswer:
    assert arguments.file is not None
    path = _path(call, arguments.file)
    new, known, renamed = await call.recordings.take_in(path)
    here = f" {known} {'was' if known == 1 else 'were'} here already." if known else ""
    if renamed:
        here += f" New ids, for theirs were taken: {', '.join(f'{old} is {now} here' for old, now in renamed[:10])}."
    return RecordingsAnswer(
        summary=f"{len(new)} recording{'' if len(new) == 1 else 's'} imported.{here} Their pids and folders are those "
        "of the machine that they were made on.",
        recordings=new[: arguments.rows],
        total=len(new),
        omitted=max(0, len(new) - arguments.rows),
        file=str(path),
        next=_after_show(new[-1]) if new else (NextCall(tool="recordings", why="see what is here"),),
    )


def _exports(call: Call) -> Path:
    """The caller's own folder: what another one exported is not theirs to import."""
    from perfdoctor.server.store.folder import private_folder

    folder = private_folder(call.service.settings.state / "exports")
    return folder if call.caller == LOCAL else private_folder(folder / _folder_of(call.caller.name))


def _folder_of(name: str) -> str:
    """One plain name for every caller, none for two: names may come from another server."""
    plain = quote(name, safe="")
    return f"of-{plain}" if len(plain) <= 100 else f"of-%{hashlib.sha256(name.encode()).hexdigest()}"


def _path(call: Call, file: str) -> Path:
    """The file that a caller names. Others than the local user reach the folder of exports only, and there no other."""
    told: Callable[[str], ProblemError] = lambda why: ProblemError(  # noqa: E731
        f"{quoted(file, 200)} cannot be used.",
        why,
        "Give an absolute path that ends in .perfdoctor, or the name of a file in the folder of exports.",
    )
    if "\0" in file or not file.endswith(".perfdoctor"):
        raise told("Files of recordings end in .perfdoctor.")
    if "/" not in file:
        return _exports(call) / file
    if call.caller != LOCAL:
        raise told("Over HTTP only files in the server's folder of exports can be named, without a folder.")
    if not file.startswith("/"):
        raise told("It is not absolute, and the server may stand anywhere.")
    return Path(file)


def _after_show(one: Recording) -> tuple[NextCall, ...]:
    if one.kind is Kind.WATCH:
        if one.imported is not None:
            return ()
        return (NextCall(tool="diagnose", arguments=one.target.argument, why="look inside what was watched"),)
    return (
        NextCall(tool="diagnose", arguments={"recording": one.id}, why="judge it again"),
        NextCall(tool="code-inspect", arguments={"recording": one.id}, why="read the code of its costliest line"),
    )


def _after_list(found: tuple[Recording, ...]) -> tuple[NextCall, ...]:
    judged = [recording for recording in found if recording.kind is Kind.DIAGNOSIS]
    if len(judged) >= 2 and judged[0].target.name == judged[1].target.name:
        pair = {"before": judged[1].id, "after": judged[0].id}
        return (NextCall(tool="compare", arguments=pair, why="the two newest diagnoses of one program"),)
    if found:
        newest = {"action": "show", "id": found[0].id}
        return (NextCall(tool="recordings", arguments=newest, why="the newest one"),)
    return (NextCall(tool="proc-find", why="find a process to measure"),)


def say(answer: RecordingsAnswer, _detail: Detail) -> str:
    return recordings.say(answer)


TOOL = Tool(
    name="recordings",
    title="Recordings: list, keep, query, move",
    description="Touches no process. What was measured, by ids that compare and diagnose take. The oldest expire "
    "unless pinned. Others see what you share. query reads evidence by SQL (views cpu, syscalls …; an error names all)"
    "; export, import: one file, for another machine.",
    role=Role.OBSERVE,
    arguments=RecordingsArguments,
    answer=RecordingsAnswer,
    ask=ask,
    say=say,
    positional=("action", "id"),
    only_measures=False,
)
