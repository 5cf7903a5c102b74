"""The store keeps what it was given, and forgets the oldest. (tests/server/test_killed.py kills it while it writes.)"""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.store.recordings import Recordings, new_id
from tests.server import samples

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]


def store(folder: Path, keep: int = 100, keep_bytes: int = 1 << 30) -> Recordings:
    return Recordings(folder / "state", keep=keep, keep_bytes=keep_bytes)


async def keep(recordings: Recordings, summary: str = "said") -> str:
    identity = new_id()
    await recordings.add(identity, Kind.CPU, "anna", summary, samples.evidence())
    return identity


async def test_evidence_comes_back_as_it_went_in(tmp_path: Path) -> None:
    recordings = store(tmp_path)
    identity = await keep(recordings)
    assert await recordings.evidence(identity) == samples.evidence()
    about = await recordings.find(identity)
    assert (about.kind, about.caller, about.summary, about.state) == (Kind.CPU, "anna", "said", "complete")
    assert about.target == samples.TARGET
    assert about.window == samples.WINDOW


async def test_a_window_that_ended_early_is_marked(tmp_path: Path) -> None:
    recordings = store(tmp_path)
    early = samples.WINDOW.model_copy(update={"partial": "the process exited"})
    await recordings.add("r-early", Kind.CPU, "anna", "", samples.evidence(window=early))
    assert (await recordings.find("r-early")).state == "partial"


async def test_the_newest_come_first_and_the_total_is_told(tmp_path: Path) -> None:
    recordings = store(tmp_path)
    made = [await keep(recordings) for _ in range(5)]
    listed, total = await recordings.list(3)
    assert [recording.id for recording in listed] == made[::-1][:3]
    assert total == 5


async def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    recordings = store(tmp_path, keep=3)
    made = [await keep(recordings) for _ in range(5)]
    listed, total = await recordings.list(10)
    assert total == 3
    assert {recording.id for recording in listed} == set(made[2:])


async def test_the_oldest_go_when_they_are_too_large(tmp_path: Path) -> None:
    first = store(tmp_path)
    made = [await keep(first) for _ in range(4)]
    size = (await first.find(made[0])).bytes
    second = store(tmp_path, keep_bytes=size * 3)
    newest = await keep(second)
    listed, total = await second.list(10)
    assert total == 3
    assert listed[0].id == newest
    alone = store(tmp_path, keep_bytes=1)
    last = await keep(alone)
    listed, total = await alone.list(10)
    assert [recording.id for recording in listed] == [last], "the newest stays, however large"


async def test_delete(tmp_path: Path) -> None:
    recordings = store(tmp_path)
    identity = await keep(recordings)
    other = await keep(recordings)
    await recordings.delete(identity)
    assert [recording.id for recording in (await recordings.list(10))[0]] == [other]
    for ask in (recordings.find, recordings.evidence, recordings.json, recordings.delete):
        with pytest.raises(ProblemError, match=re.escape(f"There is no recording '{identity}'")):
            await ask(identity)


async def test_only_we_may_read_it(tmp_path: Path) -> None:
    await keep(store(tmp_path))
    folder = tmp_path / "state"
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


async def test_many_writers_at_once(tmp_path: Path) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(keep, store(tmp_path))
    assert (await store(tmp_path).list(100))[1] == 8


async def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ProblemError, match="state folder") as caught:
        await store(tmp_path).ready()
    assert "PERFDOCTOR_STATE" in caught.value.problem.next_step


async def test_a_store_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "recordings.db").write_bytes(b"not a database, and long enough to be looked at" * 99)
    with pytest.raises(ProblemError, match="cannot be used"):
        await store(tmp_path).ready()


OLDER = ROOT / "tests" / "transcripts" / "store" / "recordings-0.1.db"


async def test_a_store_of_an_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """(the file was written by the version before pins, labels and imports)"""
    (tmp_path / "state").mkdir()
    shutil.copy(OLDER, tmp_path / "state" / "recordings.db")
    recordings = store(tmp_path)
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
    assert (await store(tmp_path).list(10))[1] == 4


async def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    await keep(store(tmp_path))
    with closing(sqlite3.connect(tmp_path / "state" / "recordings.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ProblemError, match="newer perfdoctor"):
        await store(tmp_path).list(1)


async def test_pinned_ones_stay_and_what_went_is_counted(tmp_path: Path) -> None:
    recordings = store(tmp_path, keep=4)
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


async def test_pins_leave_room_for_what_is_measured_next(tmp_path: Path) -> None:
    recordings = store(tmp_path, keep=4)
    made = [await keep(recordings) for _ in range(3)]
    for identity in made[:2]:
        await recordings.pin(identity, pinned=True)
    with pytest.raises(ProblemError, match="cannot be pinned too") as caught:
        await recordings.pin(made[2], pinned=True)
    assert "PERFDOCTOR_KEEP_RECORDINGS" in caught.value.problem.next_step
    assert (await recordings.pin(made[0], pinned=True)).pinned, "which it is already"
    size = (await recordings.find(made[0])).bytes
    with pytest.raises(ProblemError, match="cannot be pinned too"):
        await store(tmp_path, keep_bytes=5 * size).pin(made[2], pinned=True)


async def test_a_large_one_goes_when_its_turn_comes(tmp_path: Path) -> None:
    recordings = store(tmp_path)
    small = await keep(recordings)
    rows = samples.cpu_rows() * 4000
    large = new_id()
    profile = samples.evidence().cpu
    assert profile
    evidence = samples.evidence(cpu=profile.model_copy(update={"rows": rows}))
    await recordings.add(large, Kind.CPU, "anna", "", evidence)
    later = await keep(recordings)
    size = (await recordings.find(small)).bytes
    last = await keep(store(tmp_path, keep_bytes=size * 3))
    assert {one.id for one in (await recordings.list(10))[0]} == {later, last}, "the oldest first, until it is enough"
    with pytest.raises(ProblemError, match="made room"):
        await recordings.find(large)


async def test_labels(tmp_path: Path) -> None:
    recordings = store(tmp_path)
    made = [await keep(recordings) for _ in range(3)]
    for identity in made[:2]:
        await recordings.tag(identity, "before the fix")
    assert [one.id for one in await recordings.labelled("before the fix")] == made[:2]
    await recordings.tag(made[0], "")
    assert [one.id for one in await recordings.labelled("before the fix")] == made[1:2]
    assert await recordings.labelled("before") == ()
    with pytest.raises(ProblemError, match="no recording"):
        await recordings.tag("r-nothing", "x")
