"""What do recordings say? One SELECT over the views (see ``views``), read-only and within limits.

The statement never sees the store: what the views show is copied into a file of its own, which a process of its own
opens (``query_child``), and which is gone afterwards.
"""

import json
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.process import WatchAnswer
from perfdoctor.server.store import query_child, views
from perfdoctor.server.store.folder import private_folder
from perfdoctor.server.store.recording import Kind, Recording
from perfdoctor.server.store.recordings import Recordings

_ID = re.compile(r"r-[0-9a-z]{1,38}")
MOST_RECORDINGS = 10
"""whose evidence one statement may name: each is unpacked and copied"""
_LISTED = 10_000
"""newest recordings that the view of all holds"""
_PATIENCE = 20.0
"""seconds of wall time for one statement; how long it may compute is less"""
_ABANDONED = 3600.0
"""seconds after which a file of a query that was killed is removed"""


@dataclass(frozen=True, slots=True)
class Found:
    """``more``: there were more rows, or more text, than were asked for. ``read`` are the recordings whose evidence the
    views held, ``unlisted`` how many recordings the view of all has no room for."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool
    read: tuple[str, ...]
    unlisted: int = 0


def named(sql: str) -> list[str]:
    """The ids that stand in a statement."""
    return list(dict.fromkeys(_ID.findall(sql)))


async def query(
    recordings: Recordings,
    state: Path,
    sql: str,
    most: int,
    only: Callable[[Iterable[Recording]], Sequence[Recording]] = tuple,
) -> Found:
    """The first ``most`` rows of a SELECT. The view ``recordings`` has all recordings that pass ``only``; the others
    have the evidence of those whose ids stand in the statement.
    ProblemError for anything but a SELECT of views, harmless functions and
    moderate appetite."""
    if "\0" in sql:
        raise _refused("it holds a NUL character")
    asked = named(sql)
    if len(asked) > MOST_RECORDINGS:
        raise ProblemError(
            f"The statement names {len(asked)} recordings.",
            f"The evidence of at most {MOST_RECORDINGS} can be read at once.",
            "Name fewer; the view recordings has all of them in any case.",
        )
    every, total = await recordings.list(_LISTED)
    listed = only(every)
    known = {one.id: one for one in listed}
    evidence: list[tuple[str, Evidence | WatchAnswer]] = []
    for identity in asked:
        one = known.get(identity) or await recordings.find(identity)
        if one.kind is not Kind.WATCH:
            evidence.append((identity, await recordings.evidence(identity)))
    file = await to_thread.run_sync(
        _fill, private_folder(state), [views.recording_row(one) for one in listed], evidence
    )
    try:
        found = await _ask(file, sql, most, tuple(identity for identity, _ in evidence))
        return replace(found, unlisted=total - len(every))
    finally:
        file.unlink(missing_ok=True)


def _fill(state: Path, listed: Sequence[views.Row], evidence: Sequence[tuple[str, Evidence | WatchAnswer]]) -> Path:
    for old in state.glob("query-*.db"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > _ABANDONED:
                old.unlink()
    try:
        with tempfile.NamedTemporaryFile(dir=state, prefix="query-", suffix=".db", delete=False) as file:
            path = Path(file.name)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN")
            tables = views.tables()
            for name, columns in tables.items():
                made = ", ".join(f'"{column}" {kind}' for column, kind in columns)
                connection.execute(f'CREATE TABLE "{name}" ({made})')

            def put(name: str, rows: Sequence[views.Row]) -> None:
                marks = ", ".join("?" * len(tables[name]))
                connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)  # noqa: S608 - names of ours

            put("recordings", listed)
            for identity, found in evidence:
                for name, rows in views.rows(identity, found):
                    put(name, rows)
            connection.execute("COMMIT")
    except (sqlite3.Error, OSError) as error:
        raise ProblemError(
            "The query could not be prepared.",
            f"{state}: {error}.",
            "Free some space, or set PERFDOCTOR_STATE to a folder that this user may write.",
        ) from error
    return path


async def _ask(file: Path, sql: str, most: int, read: tuple[str, ...]) -> Found:
    argv = [sys.executable, "-I", "-S", str(query_child.__file__), str(file), sql, str(most), ",".join(views.tables())]
    said, code = b"", None
    with anyio.move_on_after(_PATIENCE):
        async with LocalHost().run(argv) as program:
            said = b"".join([chunk async for chunk in program.output()])
            code = await program.wait()
    if code is None or code < 0:
        raise _too_much(f"more than {query_child.CPU_SECONDS} seconds of computing")
    try:
        answer = json.loads(said)
    except ValueError:
        # (out of memory where even that could not be said)
        raise _too_much(f"more than {query_child.MEMORY >> 20} MiB of memory") from None
    if answer.get("error") == "memory" or "out of memory" in answer.get("why", ""):
        raise _too_much(f"more than {query_child.MEMORY >> 20} MiB of memory")
    if "error" in answer:
        raise _refused(answer["why"], sql)
    rows = tuple(tuple(clean(cell, 400) if isinstance(cell, str) else cell for cell in row) for row in answer["rows"])
    return Found(tuple(clean(name, 100) for name in answer["columns"]), rows, bool(answer["more"]), read)


def _refused(why: str, sql: str = "") -> ProblemError:
    # "not authorized", "access to x.y is prohibited", "no such column: z", "near "x": syntax error"
    meaning = (
        " Only the views and harmless functions may be used." if "prohibited" in why or "authorized" in why else ""
    )
    return ProblemError(
        "The statement was not run.",
        f"SQLite says: {clean(why, 300)}.{meaning}",
        "Give one SELECT. Evidence is there of recordings whose ids stand in it (WHERE recording = 'r-…'). The views: "
        f"{views.described(sql)}.",
    )


def _too_much(of_what: str) -> ProblemError:
    return ProblemError(
        "The statement was stopped.",
        f"It took {of_what}.",
        "Ask for less: filter by recording, join by more columns, end a recursion.",
    )
