"""What one transaction reads and writes of recordings, for one who may not see all of them."""

import gzip
import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import Window
from perfdoctor.schemas.target import Target
from perfdoctor.server.store import quota
from perfdoctor.server.store.database import alone
from perfdoctor.server.store.exchange import Unpacked
from perfdoctor.server.store.recording import About, Expired, Imported, Kind, Quota, Recording, Viewer, new_id
from perfdoctor.server.store.tables import EVIDENCE, EXPIRED, PART_BYTES, RECORDINGS, WENT

_COLUMNS = RECORDINGS.c
_NEWEST = (_COLUMNS.created.desc(), _COLUMNS.id)
_PAIRS = 200
"""of a target and an owner, in one statement"""


class Shelf:
    """The recordings that ``viewer`` may see, during one transaction; any other is an unknown id."""

    def __init__(self, connection: sa.Connection, viewer: Viewer, limits: Quota) -> None:
        self._connection = connection
        self._viewer = viewer
        self._limits = limits
        everything = viewer.everything
        self._seen = sa.true() if everything else sa.or_(_COLUMNS.caller == viewer.name, _COLUMNS.shared != 0)

    def newest(self, limit: int) -> tuple[tuple[Recording, ...], int]:
        """The newest ``limit``, newest first, and how many there are."""
        query = sa.select(RECORDINGS).where(self._seen).order_by(*_NEWEST).limit(limit)
        total = self._connection.execute(sa.select(sa.func.count()).select_from(RECORDINGS).where(self._seen))
        return tuple(map(_recording, self._connection.execute(query))), int(total.scalar_one())

    def newest_of(self, limit: int, reads: Callable[[About, str], bool]) -> tuple[tuple[Recording, ...], int]:
        """The newest ``limit`` of those that ``reads`` lets through, by what it says of their target and their owner,
        and how many such there are. It is asked once for each pair of those, and no more than ``limit`` are read."""
        key = (_COLUMNS.target_user, _COLUMNS.target_name, _COLUMNS.target_others, _COLUMNS.caller)
        counted = self._connection.execute(sa.select(*key, sa.func.count()).where(self._seen).group_by(*key))
        total, may = 0, []
        for user, name, others, caller, number in counted:
            if reads(About(user, name, bool(others)), caller):
                may.append((user, name, others, caller))
                total += number
        newest: list[tuple[float, str]] = []
        for at in range(0, len(may), _PAIRS):
            of_these = sa.tuple_(*key).in_(may[at : at + _PAIRS])
            query = sa.select(_COLUMNS.created, _COLUMNS.id).where(self._seen, of_these).order_by(*_NEWEST)
            found = self._connection.execute(query.limit(limit)).all()
            newest = sorted([*newest, *((created, identity) for created, identity in found)], key=_newest_first)[:limit]
        ids = [identity for _, identity in newest]
        rows = self._connection.execute(sa.select(RECORDINGS).where(_COLUMNS.id.in_(ids)).order_by(*_NEWEST))
        return tuple(map(_recording, rows)), total

    def labelled(self, label: str) -> tuple[Recording, ...]:
        """Those with exactly this label, oldest first."""
        query = sa.select(RECORDINGS).where(self._seen, _COLUMNS.label == _storable(label))
        return tuple(map(_recording, self._connection.execute(query.order_by(_COLUMNS.created, _COLUMNS.id))))

    def expired(self) -> Expired:
        """How many of theirs made room for newer ones, since the store was made."""
        theirs = sa.true() if self._viewer.everything else WENT.c.caller == self._viewer.name
        query = sa.select(sa.func.sum(WENT.c.total), sa.func.max(WENT.c.last)).where(theirs)
        total, last = self._connection.execute(query).one()
        return Expired(total=int(total or 0), last=last)

    def find(self, identity: str) -> Recording:
        query = sa.select(RECORDINGS).where(_COLUMNS.id == _storable(identity), self._seen)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise self._unknown(identity)
        return _recording(row)

    def find_own(self, identity: str) -> Recording:
        """One that they may change, too."""
        found = self.find(identity)
        if not self._viewer.everything and found.caller != self._viewer.name:
            raise ProblemError(
                f"{found.id} is not yours to change.",
                f"{found.caller} made it and shared it: others may read, compare and export it.",
                f"Ask {found.caller}, or somebody with the role admin.",
            )
        return found

    def packed(self, identity: str) -> tuple[Recording, bytes]:
        """With its evidence as it was kept (gzip)."""
        return self.find(identity), self._parts(identity)

    def add(self, made: Recording, packed: bytes) -> None:
        """Keep it, and let the oldest go where there are too many. ProblemError when another one has its id."""
        self._insert(made, packed)
        alone(self._connection)
        quota.make_room(self._connection, self._limits, made.caller, but=(made.id,))

    def change(self, identity: str, *, label: str | None = None, shared: bool | None = None) -> Recording:
        self.find_own(identity)
        given = {
            "label": None if label is None else _storable(label),
            "shared": None if shared is None else int(shared),
        }
        values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        self._connection.execute(sa.update(RECORDINGS).where(_COLUMNS.id == identity).values(values))
        return self.find(identity)

    def pin(self, identity: str, *, pinned: bool) -> Recording:
        alone(self._connection)
        found = self.find_own(identity)
        if pinned and not found.pinned:
            quota.check_pins(self._connection, self._limits, found)
        self._connection.execute(sa.update(RECORDINGS).where(_COLUMNS.id == identity).values(pinned=int(pinned)))
        return self.find(identity)

    def delete(self, identity: str) -> Recording:
        alone(self._connection)
        found = self.find_own(identity)
        self._connection.execute(sa.delete(RECORDINGS).where(_COLUMNS.id == identity))
        return found

    def take_in(self, entries: Sequence[Unpacked]) -> Imported:
        """All or none. ProblemError where an id means another recording here. One that they may not see keeps its id,
        and theirs gets a new one."""
        alone(self._connection)
        new: list[Recording] = []
        renamed: list[tuple[str, str]] = []
        now = time.time()
        for entry in entries:
            identity = entry.recording.id
            taken = self._connection.execute(sa.select(self._seen).where(_COLUMNS.id == identity)).one_or_none()
            if taken is not None and taken[0]:
                if gzip.decompress(self._parts(identity)) not in (entry.original, entry.artefact):
                    raise _another(identity)
                continue
            if taken is not None:
                renamed.append((identity, new_id()))
                identity = renamed[-1][1]
            packed = gzip.compress(entry.artefact, compresslevel=4)
            about = {
                "id": identity,
                "caller": self._viewer.name,
                "imported": now,
                "bytes": len(packed),
                "pinned": False,
            }
            new.append(entry.recording.model_copy(update=about))
            self._insert(new[-1], packed)
        if new:
            but = tuple(one.id for one in new)
            quota.make_room(self._connection, self._limits, self._viewer.name, but=but)
        return Imported(tuple(new), len(entries) - len(new), tuple(renamed))

    def _insert(self, made: Recording, packed: bytes) -> None:
        row = made.model_dump(include={"id", "created", "caller", "state", "bytes", "imported"}) | {
            "kind": made.kind.value,
            "target": made.target.model_dump_json(),
            "window": made.window.model_dump_json(),
            "summary": _storable(made.summary),
            "label": _storable(made.label),
            "pinned": int(made.pinned),
            "shared": int(made.shared),
            "target_user": _storable(made.target.user),
            "target_name": _storable(made.target.name),
            "target_others": int(bool(made.target.others)),
        }
        try:
            self._connection.execute(sa.insert(RECORDINGS).values(row))
        except sa.exc.IntegrityError:
            raise ProblemError(
                "The recording could not be kept.",
                f"By chance another one is called {made.id} already, and that one stays.",
                "Call again: the next one gets another id.",
            ) from None
        for part, start in enumerate(range(0, len(packed), PART_BYTES)):
            data = packed[start : start + PART_BYTES]
            self._connection.execute(sa.insert(EVIDENCE).values(recording=made.id, part=part, data=data))

    def _parts(self, identity: str) -> bytes:
        query = sa.select(EVIDENCE.c.data).where(EVIDENCE.c.recording == identity).order_by(EVIDENCE.c.part)
        return b"".join(self._connection.execute(query).scalars())

    def _unknown(self, identity: str) -> ProblemError:
        query = sa.select(_COLUMNS.id).where(self._seen).order_by(_COLUMNS.created.desc(), _COLUMNS.id).limit(3)
        newest = self._connection.execute(query).scalars().all()
        told = f"The newest are {', '.join(newest)}." if newest else "Nothing has been recorded yet."
        seen = sa.or_(EXPIRED.c.caller == self._viewer.name, EXPIRED.c.shared != 0)
        gone = sa.select(EXPIRED.c.id).where(
            EXPIRED.c.id == _storable(identity), sa.true() if self._viewer.everything else seen
        )
        if self._connection.execute(gone.limit(1)).one_or_none() is not None:
            why = "It made room for newer ones: the quota was full."
        else:
            why = "It was never made here, or was deleted."
        return ProblemError(
            f"There is no recording {identity[:40]!r}.",
            f"{why} {told}",
            "Call recordings with action list to see all." if newest else "Call diagnose with the pid of a process.",
        )


def _storable(text: str) -> str:
    """Without what PostgreSQL cannot keep in a text: NUL, and halves of a surrogate pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _recording(row: sa.Row[Any]) -> Recording:
    values: dict[str, Any] = {name: row._mapping[name] for name in Recording.model_fields}
    return Recording(
        **values
        | {
            "kind": Kind(values["kind"]),
            "target": Target.model_validate_json(values["target"]),
            "window": Window.model_validate_json(values["window"]),
            "pinned": bool(values["pinned"]),
            "shared": bool(values["shared"]),
        }
    )


def _newest_first(one: tuple[float, str]) -> tuple[float, str]:
    return -one[0], one[1]


def _another(identity: str) -> ProblemError:
    return ProblemError(
        f"The file holds a recording {identity}, and another one is called so here.",
        "Their contents differ; which of them an id means must be certain. Nothing was imported.",
        f"Look at the one here with recordings show {identity}; export and delete it to import the other.",
    )
