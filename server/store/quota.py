"""How much may be kept, and whose oldest recording makes room for a new one."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.store.recording import Quota, Recording
from perfdoctor.server.store.tables import EXPIRED, RECORDINGS, WENT

_EXPIRED_KEPT = 10_000
"""ids of expired recordings that are remembered, so that asking for one says what became of it"""
_PINNED_SHARE = 0.5
"""of the quota that pinned recordings may hold: there must be room for what is measured next"""
_AT_ONCE = 200
"""recordings that are looked at, or go, in one statement"""


@dataclass(slots=True)
class _Use:
    number: int
    bytes: int


def make_room(connection: sa.Connection, quota: Quota, caller: str, *, but: Sequence[str]) -> None:
    """Delete the oldest until all limits hold, and note which: those of ``caller`` beyond what one may have; then,
    while all are too many together, those of whoever has most: one who hoards pushes out nobody else's.

    ``but`` are the newest: they stay even when they are too large alone; pinned ones stay too. What was imported is as
    old as its import."""
    used = {
        name: _Use(number, int(size))
        for name, number, size in connection.execute(
            sa.select(RECORDINGS.c.caller, sa.func.count(), sa.func.sum(RECORDINGS.c.bytes)).group_by(
                RECORDINGS.c.caller
            )
        )
    }
    oldest = {name: _oldest(connection, name, but) for name in used}
    going: dict[str, list[tuple[str, int]]] = defaultdict(list)

    def one_goes(name: str) -> bool:
        identity, size, shared = next(oldest[name], ("", 0, 0))
        if identity:
            going[name].append((identity, shared))
            used[name].number -= 1
            used[name].bytes -= size
        return bool(identity)

    mine = used[caller]
    while (mine.number > quota.each_number or mine.bytes > quota.each_bytes) and one_goes(caller):
        pass
    able = set(used)
    while able:
        number, size = sum(use.number for use in used.values()), sum(use.bytes for use in used.values())
        if number <= quota.number and size <= quota.bytes:
            break
        by = "number" if number > quota.number else "bytes"
        heaviest = max(sorted(able), key=lambda name: getattr(used[name], by))
        if not one_goes(heaviest):
            able.discard(heaviest)
    for name, gone in going.items():
        _delete(connection, name, gone)


def _oldest(connection: sa.Connection, caller: str, but: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """(id, bytes, shared) of those that may go, oldest first. (None goes before all were chosen.)"""
    columns = RECORDINGS.c
    query = (
        sa.select(columns.id, columns.bytes, columns.shared)
        .where(columns.caller == caller, columns.pinned == 0, columns.id.not_in(but))
        .order_by(sa.func.coalesce(columns.imported, columns.created), columns.id)
    )
    seen = 0
    while rows := connection.execute(query.offset(seen).limit(_AT_ONCE)).all():
        yield from map(tuple, rows)
        seen += len(rows)


def _delete(connection: sa.Connection, caller: str, gone: Sequence[tuple[str, int]]) -> None:
    now = time.time()
    for start in range(0, len(gone), _AT_ONCE):
        part = gone[start : start + _AT_ONCE]
        connection.execute(sa.delete(RECORDINGS).where(RECORDINGS.c.id.in_([identity for identity, _ in part])))
        noted = [{"id": identity, "at": now, "caller": caller, "shared": shared} for identity, shared in part]
        connection.execute(sa.insert(EXPIRED), noted)
    counted = connection.execute(
        sa.update(WENT).where(WENT.c.caller == caller).values(total=WENT.c.total + len(gone), last=now)
    )
    if counted.rowcount == 0:
        connection.execute(sa.insert(WENT).values(caller=caller, total=len(gone), last=now))
    newest = sa.select(sa.func.max(EXPIRED.c.number)).scalar_subquery()
    connection.execute(sa.delete(EXPIRED).where(EXPIRED.c.number <= newest - _EXPIRED_KEPT))


def check_pins(connection: sa.Connection, quota: Quota, more: Recording) -> None:
    """ProblemError when with ``more`` pinned ones would hold more than half of the quota: of its owner's, or of all."""
    columns = RECORDINGS.c
    for which, most, most_bytes in (
        (columns.caller == more.caller, quota.each_number, quota.each_bytes),
        (sa.true(), quota.number, quota.bytes),
    ):
        number, size = connection.execute(
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(columns.bytes), 0)).where(
                columns.pinned != 0, which
            )
        ).one()
        if number + 1 > most * _PINNED_SHARE or int(size) + more.bytes > most_bytes * _PINNED_SHARE:
            raise ProblemError(
                f"{more.id} cannot be pinned too.",
                f"{number} pinned recordings hold {int(size)} bytes; pinned ones may take half of the quota "
                f"({most} recordings, {most_bytes} bytes), so that new ones find room.",
                "Unpin or export another, or ask the operator to raise PERFDOCTOR_KEEP_BYTES or "
                "PERFDOCTOR_KEEP_RECORDINGS.",
            )
