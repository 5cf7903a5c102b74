"""The store keeps what it was given, forgets the oldest, and survives being killed while it writes."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
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


WRITER = """
import anyio, sys
from pathlib import Path
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.store.recordings import Recordings, new_id
from tests.server import samples

async def main():
    recordings = Recordings(Path(sys.argv[1]), keep=50, keep_bytes=1 << 30)
    rows = samples.cpu_rows() * 2000
    evidence = samples.evidence(cpu=samples.evidence().cpu.model_copy(update={"rows": rows}))
    while True:
        identity = new_id()
        await recordings.add(identity, Kind.CPU, "writer", "", evidence)
        print(identity, flush=True)

anyio.run(main)
"""


@pytest.mark.parametrize("after", [1, 4, 7])
async def test_what_was_kept_survives_a_kill_during_the_next_write(tmp_path: Path, after: int) -> None:
    state = tmp_path / "state"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(state)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    told = [writer.stdout.readline().strip() for _ in range(after)]
    # It writes the next one without a pause: the kill falls into that.
    os.kill(writer.pid, signal.SIGKILL)
    told += writer.communicate()[0].split()
    recordings = store(tmp_path)
    listed, total = await recordings.list(100)
    assert {identity for identity in told if identity} <= {recording.id for recording in listed}
    assert total in (len(told), len(told) + 1)
    for recording in listed:
        assert len((await recordings.evidence(recording.id)).cpu.rows) == 8000
    assert sqlite3.connect(state / "recordings.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert await keep(recordings)
