"""Lists of recordings for callers whom rules limit: right, and no dearer than what is asked."""

import random
from pathlib import Path

import pytest

from perfdoctor.schemas.recording import Window
from perfdoctor.server.policy import Caller, Role
from perfdoctor.server.readable import list_readable
from perfdoctor.server.rules import Access, Rule
from perfdoctor.server.store import shelf as shelves
from perfdoctor.server.store.recording import About, Kind, Recording, Viewer
from perfdoctor.server.store.recordings import Store
from tests.server import samples, stores

pytestmark = pytest.mark.anyio
CI = Caller("ci", Role.TRACE)
EVERY = 400
RULES = {
    "a user": {"users": ["app"]},
    "users by a pattern": {"users": ["[!r]*"]},
    "a process": {"processes": ["shop-?"]},
    "both": {"users": ["web"], "processes": ["shop-[12]"]},
    "nobody's": {"users": []},
    "containers": {"containers": ["*"]},
    "all": {},
}


async def filled(state: Path, place: str | None) -> Store:
    """Recordings of some users' processes, made by several, some of them shared."""
    order = random.Random(31)
    opened = stores.store(state, place, keep=EVERY * 2)

    def fill(shelf: shelves.Shelf) -> None:
        for i in range(EVERY):
            about = {
                "user": order.choice(["app", "web", "root"]),
                "name": f"shop-{order.randrange(6)}",
                "others": order.choice([(), (), (7,)]),
            }
            one = Recording(
                id=f"r-{i:08}",
                created=float(order.randrange(EVERY // 2)),  # (some at the same moment)
                kind=Kind.CPU,
                caller=order.choice(["ci", "anna", "ben"]),
                target=samples.TARGET.model_copy(update=about),
                window=Window(started=1.0, seconds=1.0),
                state="complete",
                summary="",
                bytes=1,
                shared=order.random() < 0.7,
            )
            shelf._insert(one, b"x")

    await opened.write(Viewer("", True), fill)
    return opened


async def test_it_is_what_looking_at_each_would_give(
    tmp_path: Path, place: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await filled(tmp_path / "state", place)
    monkeypatch.setattr(shelves, "_PAIRS", 7)  # (more pairs than one statement takes)
    seen = opened.seen_by("ci")
    every = (await seen.list(EVERY * 2))[0]
    for name, rule in RULES.items():
        access = Access(CI, "recordings", (Rule.model_validate({"identity": "ci", **rule}),))
        expected = [one for one in every if access.reads(About.of(one.target), one.caller)]
        for most in (1, 20, 500):
            found, total = await list_readable(seen, access, most)
            assert ([one.id for one in found], total) == ([one.id for one in expected[:most]], len(expected)), name
    nothing = Access(CI, "recordings", ())
    found, total = await list_readable(seen, nothing, 5)
    assert total == sum(one.caller == "ci" for one in every) and {one.caller for one in found} == {"ci"}, "their own"


async def test_no_more_is_read_than_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = await filled(tmp_path / "state", None)
    read: list[str] = []
    asked: list[tuple[About, str]] = []
    understood = shelves._recording

    def counted(row: object) -> Recording:
        one = understood(row)  # type: ignore[arg-type]
        read.append(one.id)
        return one

    monkeypatch.setattr(shelves, "_recording", counted)

    def reads(about: About, made_by: str) -> bool:
        asked.append((about, made_by))
        return about.user == "app"

    found, total = await opened.seen_by("ci").list_of(3, reads)
    assert len(read) == 3 == len(found) and total > 50
    assert len(asked) == len(set(asked)) <= 3 * 6 * 2 * 3, "once for each pair of a target and an owner"
    monkeypatch.undo()
    plan = await opened.read(Viewer("", True), lambda shelf: shelf._connection.exec_driver_sql(PLAN).all())
    assert "COVERING INDEX recordings_by_target" in str(plan), "and no row, to count them"


PLAN = """EXPLAIN QUERY PLAN SELECT target_user, target_name, target_others, caller, count(*) FROM recordings
WHERE caller = 'ci' OR shared != 0 GROUP BY target_user, target_name, target_others, caller"""
