"""What was measured, kept under an id: in one SQLite file, or in a PostgreSQL database that several servers share.

Every write is one transaction, so that a process killed in the middle of it leaves the store as it was before. All of
it runs in worker threads: nothing blocks the event loop. What speaks to databases is imported there, at the first use:
a server has answered ``initialize`` long before.
"""

import gzip
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from anyio import to_thread

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import OneOfEach
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.process import WatchAnswer
from perfdoctor.server.store import exchange
from perfdoctor.server.store.recording import About, Expired, Imported, Kind, Quota, Recording, Viewer

if TYPE_CHECKING:
    from perfdoctor.server.store.database import Database
    from perfdoctor.server.store.shelf import Shelf

_T = TypeVar("_T")


class Store:
    """Where recordings are kept: ``recordings.db`` in the state folder, or the PostgreSQL database at ``url``. It is
    read and written through ``seen_by``, so that no call can see what its caller may not."""

    def __init__(self, state: Path, quota: Quota, url: str | None = None) -> None:
        self.folder = state
        self.quota = quota
        self._place: Path | str = url or state / "recordings.db"
        self._opening = threading.Lock()
        self._database: Database | None = None

    def seen_by(self, name: str, *, everything: bool = False) -> "Recordings":
        """The recordings as ``name`` sees them: their own and shared ones, or ``everything``. What is added is
        theirs."""
        return Recordings(self, Viewer(name, everything))

    async def ready(self) -> None:
        """ProblemError when nothing could be kept here: asked before a window, not after it."""
        await to_thread.run_sync(lambda: self._opened().ready())

    async def read(self, viewer: Viewer, work: "Callable[[Shelf], _T]") -> _T:
        """``work`` on what ``viewer`` may see, as it was at one moment."""
        return await self._in_thread(viewer, work, write=False)

    async def write(self, viewer: Viewer, work: "Callable[[Shelf], _T]") -> _T:
        """The same, and keep what ``work`` changed, unless it raises."""
        return await self._in_thread(viewer, work, write=True)

    async def _in_thread(self, viewer: Viewer, work: "Callable[[Shelf], _T]", *, write: bool) -> _T:
        def run() -> _T:
            from perfdoctor.server.store.shelf import Shelf

            database = self._opened()
            with database.writing() if write else database.reading() as connection:
                return work(Shelf(connection, viewer, self.quota))

        return await to_thread.run_sync(run)

    def _opened(self) -> "Database":
        from perfdoctor.server.store.database import Database

        with self._opening:
            if self._database is None:
                self._database = Database(self._place)
            return self._database


class Recordings:
    """The recordings of a store, as one caller sees them. Any other is an unknown id."""

    def __init__(self, store: Store, viewer: Viewer) -> None:
        self._store = store
        self._viewer = viewer

    async def add(self, identity: str, kind: Kind, summary: str, artefact: Evidence | WatchAnswer) -> None:
        """Keep ``artefact`` under ``identity`` (of ``new_id``), and forget the oldest when there are too many."""

        def write(shelf: "Shelf") -> None:
            packed = gzip.compress(artefact.model_dump_json().encode(), compresslevel=4)
            made = Recording(
                id=identity,
                created=time.time(),
                kind=kind,
                caller=self._viewer.name,
                target=artefact.target,
                window=artefact.window,
                state="partial" if artefact.window.partial else "complete",
                summary=summary,
                bytes=len(packed),
            )
            shelf.add(made, packed)

        await self._write(write)

    async def list(self, limit: int) -> tuple[tuple[Recording, ...], int]:
        """The newest ``limit`` recordings, newest first, and how many there are."""
        return await self._read(lambda shelf: shelf.newest(limit))

    async def list_of(self, limit: int, reads: Callable[[About, str], bool]) -> tuple[tuple[Recording, ...], int]:
        """The same of those that ``reads`` lets through, by what it says of their target and of whose they are."""
        return await self._read(lambda shelf: shelf.newest_of(limit, reads))

    async def expired(self) -> Expired:
        """How many of theirs made room for newer ones, since the store was made."""
        return await self._read(lambda shelf: shelf.expired())

    async def find(self, identity: str) -> Recording:
        return await self._read(lambda shelf: shelf.find(identity))

    async def labelled(self, label: str) -> tuple[Recording, ...]:
        """Those with exactly this label, oldest first."""
        return await self._read(lambda shelf: shelf.labelled(label))

    async def evidence(self, identity: str) -> Evidence:
        """What the window saw. ProblemError for an unknown id, and for a recording that holds no evidence."""
        recording, packed = await self._read(lambda shelf: shelf.packed(identity))
        if recording.kind is Kind.WATCH:
            raise ProblemError(
                f"{identity} cannot be diagnosed or compared.",
                "It was made by proc-watch, which reads /proc and does not look inside.",
                "Use the recording of a diagnose, trace-cpu or trace-syscalls call.",
            )
        return await to_thread.run_sync(_read, packed)

    async def json(self, identity: str) -> str:
        """The artefact as it was kept."""
        _, packed = await self._read(lambda shelf: shelf.packed(identity))
        return await to_thread.run_sync(lambda: gzip.decompress(packed).decode())

    async def delete(self, identity: str) -> Recording:
        return await self._write(lambda shelf: shelf.delete(identity))

    async def pin(self, identity: str, *, pinned: bool) -> Recording:
        """Keep it from expiring, or no longer. ProblemError when pinned ones would hold more than half of the quota."""
        return await self._write(lambda shelf: shelf.pin(identity, pinned=pinned))

    async def tag(self, identity: str, label: str) -> Recording:
        """Give it a label (empty: none). It takes the place of the one it had."""
        return await self._write(lambda shelf: shelf.change(identity, label=label))

    async def share(self, identity: str, *, shared: bool) -> Recording:
        """Let all others see it, or no longer."""
        return await self._write(lambda shelf: shelf.change(identity, shared=shared))

    async def export(self, identities: Sequence[str], path: Path, *, replace: bool = False) -> tuple[Recording, ...]:
        """Write these recordings into one file (see ``exchange``): whole, or not at all. Never over another file unless
        ``replace``."""
        packed = await self._read(lambda shelf: [shelf.packed(one) for one in dict.fromkeys(identities)])
        await to_thread.run_sync(lambda: exchange.write(path, packed, replace=replace))
        return tuple(recording for recording, _ in packed)

    async def take_in(self, path: Path) -> Imported:
        """Import what ``export`` wrote, here or elsewhere. All or none. ProblemError for a file that is anything else,
        and where an id means another recording here."""
        entries = await to_thread.run_sync(exchange.read, path)
        return await self._write(lambda shelf: shelf.take_in(entries))

    async def _read(self, work: "Callable[[Shelf], _T]") -> _T:
        return await self._store.read(self._viewer, work)

    async def _write(self, work: "Callable[[Shelf], _T]") -> _T:
        return await self._store.write(self._viewer, work)


def _read(packed: bytes) -> Evidence:
    return Evidence.model_validate_json(gzip.decompress(packed), context=OneOfEach())
