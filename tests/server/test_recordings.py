"""The store keeps what it was given, and forgets the oldest. (tests/server/test_killed.py kills it while it writes.)"""

import random
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from alembic.script import ScriptDirectory

from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.store import migrations, tables
from perfdoctor.server.store.recording import Kind, new_id
from perfdoctor.server.store.recordings import Recordings
from tests.server import samples, stores

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def opened(tmp_path: Path, place: str | None) -> Callable[..., Recordings]:
    """Opens the store of this test, once more each time."""
    return lambda **limits: stores.recordings(tmp_path / "state", place, **limits)


async def keep(recordings: Recordings, summary: str = "said") -> str:
    identity = new_id()
    await recordings.add(identity, Kind.CPU, summary, samples.evidence())
    return identity


async def test_evidence_comes_back_as_it_went_in(opened: Callable[..., Recordings]) -> None:
    recordings = opened()
    identity = await keep(recordings)
    assert await recordings.evidence(identity) == samples.evidence()
    about = await recordings.find(identity)
    assert (about.kind, about.caller, about.summary, about.state) == (Kind.CPU, "anna", "said", "complete")
    assert about.target == samples.TARGET
    assert about.window == samples.WINDOW


async def test_frames_that_are_equal_are_one_object_when_they_come_back(opened: Callable[..., Recordings]) -> None:
    """A window has a thousand different frames, and half a million in its stacks."""
    recordings = opened()
    line = Frame(kind=FrameKind.PYTHON, function="serve", file="/srv/app.py", line=7)
    rows = tuple(
        CpuRow(pid=1, stack=(line.model_copy(update={"line": number}), line), samples=1, seconds=0.01)
        for number in range(50)
    )
    kept = samples.evidence().model_copy(update={"cpu": CpuProfile(rows=rows)})
    await recordings.add("r-shared", Kind.CPU, "", kept)
    found = await recordings.evidence("r-shared")
    assert found == kept and found.cpu
    assert len({id(row.stack[1]) for row in found.cpu.rows}) == 1
    assert len({id(frame) for row in found.cpu.rows for frame in row.stack}) == 50


async def test_a_window_that_ended_early_is_marked(opened: Callable[..., Recordings]) -> None:
    recordings = opened()
    early = samples.WINDOW.model_copy(update={"partial": "the process exited"})
    await recordings.add("r-early", Kind.CPU, "", samples.evidence(window=early))
    assert (await recordings.find("r-early")).state == "partial"


async def test_the_newest_come_first_and_the_total_is_told(opened: Callable[..., Recordings]) -> None:
    recordings = opened()
    made = [await keep(recordings) for _ in range(5)]
    listed, total = await recordings.list(3)
    assert [recording.id for recording in listed] == made[::-1][:3]
    assert total == 5


async def test_the_oldest_go_when_there_are_too_many(opened: Callable[..., Recordings]) -> None:
    recordings = opened(keep=3)
    made = [await keep(recordings) for _ in range(5)]
    listed, total = await recordings.list(10)
    assert total == 3
    assert {recording.id for recording in listed} == set(made[2:])


async def test_the_oldest_go_when_they_are_too_large(opened: Callable[..., Recordings]) -> None:
    first = opened()
    made = [await keep(first) for _ in range(4)]
    size = (await first.find(made[0])).bytes
    second = opened(keep_bytes=size * 3)
    newest = await keep(second)
    listed, total = await second.list(10)
    assert total == 3
    assert listed[0].id == newest
    alone = opened(keep_bytes=1)
    last = await keep(alone)
    listed, total = await alone.list(10)
    assert [recording.id for recording in listed] == [last], "the newest stays, however large"


async def test_delete(opened: Callable[..., Recordings]) -> None:
    recordings = opened()
    identity = await keep(recordings)
    other = await keep(recordings)
    await recordings.delete(identity)
    assert [recording.id for recording in (await recordings.list(10))[0]] == [other]
    for ask in (recordings.find, recordings.evidence, recordings.json, recordings.delete):
        with pytest.raises(ProblemError, match=re.escape(f"There is no recording '{identity}'")):
            await ask(identity)


async def test_only_we_may_read_it(tmp_path: Path) -> None:
    await keep(stores.recordings(tmp_path / "state"))
    folder = tmp_path / "state"
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


async def test_many_writers_at_once(opened: Callable[..., Recordings]) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(keep, opened())
    assert (await opened().list(100))[1] == 8


async def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ProblemError, match="state folder") as caught:
        await stores.store(tmp_path / "state").ready()
    assert "PERFDOCTOR_STATE" in caught.value.problem.next_step


async def test_a_store_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "recordings.db").write_bytes(b"not a database, and long enough to be looked at" * 99)
    with pytest.raises(ProblemError, match="cannot be used"):
        await stores.store(tmp_path / "state").ready()


OLDER = ROOT / "tests" / "transcripts" / "store"


async def test_a_store_of_an_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """(the file was written by the version before pins, labels and imports)"""
    (tmp_path / "state").mkdir()
    shutil.copy(OLDER / "recordings-0.1.db", tmp_path / "state" / "recordings.db")
    recordings = stores.recordings(tmp_path / "state")
    listed, total = await recordings.list(10)
    assert [(one.id, one.kind.value, one.state) for one in reversed(listed)] == [
        ("r-23456789", "diagnosis", "complete"),
        ("r-3456789a", "watch", "complete"),
        ("r-456789ab", "cpu", "partial"),
    ]
    assert total == 3
    assert {(one.pinned, one.label, one.imported, one.target.commit) for one in listed} == {(False, "", None, None)}
    assert await recordings.evidence("r-23456789") == samples.evidence()
    assert (await recordings.pin("r-23456789", pinned=True)).pinned
    assert (await recordings.tag("r-456789ab", "before")).label == "before"
    await keep(recordings)
    assert (await stores.recordings(tmp_path / "state").list(10))[1] == 4


async def test_a_store_of_the_version_before_owners_is_brought_up_to_date(tmp_path: Path) -> None:
    """(the file was written by the version with pins, labels and imports; one large recording is added to it here)"""
    (tmp_path / "state").mkdir()
    file = tmp_path / "state" / "recordings.db"
    shutil.copy(OLDER / "recordings-2.db", file)
    large = random.Random(7).randbytes((5 << 19) + 3)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        before = dict(connection.execute("SELECT id, artefact FROM recordings").fetchall()) | {"r-large": large}
        columns = "created, kind, caller, target, window, state, summary, bytes, pinned, label, imported"
        connection.execute(
            f"INSERT INTO recordings (id, {columns}, artefact) SELECT 'r-large', {columns}, ? FROM recordings "
            "WHERE id = 'r-56789abc'",
            (large,),
        )
        connection.commit()
    opened = stores.store(tmp_path / "state")
    recordings = opened.seen_by("ben")
    assert {one.id for one in (await recordings.list(9))[0]} == {"r-456789ab", "r-56789abc", "r-large"}
    everything = opened.seen_by("", everything=True)
    listed = {one.id: one for one in (await everything.list(9))[0]}
    assert listed.keys() == before.keys() and not any(one.shared for one in listed.values())
    assert listed["r-23456789"].pinned and listed["r-56789abc"].label == "before" and listed["r-6789abcd"].imported
    assert await everything.evidence("r-23456789") == samples.evidence()
    assert await everything.json("r-456789ab") == samples.watched().model_dump_json()
    assert (await everything.expired()).total == 1
    with pytest.raises(ProblemError, match="made room"):
        await everything.find("r-3456789a")
    of_the_shop, number = await everything.list_of(9, lambda about, _by: about == ("web", "shop", False))
    assert {one.id for one in of_the_shop} == {one.id for one in listed.values() if one.target.name == "shop"}
    assert number == len(of_the_shop) > 0, "their targets were noted, too"
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (migrations.NEWEST,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        parts = connection.execute("SELECT recording, data FROM evidence ORDER BY recording, part").fetchall()
    whole: dict[str, bytes] = {}
    for identity, data in parts:
        assert len(data) <= tables.PART_BYTES
        whole[identity] = whole.get(identity, b"") + data
    assert whole == before, "every byte is there"
    assert sum(identity == "r-large" for identity, _ in parts) == 3


async def test_many_servers_bring_one_store_up_to_date(tmp_path: Path, place: str | None) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(stores.store(tmp_path / "state", place).ready)
    assert await stores.recordings(tmp_path / "state", place).list(1) == ((), 0)


def test_the_newest_step_is_the_one_that_is_named() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert script.get_current_head() == f"{migrations.NEWEST:04}"


async def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    await keep(stores.recordings(tmp_path / "state"))
    with closing(sqlite3.connect(tmp_path / "state" / "recordings.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ProblemError, match="newer perfdoctor"):
        await stores.recordings(tmp_path / "state").list(1)


async def test_pinned_ones_stay_and_what_went_is_counted(opened: Callable[..., Recordings]) -> None:
    recordings = opened(keep=4)
    first = await keep(recordings)
    await recordings.pin(first, pinned=True)
    made = [await keep(recordings) for _ in range(6)]
    assert {one.id for one in (await recordings.list(10))[0]} == {first, *made[3:]}
    assert (await recordings.expired()).total == 3
    with pytest.raises(ProblemError, match="made room for newer ones") as caught:
        await recordings.find(made[0])
    assert made[-1] in caught.value.problem.why
    with pytest.raises(ProblemError) as caught:
        await recordings.find("r-never")
    assert "never made here" in caught.value.problem.why
    await recordings.pin(first, pinned=False)
    made.append(await keep(recordings))
    assert {one.id for one in (await recordings.list(10))[0]} == set(made[3:])
    assert (await recordings.expired()).total == 4


async def test_pins_leave_room_for_what_is_measured_next(opened: Callable[..., Recordings]) -> None:
    recordings = opened(keep=4)
    made = [await keep(recordings) for _ in range(3)]
    for identity in made[:2]:
        await recordings.pin(identity, pinned=True)
    with pytest.raises(ProblemError, match="cannot be pinned too") as caught:
        await recordings.pin(made[2], pinned=True)
    assert "PERFDOCTOR_KEEP_RECORDINGS" in caught.value.problem.next_step
    assert (await recordings.pin(made[0], pinned=True)).pinned, "which it is already"
    size = (await recordings.find(made[0])).bytes
    with pytest.raises(ProblemError, match="cannot be pinned too"):
        await opened(keep_bytes=5 * size).pin(made[2], pinned=True)


async def test_a_large_one_goes_when_its_turn_comes(opened: Callable[..., Recordings]) -> None:
    recordings = opened()
    small = await keep(recordings)
    rows = samples.cpu_rows() * 4000
    large = new_id()
    profile = samples.evidence().cpu
    assert profile
    evidence = samples.evidence(cpu=profile.model_copy(update={"rows": rows}))
    await recordings.add(large, Kind.CPU, "", evidence)
    later = await keep(recordings)
    size = (await recordings.find(small)).bytes
    last = await keep(opened(keep_bytes=size * 3))
    assert {one.id for one in (await recordings.list(10))[0]} == {later, last}, "the oldest first, until it is enough"
    with pytest.raises(ProblemError, match="made room"):
        await recordings.find(large)


async def test_labels(opened: Callable[..., Recordings]) -> None:
    recordings = opened()
    made = [await keep(recordings) for _ in range(3)]
    for identity in made[:2]:
        await recordings.tag(identity, "before the fix")
    assert [one.id for one in await recordings.labelled("before the fix")] == made[:2]
    await recordings.tag(made[0], "")
    assert [one.id for one in await recordings.labelled("before the fix")] == made[1:2]
    assert await recordings.labelled("before") == ()
    with pytest.raises(ProblemError, match="no recording"):
        await recordings.tag("r-nothing", "x")
